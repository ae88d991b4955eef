"""What comes while an index is made beside another: what the new one refuses of it holds the alias where it stands."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from desk.rebuilding import words
from desk.rebuilding.renew import Renewing, Report
from desk.rebuilding.state import ALL_CARRIED, Renewal
from processors.message import Message
from tests.fakes import FakeElasticsearch, enriched_message, record, unit_settings

OLD, NEW = "articles-000001", "articles-000002"
REFUSED = 400, {"type": "document_parsing_exception", "reason": "no such field"}


class FakeStream:
    """The enriched stream, of one partition, which grows."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def partitions(self, _stream: str) -> list[int]:
        """The one."""
        return [0]

    def bounds(self, _stream: str, _partition: int) -> tuple[int, int]:
        """From the first message to the end."""
        return 0, len(self.messages)

    def span(self, _stream: str, _partition: int, start: int, end: int) -> list[Any]:
        """The records from `start` up to `end`, each where it stands."""
        found = [record(message) for message in self.messages[start:end]]
        for number, one in enumerate(found, start):
            one.offset = number
        return found


class FakeIndices:
    """Two indices in memory, as Elasticsearch's client shows them: versions by id, aliases, and pictures of one.

    `taken` is called with the count of pictures after each was taken.
    """

    def __init__(self) -> None:
        self.indices = self
        self.aliases = {"articles": OLD, "articles-making": NEW}
        self.old: dict[str, int] = {}
        self.new = FakeElasticsearch()
        self.taken: Callable[[int], None] = lambda _: None
        self._pictures: list[dict[str, int]] = []

    def _of(self, index: str) -> dict[str, int]:
        return {OLD: self.old, NEW: self.new.stored}[index]

    def exists_alias(self, name: str) -> bool:
        """Whether there is such an alias."""
        return name in self.aliases

    def get_alias(self, name: str) -> Any:
        """The index behind an alias."""
        return SimpleNamespace(body={self.aliases[name]: {"aliases": {name: {"is_write_index": True}}}})

    def update_aliases(self, actions: list[dict[str, Any]]) -> None:
        """Moves one."""
        for one in actions:
            if "add" in one:
                self.aliases[one["add"]["alias"]] = one["add"]["index"]

    def delete_alias(self, index: str, name: str) -> None:
        """Takes one away."""
        del self.aliases[name]

    def put_mapping(self, **_: Any) -> None:
        """Keeps nothing: the test holds what is kept."""

    def refresh(self, index: str) -> None:
        """All is to be seen at once here."""

    def count(self, index: str) -> dict[str, int]:
        """How many articles it holds."""
        return {"count": len(self._of(index))}

    def open_point_in_time(self, index: str, keep_alive: str) -> dict[str, str]:
        """A picture of an index."""
        self._pictures.append(dict(self._of(index)))
        self.taken(len(self._pictures))
        return {"id": str(len(self._pictures))}

    def close_point_in_time(self, id: str) -> None:  # noqa: A002 (the client's name)
        """Does nothing."""

    def search(self, *, pit: dict[str, str], query: dict[str, Any], size: int, **_: Any) -> dict[str, Any]:
        """A page of a picture."""
        picture = self._pictures[int(pit["id"]) - 1]
        ids = sorted(one for one in picture if one > query["range"]["id"]["gt"])[:size]
        hits = [{"fields": {"id": [one], "version": [picture[one]]}} for one in ids]
        return {"_shards": {"failed": 0}, "hits": {"hits": hits}}

    def mget(self, index: str, ids: list[str], **_: Any) -> dict[str, Any]:
        """The documents with these ids, which hold nothing but their version."""
        held = self._of(index)
        found = [{"_id": one, "found": True, "_version": held[one], "_source": {}} for one in ids if one in held]
        return {"docs": found}

    def perform_request(self, _method: str, path: str, *, headers: Any, body: bytes) -> Any:
        """A bulk request to the index that is being made."""
        assert path.startswith("/articles-making/")
        reply = self.new(body)
        return SimpleNamespace(meta=SimpleNamespace(status=reply.status), body=reply.body)


