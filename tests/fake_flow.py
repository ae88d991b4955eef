"""What flows, made by hand: dead letters, sources and traces, for tests of what tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka.errors import KafkaConnectionError

from desk.sources import Known
from desk.trace import Trace
from desk.web.pulse import Pulse
from desk.web.roll import Roll
from desk.web.trace import Raw
from processors.dead import Selection
from processors.register import OpenLetter
from schemas.dead import DeadLetter
from tests.fakes import raw_article, unit_settings

NOW = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


def dead_letter(number: int = 1, **changes: Any) -> DeadLetter:
    """An open letter."""
    given: dict[str, Any] = {
        "id": f"articles.raw-0-{number}",
        "article_id": f"{number:032x}",
        "source": "herald",
        "stage": "enrich",
        "reason": "invalid",
        "detail": "it is no article",
        "at": NOW,
        "by": "enricher-1",
        "stream": "articles.raw",
        "partition": 0,
        "offset": number,
        "key": "YQ==",
        "value": "e30=",
    }
    return DeadLetter.model_validate({**given, **changes})


class FakeLetters:
    """Letters in a list; `done` says what was done with which."""

    def __init__(self, *letters: DeadLetter) -> None:
        self.letters = list(letters)
        self.done: list[tuple[str, str]] = []
        self.down = False

    def open(self, selection: Selection) -> list[OpenLetter]:
        """Those that are meant."""
        if self.down:
            raise KafkaConnectionError
        return [OpenLetter.of(one, (0, place)) for place, one in enumerate(self.letters) if selection.takes(one, NOW)]

    def whole(self, letters: Iterable[OpenLetter]) -> Iterator[DeadLetter]:
        """The same with their originals."""
        return (self.letters[one.place[1]] for one in letters)

    def one(self, letter_id: str) -> DeadLetter | None:
        """That with this id."""
        return next((one for one in self.letters if one.id == letter_id), None)

    def retry(self, letter: DeadLetter) -> None:
        """Notes it; a letter without an original cannot be sent again."""
        if letter.value is None:
            raise ValueError(f"letter {letter.id} holds no original")
        self.done.append(("retry", letter.id))

    def drop(self, letter: DeadLetter) -> None:
        """Notes it."""
        self.done.append(("drop", letter.id))


class FakeTracer:
    """Knows one article."""

    def __init__(self, article_id: str) -> None:
        self._known = article_id

    def trace(self, asked: str) -> Trace:
        """Stored, or unknown."""
        state: Any = "stored" if asked == self._known else "unknown"
        return Trace(asked, asked, state, f"it is {state}", "wiredesk dead list", None, (), ())

    def raw(self, asked: str) -> Raw | None:
        """A raw article of this id."""
        body = {**raw_article().model_dump(mode="json"), "id": asked}
        return Raw("articles.raw", 0, 17, body) if asked == self._known else None


class _Still:
    def facts(self) -> dict[str, Any]:
        return {"known": Known(NOW)}

    def close(self) -> None:
        """Holds nothing."""


def roll(folder: Path, text: str) -> Roll:
    """The sources of a file with this text, of which nothing is known beyond it."""
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    settings = unit_settings(sources_file=path, fetch_allow_hosts="127.0.0.1", fetch_pause=0.0)
    pulse = Pulse(_Still, lambda: NOW)
    pulse.look()
    return Roll(settings, pulse, lambda: NOW)
