"""Where an article is: each stage it passed, when and where, or why it is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from desk.evidence import Evidence, Looked, Spot, gather, raw_spot
from schemas.dead import DeadLetter
from schemas.envelope import ARTICLE_VERSION, RAW_TIME, attributes, whole_number
from schemas.identity import article_id
from schemas.settings import Settings
from schemas.streams import Streams, streams

# Seconds that a person waits for an answer about an article that nothing is known of.
SECONDS = 20.0

State = Literal[
    "stored",  # it stands in the index
    "replaced",  # it was stored, and a newer version stands there now
    "stale",  # a newer version stood already when it came
    "dead",  # it lies in the dead letters
    "retried",  # it lay there, and was sent again
    "dropped",  # it lay there, and somebody closed the letter
    "waiting",  # its next stage has not come to it yet
    "lost",  # its stages have passed it, and it is nowhere
    "removed",  # it was stored, and is no longer in the index
    "unclear",  # Elasticsearch cannot be asked
    "unknown",  # nothing is known of it
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands, and its Kafka timestamp."""

    stream: str
    partition: int
    offset: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Enriched:
    """The enriched article on its stream, and what made it."""

    place: Place
    enrichers: Mapping[str, int]
    tagger: str | None
    learned: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What the sink's receipt says: `took_ms` is the time of the whole bulk."""

    verdict: str
    at: datetime
    took_ms: float
    by: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stage that an article passed: its name, when, the milliseconds since the one before, and more in words."""

    name: str
    at: datetime | None
    ms: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Passage:
    """One message's way through the house.

    `ahead` is how many messages of its partition its next stage reads before it, where it waits.
    """

    state: State
    version: int | None
    source: str | None = None
    origin: str | None = None
    url: str | None = None
    published: Place | None = None
    enriched: Enriched | None = None
    stored: Stored | None = None
    letter: DeadLetter | None = None
    ahead: int | None = None

    @property
    def fetched_at(self) -> datetime | None:
        """When its source was read: that is its version."""
        return _moment(self.version)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The stages it passed, in order."""
        return _timed(
            [
                ("fetched", self.fetched_at, f"from {self.source or 'an unnamed source'}" + _named(self.origin)),
                *([("published", self.published.at, _place(self.published))] if self.published else []),
                *([("enriched", self.enriched.place.at, _made(self.enriched))] if self.enriched else []),
                *([(self.stored.verdict, self.stored.at, _bulk(self.stored))] if self.stored else []),
                *([("dead", self.letter.at, _why(self.letter))] if self.letter else []),
            ]
        )


