"""What several commands take alike."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings

as_json = click.option("--json", "as_json", is_flag=True, help="Print data for programs, and nothing else.")

_AGE = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def source_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 (click's)
    """The names in the file of sources that begin so, for a shell to complete; none where it cannot be read."""
    from desk.loaded import Loaded
    from producers.sources import SourcesError, load
    from schemas.settings import SettingsError

    try:
        found = load((ctx.find_object(Loaded) or Loaded()).settings.sources_file)
    except (SourcesError, SettingsError, OSError):
        return []
    return [spec.name for spec in found if spec.name.lower().startswith(incomplete.lower())]


def settings_of(ctx: click.Context) -> Settings:
    """The settings that the command runs with."""
    settings: Settings = ctx.obj.settings
    return settings


class Age(click.ParamType):
    """A length of time, as `30m`, `12h`, `7d`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length of time that a text means."""
        if isinstance(value, timedelta):
            return value
        match = _AGE.fullmatch(value)
        if not match:
            self.fail(f"{value!r} is no age: write it as 30m, 12h or 7d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class Moment(click.ParamType):
    """A date or time, as `2026-11-22`, `2026-11-22T08:00Z`, or how long ago, as `7d`.

    Args:
        end_of_day: whether a date alone means its last millisecond instead of its first.
    """

    name = "date"

    def __init__(self, *, end_of_day: bool = False) -> None:
        self._end_of_day = end_of_day

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment that a text means, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return self._moment(value)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no date: write it as 2026-11-22, 2026-11-22T08:00Z, or 7d for a week ago", param, ctx
            )

    def _moment(self, value: str) -> datetime:
        if _AGE.fullmatch(value):
            return datetime.now(UTC) - Age().convert(value, None, None)
        moment = datetime.fromisoformat(value)
        if self._end_of_day and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            moment += timedelta(days=1, milliseconds=-1)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
