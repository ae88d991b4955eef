"""`wiredesk settings`: every setting, its value, and where that comes from."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Any

import click

from desk import show as shown
from desk.options import as_json, settings_of

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from schemas.settings import Settings


@click.command()
@click.option("--markdown", is_flag=True, help="Print the table of the README.")
@as_json
@click.pass_context
def settings(ctx: click.Context, *, markdown: bool, as_json: bool) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    \b
    Examples:
      wiredesk settings
      wiredesk settings --json
    """
    if markdown:
        click.echo(table())
        return
    found = _values(settings_of(ctx))
    if as_json:
        shown.json_line(found)
        return
    for name, one in found.items():
        click.echo(f"{name:<28}{'' if one['value'] is None else one['value']}  ({one['from']})")


def _values(now: Settings) -> dict[str, dict[str, Any]]:
    from schemas.settings import Settings

    in_file = _named_in_file()
    return {
        name: {"value": _plain(getattr(now, name)), "from": _origin(name, in_file)} for name in Settings.model_fields
    }


def _named_in_file() -> set[str]:
    from schemas.settings import config_file

    path = config_file()
    return set(tomllib.loads(path.read_text(encoding="utf-8"))) if path.is_file() else set()


def _plain(value: Any) -> Any:
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "********"
    return value if isinstance(value, bool | int | float | None) else str(value)


def _origin(name: str, in_file: set[str]) -> str:
    from schemas.settings import ENV_PREFIX, config_file

    variable = f"{ENV_PREFIX}{name.upper()}"
    for named in (variable, f"{variable}_FILE"):
        if named in os.environ:
            return named
    return str(config_file()) if name in in_file else "default"


def table() -> str:
    """The README's table of settings, in Markdown, made from the class."""
    from schemas.settings import ENV_PREFIX, Settings

    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "see text" if field.default_factory else field.default
        shown_default = "" if default in (None, "") else f"`{default}`" if default != "see text" else "by user"
        lines.append(f"| `{ENV_PREFIX}{name.upper()}` | {shown_default} | {field.description} |")
    return "\n".join(lines)