@dataclass(frozen=True, slots=True)
class Indexed:
    """What stands in the index now; `is_searchable` is false for the moment until the index is refreshed."""

    version: int
    source: str
    origin: str
    url: str | None
    title: str
    enrichers: Mapping[str, int]
    tagger: str | None
    learned: int
    is_searchable: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known of one article: its passages with the newest version first.

    `state` is the newest version's; `summary` says it in a sentence, `way_out` what to do next. `looked` tells how far
    back the streams were looked through, `index_problem` why the index could not be asked.
    """

    asked: str
    article_id: str
    state: State
    summary: str
    way_out: str
    indexed: Indexed | None
    passages: tuple[Passage, ...]
    looked: tuple[Looked, ...]
    index_problem: str | None = None


def trace(settings: Settings, asked: str, seconds: float = SECONDS, *, thorough: bool = False) -> Trace:
    """Where an article is.

    Args:
        settings: servers and names.
        asked: the article's id, or its address.
        seconds: how long to look for what is not found at once.
        thorough: look through all that the streams hold, even when something was found.

    Raises:
        ValueError: it is neither an id nor an address.
        KafkaError: Kafka does not answer.
    """
    found = gather(settings, wanted(asked), seconds, thorough=thorough)
    return assembled(asked, found, streams(settings))


def wanted(asked: str) -> str:
    """The id of the article that is meant.

    Raises:
        ValueError: it is neither an id nor an address; the message says what is.
    """
    text = asked.strip()
    if re.fullmatch(r"[0-9a-fA-F]{32}", text):
        return text.lower()
    try:
        return article_id(text, "") if text else _refused(asked)
    except ValueError:
        return _refused(asked)


def _refused(asked: str) -> str:
    raise ValueError(f"{asked[:200]!r} is neither an article's id (32 hexadecimal digits) nor an http or https address")


def assembled(asked: str, found: Evidence, names: Streams) -> Trace:
    """The trace that evidence makes."""
    indexed = _indexed(found)
    passages = tuple(sorted(_passages(found, names, indexed), key=_newest_first))
    state = _state(passages, indexed, found.index_problem)
    summary, way_out = _told(state, passages, found.article_id)
    looked = tuple(found.looked)
    return Trace(asked, found.article_id, state, summary, way_out, indexed, passages, looked, found.index_problem)


def _newest_first(passage: Passage) -> tuple[int, float]:
    at = passage.published.at.timestamp() if passage.published and passage.published.at else 0.0
    return -(passage.version or 0), -at


def _indexed(found: Evidence) -> Indexed | None:
    document = found.document
    if document is None:
        return None
    return Indexed(
        version=document["version"],
        source=document["source"],
        origin=document["origin"],
        url=document.get("url"),
        title=next(iter((document.get("title") or {}).values()), ""),
        enrichers=document.get("enrichers") or {},
        tagger=document.get("tagger"),
        learned=document.get("learned", 0),
        is_searchable=found.is_searchable,
    )


def _passages(found: Evidence, names: Streams, indexed: Indexed | None) -> list[Passage]:
    """One passage for each raw message, with the newest enriched one that was made of it."""
    made: dict[Spot, Any] = {}
    orphans: list[Any] = []
    for record in sorted(found.enriched.values(), key=lambda one: one.timestamp):
        spot = raw_spot(attributes(record.headers))
        if spot is None:
            orphans.append(record)
        else:
            made[spot] = record
    letters = {(letter.stream, letter.partition, letter.offset): letter for letter in found.letters}
    builder = _Builder(found, names, indexed, letters)
    spots = dict.fromkeys([*found.raw, *made, *(s[1:] for s in letters if s[0] == names.raw.name)])
    passages = [builder.passage(spot, found.raw.get(spot), made.get(spot)) for spot in spots]
    told = {(record.partition, record.offset) for record in found.enriched.values()}
    gone = [builder.from_receipt(spot) for spot in found.receipts if spot not in told]
    return [*passages, *(builder.passage(None, None, record) for record in orphans), *gone]


@dataclass(frozen=True, slots=True)
class _Builder:
    found: Evidence
    names: Streams
    indexed: Indexed | None
    letters: Mapping[tuple[str, int, int], DeadLetter]

    def passage(self, spot: Spot | None, raw: Any, enriched: Any) -> Passage:
        """The passage of one raw message, or of an enriched one that does not say what it was made of."""
        letter = self._letter(self.names.raw.name, spot)
        stored = None
        if enriched is not None:
            made_at = (enriched.partition, enriched.offset)
            letter = letter or self._letter(self.names.enriched.name, made_at)
            stored = self._stored(made_at)
        said = {**(letter.headers if letter else {}), **_said(enriched), **_said(raw)}
        body = _body(raw)
        version = whole_number(said.get(ARTICLE_VERSION))
        state, ahead = self._state(version, spot, enriched, stored, letter)
        return Passage(
            state=state,
            version=version,
            source=said.get("ce_source", "").removeprefix("/wiredesk/sources/") or None,
            origin=body.get("origin"),
            url=body.get("url"),
            published=self._published(spot, raw, said),
            enriched=_enriched(enriched),
            stored=stored,
            letter=letter,
            ahead=ahead,
        )

    def from_receipt(self, spot: Spot) -> Passage:
        """A passage of which the streams hold no more than the receipt."""
        item = self.found.receipts[spot][1]
        stored = self._stored(spot)
        letter = self._letter(self.names.enriched.name, spot)
        state, _ = self._state(item.version, None, None, stored, letter)
        place = Place(self.names.enriched.name, *spot, None)
        return Passage(state, item.version, enriched=Enriched(place, {}, None, 0), stored=stored, letter=letter)

    def _letter(self, stream: str, spot: Spot | None) -> DeadLetter | None:
        return self.letters.get((stream, *spot)) if spot else None

    def _stored(self, spot: Spot) -> Stored | None:
        if spot not in self.found.receipts:
            return None
        receipt, item = self.found.receipts[spot]
        return Stored(item.verdict, receipt.at, receipt.took_ms, receipt.by)

    def _published(self, spot: Spot | None, raw: Any, said: Mapping[str, str]) -> Place | None:
        if spot is None:
            return None
        at = raw.timestamp if raw is not None else whole_number(said.get(RAW_TIME))
        return Place(self.names.raw.name, *spot, _moment(at))

    def _state(
        self, version: int | None, spot: Spot | None, enriched: Any, stored: Stored | None, letter: DeadLetter | None
    ) -> tuple[State, int | None]:
        """What became of a message, and how many are ahead of it where it waits."""
        if letter:
            closed = self.found.resolutions.get(letter.id)
            return (closed.action if closed else "dead"), None
        if stored and stored.verdict == "stale" and self._stands_newer(version):
            return "stale", None
        if stored is None:
            place = self._next(spot, enriched)
            ahead = place[2] - self.found.positions.get(place[:2], 0) if place else -1
            if ahead >= 0:
                return "waiting", ahead
        return self._by_index(version, is_stored=stored is not None), None

    def _next(self, spot: Spot | None, enriched: Any) -> tuple[str, int, int] | None:
        """The message that the next stage is to read."""
        if enriched is not None:
            return (self.names.enriched.name, enriched.partition, enriched.offset)
        return (self.names.raw.name, *spot) if spot else None

    def _stands_newer(self, version: int | None) -> bool:
        """Whether a newer version is in the index, as far as that can be told.

        For a minute Elasticsearch takes a document that was deleted for a newer one.
        """
        if self.found.index_problem or version is None:
            return True
        return self.indexed is not None and self.indexed.version > version

    def _by_index(self, version: int | None, *, is_stored: bool) -> State:
        if self.found.index_problem:
            return "stored" if is_stored else "unclear"
        if self.indexed is None or version is None or self.indexed.version < version:
            return "removed" if is_stored else "lost"
        return "stored" if self.indexed.version == version else "replaced"


def _said(record: Any) -> dict[str, str]:
    return attributes(record.headers) if record is not None else {}


def _body(record: Any) -> dict[str, Any]:
    try:
        found = json.loads(record.value) if record is not None and record.value else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _enriched(record: Any) -> Enriched | None:
    if record is None:
        return None
    body = _body(record)
    place = Place(record.topic, record.partition, record.offset, _moment(record.timestamp))
    return Enriched(place, body.get("enrichers") or {}, body.get("tagger"), body.get("learned") or 0)


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _state(passages: tuple[Passage, ...], indexed: Indexed | None, problem: str | None) -> State:
    if passages:
        return passages[0].state
    if problem:
        return "unclear"
    return "stored" if indexed else "unknown"


_WORDS: dict[State, tuple[str, str]] = {
    "stored": ("it is in the index", "wiredesk show {id}"),
    "replaced": ("a newer version is in the index", "wiredesk show {id}"),
    "stale": ("a newer version was in the index already", "wiredesk show {id}"),
    "dead": ("it lies in the dead letters", "wiredesk dead show {letter}"),
    "retried": ("its dead letter was retried, and it has not come through yet", "wiredesk monitor --once"),
    "dropped": ("its dead letter was dropped by somebody", "feed it again"),
    "waiting": ("it is on its way: {ahead:,} messages are ahead of it", "wiredesk monitor --once"),
    "lost": ("its stages have passed it, and it is nowhere", "wiredesk reconcile --repair"),
    "removed": ("it was stored, and is no longer in the index", "wiredesk reconcile --repair"),
    "unclear": ("whether it is in the index cannot be told", "wiredesk servers status"),
    "unknown": ("nothing is known of it", "wiredesk feed list (is its source there, and does it give this article?)"),
}


def _told(state: State, passages: tuple[Passage, ...], article: str) -> tuple[str, str]:
    first = passages[0] if passages else None
    letter = first.letter.id if first and first.letter else ""
    ahead = (first.ahead if first else None) or 0
    summary, way_out = (text.format(id=article, letter=letter, ahead=ahead) for text in _WORDS[state])
    return summary, way_out


def _timed(passed: list[tuple[str, datetime | None, str]]) -> tuple[Step, ...]:
    steps: list[Step] = []
    before: datetime | None = None
    for name, at, words in passed:
        ms = round((at - before).total_seconds() * 1000) if at and before else None
        steps.append(Step(name, at, ms, words))
        before = at or before
    return tuple(steps)


def _named(origin: str | None) -> str:
    return f", {origin}" if origin else ""


def _place(place: Place) -> str:
    return f"{place.stream} {place.partition}, offset {place.offset:,}"


def _made(enriched: Enriched) -> str:
    by = ", ".join(f"{name} {version}" for name, version in enriched.enrichers.items())
    tagger = f"; names by {enriched.tagger}" if enriched.tagger else ""
    learned = f"; {enriched.learned:,} repeated lines were known" if enriched.learned else ""
    return f"{_place(enriched.place)}{f'; {by}' if by else ''}{tagger}{learned}"


def _bulk(stored: Stored) -> str:
    return f"by {stored.by}, in a bulk that took {stored.took_ms:,.0f} ms"


def _why(letter: DeadLetter) -> str:
    times = f" (attempt {letter.attempts})" if letter.attempts > 1 else ""
    return f"{letter.stage}: {letter.reason}{times}: {letter.detail}"