class House:
    """A rebuild with a sink beside it that stores in the old index whatever comes on the enriched stream.

    At a moment that `on` names, something happens: at `picture`, just after the old index was seen for the last time,
    or at a phase, when it begins.
    """

    def __init__(self) -> None:
        self.stream, self.servers = FakeStream(), FakeIndices()
        self.renewal = Renewal(kind="as_is", target=NEW, origin=OLD, enriched={0: 0}, carried=ALL_CARRIED)
        self._on: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self.servers.taken = lambda number: self._now("picture") if number == 1 else None
        for number in range(3):
            self.comes(enriched_message(number))

    def comes(self, message: Message) -> None:
        """An article comes, and the sink stores it."""
        self.stream.messages.append(message)
        self.stored(message)

    def stored(self, message: Message) -> None:
        """The sink stores what came before, as far as it is an article."""
        if message.key:
            self.servers.old[message.key.decode()] = json.loads(message.value or b"")["version"]

    def on(self, moment: str, happens: Callable[[], None]) -> None:
        """Lets something happen, once."""
        self._on[moment].append(happens)

    def _now(self, moment: str, *_: int) -> None:
        for happens in self._on.pop(moment, []):
            happens()

    def refuses(self, number: int) -> str:
        """The new index refuses the article of that number for good; its id."""
        article = f"{number:032x}"
        self.servers.new.refuse = lambda one: REFUSED if one == article else None
        return article

    def run(self, *, hold: bool = False) -> Report:
        """The rebuild, from where it is."""
        parts: Any = unit_settings(), self.servers, self.stream
        return Renewing(*parts, self.renewal, self._now, 1).run(hold=hold)


MOMENTS = pytest.mark.parametrize("moment", ["picture", "compare"])


@pytest.mark.parametrize(("moment", "hold"), [("picture", False), ("compare", False), ("picture", True)])
def test_what_is_refused_after_the_last_picture_holds_the_alias(moment: str, hold: bool) -> None:
    """An article that came since the old index was looked through, and is refused, is named, and stays searched."""
    house = House()
    article = house.refuses(7)
    house.on(moment, lambda: house.comes(enriched_message(7)))
    report = house.run(hold=hold)
    assert (report.is_moved, report.missing, report.listed) == (False, 1, {article: 1})
    assert report.renewal.refused >= 1
    assert house.servers.aliases["articles"] == OLD
    *_, named, way_out = words.of_report(report)
    assert named == f"1 articles of {OLD} are refused by {NEW}: {article}"
    assert way_out == "the alias has not moved; next: wiredesk rebuild --give-up"
    assert house.run().missing == 1


@MOMENTS
def test_what_comes_after_the_last_picture_is_in_the_new_index(moment: str) -> None:
    """An article that came since, and is not refused, holds nothing up and is searched after the move."""
    house = House()
    house.on(moment, lambda: house.comes(enriched_message(7)))
    report = house.run()
    assert (report.is_moved, report.missing, report.late, report.renewal.refused) == (True, 0, 0, 0)
    assert house.servers.aliases == {"articles": NEW}
    assert house.servers.new.stored == house.servers.old


@MOMENTS
def test_what_is_no_article_is_counted_and_holds_nothing_up(moment: str) -> None:
    """A message that no index would take has its letter from the sink: the rebuild counts it and goes on."""
    house = House()
    house.on(moment, lambda: house.comes(enriched_message(7, key=None)))
    report = house.run()
    assert (report.is_moved, report.missing, report.renewal.refused) == (True, 0, 1)


def test_what_was_refused_before_the_picture_and_stored_after_it_holds_the_alias() -> None:
    """The sink may store in the old index, just after it was seen, what the new index refused just before."""
    house = House()
    house.stream.messages.append(enriched_message(7))
    article = house.refuses(7)
    house.on("compare", lambda: house.stored(enriched_message(7)))
    report = house.run()
    assert (report.is_moved, report.listed) == (False, {article: 1})


def test_a_newer_version_makes_good_for_one_that_was_refused() -> None:
    """What the new index has in a newer version it does not lack, though it refused an older one."""
    house = House()
    house.refuses(7)

    def mended() -> None:
        house.servers.new.refuse = lambda _: None
        house.comes(enriched_message(7, 2))

    house.on("picture", lambda: house.comes(enriched_message(7)))
    house.on("compare", mended)
    first, second = house.run(), house.run()
    assert (first.is_moved, second.is_moved) == (False, True)
    assert house.servers.new.stored[f"{7:032x}"] == 2


def test_what_both_indices_refuse_holds_the_alias_for_one_run_alone() -> None:
    """Where the sink buried what the new index refused, the next look finds nothing missing, and the alias moves."""
    house = House()
    house.refuses(7)
    house.on("compare", lambda: house.stream.messages.append(enriched_message(7)))
    assert [house.run().is_moved, house.run().is_moved] == [False, True]
