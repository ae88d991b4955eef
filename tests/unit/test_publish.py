"""Only what Kafka acknowledged counts as published, and what was published before is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from producers import seen
from producers.publish import Publisher, Report, feed
from producers.reading import Refusal
from producers.seen import Seen
from schemas.article import RawArticle
from schemas.envelope import attributes
from tests.fakes import FakeProducer, Sent, quick, raw_article, timed_out, unit_settings

RAW, SEEN = "articles.raw", "sources.seen"


def publisher(producer: FakeProducer, known: dict[bytes, bytes] | None = None, **named: Any) -> Publisher:
    """A publisher on a fake."""
    return Publisher(producer, unit_settings(**named), {} if known is None else known)


def articles(count: int) -> list[RawArticle]:
    """Articles that differ."""
    return [raw_article(f"Article number {number}.") for number in range(count)]


def only(stream: str, content: str = "") -> Callable[[Sent], Exception | None]:
    """Fails the delivery of messages of a stream that hold a text."""
    return lambda sent: timed_out() if sent.stream == stream and content.encode() in (sent.value or b"") else None


def test_an_article_goes_to_its_stream_under_its_id() -> None:
    """The message is the article's JSON, keyed by its id, with an envelope that names type, source and version."""
    producer, article = FakeProducer(), raw_article()
    report = feed([article], publisher(producer))
    (sent,) = producer.to(RAW)
    assert (report.published, report.delivered_all) == (1, True)
    assert sent.key == article.id.encode()
    assert RawArticle.model_validate_json(sent.value or b"") == article
    said = attributes(sent.headers)
    assert (said["ce_type"], said["ce_source"]) == ("wiredesk.article.raw", "/wiredesk/sources/herald")
    assert (said["ce_schemaversion"], said["ce_articleversion"]) == ("1", str(article.version))
    assert (said["ce_specversion"], said["content-type"]) == ("1.0", "application/json")


def test_the_prefix_of_the_settings_is_kept() -> None:
    """Streams carry the prefix of the settings."""
    producer = FakeProducer()
    feed([raw_article()], publisher(producer, stream_prefix="t1."))
    assert {sent.stream for sent in producer.sent} == {"t1.articles.raw", "t1.sources.seen"}


def test_what_was_published_before_is_unchanged() -> None:
    """An article that is known as it is goes nowhere; fetched later from elsewhere, it is still the same."""
    producer, known = FakeProducer(), {}
    feed([raw_article()], publisher(producer, known))
    again = raw_article(fetched_at="2026-03-09T00:00:00Z", origin="elsewhere")
    report = feed([again], publisher(producer, known))
    assert (report.published, report.unchanged) == (0, 1)
    assert len(producer.to(RAW)) == 1


def test_what_the_source_changed_is_published_again() -> None:
    """A new title under the same address is another version of the article."""
    producer, known, url = FakeProducer(), {}, "https://herald.example/1"
    feed([raw_article(url=url), raw_article(url=url, title="Corrected")], publisher(producer, known))
    assert len(producer.to(RAW)) == 2


def test_the_same_article_from_two_sources_is_one_with_both() -> None:
    """A second source's copy makes a version that names both; after that neither publishes it again."""
    producer, known, url = FakeProducer(), {}, "https://herald.example/1"
    both = [raw_article(url=url), raw_article(url=url, source="wire", title="As the wire has it")]
    for _ in range(3):
        feed(both, publisher(producer, known))
    first, second = (RawArticle.model_validate_json(sent.value or b"") for sent in producer.to(RAW))
    assert (first.source, first.also_from, second.source, second.also_from) == ("herald", (), "herald", ("wire",))
    assert first.id == second.id


def test_a_new_mark_of_the_listing_is_remembered_without_publishing() -> None:
    """Where the listing says something new and the article is the same, only the mark is recorded."""
    producer, known = FakeProducer(), {}
    for mark in ("a", "b", "b"):
        with publisher(producer, known) as under_way:
            under_way.publish(raw_article(), mark)
    assert len(producer.to(RAW)) == 1
    assert [Seen.read(sent.value).marks for sent in producer.to(SEEN)] == [{"herald": "a"}, {"herald": "b"}]


@given(st.binary(max_size=40) | st.none())
def test_no_record_of_what_was_seen_breaks_the_reading(record: bytes | None) -> None:
    """A record that is none counts as nothing seen: the article is published again, and never lost."""
    assert Seen.read(record).said == {} or record


def test_twice_in_one_run_is_once() -> None:
    """The same article from two places of one run is published once."""
    producer = FakeProducer()
    report = feed([raw_article(), raw_article(origin="copy")], publisher(producer))
    assert (report.published, report.unchanged) == (1, 1)


def test_seen_is_told_only_after_the_acknowledgment() -> None:
    """The record that an article was seen follows its acknowledgment, with key and fingerprint."""
    producer, article = FakeProducer(), raw_article()
    under_way = publisher(producer)
    under_way.publish(article)
    assert producer.to(SEEN) == []
    under_way.settle()
    (sent,) = producer.to(SEEN)
    assert (sent.key, Seen.read(sent.value).said) == (article.id.encode(), {"herald": seen.fingerprint(article)})


def test_a_failed_delivery_is_reported_and_not_marked_as_seen() -> None:
    """An article that Kafka did not take is failed, not published, not seen, and the next run publishes it."""
    known: dict[bytes, bytes] = {}
    producer = FakeProducer(refuse=only(RAW, "number 1"))
    report = feed(articles(3), publisher(producer, known))
    assert (report.published, len(report.failed), report.delivered_all) == (2, 1, False)
    assert report.failed[0].place == "herald/1.txt"
    assert "not delivered: Kafka: KafkaTimeoutError" in report.failed[0].reason
    assert len(producer.to(SEEN)) == 2
    assert feed(articles(3), publisher(FakeProducer(), known)).published == 1


class Fate:
    """Versions of one article, each with whether it fails: title, source, mark of its listing."""

    def __init__(self, given: list[tuple[tuple[str, str, str], bool]]) -> None:
        self.known: dict[bytes, bytes] = {}
        self.said: dict[str, str] = {}
        self._fails = {str(number): fails for number, (_, fails) in enumerate(given)}
        self.producer = FakeProducer(refuse=self._refuse)
        with publisher(self.producer, self.known) as under_way:
            for number, ((title, source, mark), _) in enumerate(given):
                under_way.publish(self.article(title, source, origin=str(number)), mark)

    @staticmethod
    def article(title: str, source: str, **changes: Any) -> RawArticle:
        """One version."""
        return raw_article(url="https://herald.example/1", title=title, source=source, **changes)

    def _refuse(self, sent: Sent) -> Exception | None:
        if sent.stream != RAW:
            return None
        article = RawArticle.model_validate_json(sent.value or b"")
        if self._fails[article.origin]:
            return timed_out()
        giver = dict(sent.headers)["ce_source"].decode().rpartition("/")[2]
        self.said[giver] = str(article.title)
        return None

    def after_a_restart(self) -> dict[bytes, bytes]:
        """What is read from the stream of what was seen."""
        return {sent.key: sent.value for sent in self.producer.to(SEEN) if sent.value}


@quick
@given(st.lists(st.tuples(st.tuples(*map(st.sampled_from, ("abc", "xy", "mn"))), st.booleans()), max_size=8))
def test_only_what_arrived_counts_as_published(given: list[tuple[tuple[str, str, str], bool]]) -> None:
    """Whatever versions were under way together, what each source said last of what arrived is known, and no more.

    So it is in memory, and for who reads what was seen from its stream; what says anything else is published.
    """
    fate = Fate(given)
    for known in (fate.known, fate.after_a_restart()):
        for title, source in product("abc", "xy"):
            again = feed([fate.article(title, source)], publisher(FakeProducer(), dict(known)))
            assert (again.unchanged == 1) is (fate.said.get(source) == title)


def test_a_message_that_the_client_refuses_is_reported() -> None:
    """An article over the stream's limit is failed in words, and those behind it are published."""
    producer = FakeProducer(
        raises=lambda sent: MessageSizeTooLargeError("33554433 bytes") if b"number 0" in (sent.value or b"") else None
    )
    report = feed(articles(2), publisher(producer))
    assert report.published == 1
    assert [one.reason for one in report.failed] == ["not delivered: larger than the stream's max.message.bytes"]


@pytest.mark.parametrize("when", ["refuse", "raises"])
def test_a_seen_record_that_is_lost_costs_nothing(when: str) -> None:
    """Where only the record of what was seen is lost, the article is published all the same, and so are the others."""
    producer = FakeProducer(**{when: only(SEEN)})
    report = feed(articles(3), publisher(producer))
    assert (report.published, report.failed) == (3, [])


def test_everything_is_flushed_and_settled_at_the_end() -> None:
    """Leaving the publisher waits for every delivery, even where the reading broke off."""
    producer = FakeProducer()
    broken = publisher(producer)

    def reading() -> Iterator[RawArticle]:
        yield raw_article()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        feed(reading(), broken)
    assert broken.report.published == 1
    assert producer.flushes > 0


def test_refusals_are_counted_among_articles() -> None:
    """What was no article is in the report, and progress is told after each item."""
    told: list[tuple[int, int]] = []

    def progress(report: Report) -> None:
        told.append((len(report.refused), report.unchanged))

    report = feed([Refusal("a.txt", "it is empty"), *articles(2)], publisher(FakeProducer()), progress)
    assert report.refused == [Refusal("a.txt", "it is empty")]
    assert report.delivered_all
    assert told == [(1, 0)] * 3


def test_many_articles_are_settled_while_they_are_read() -> None:
    """Memory stays bounded: the oldest deliveries are settled before the last article is read."""
    under_way = publisher(FakeProducer())
    for article in articles(5100):
        under_way.publish(article)
    assert under_way.report.published >= 100
    assert under_way.settle().published == 5100


def test_what_is_under_way_is_bounded_in_bytes_too() -> None:
    """A few huge articles fill the window as many small ones do: the first are settled before the last is read."""
    under_way = publisher(FakeProducer())
    for number in range(5):
        under_way.publish(raw_article(f"{number}. " + "x" * 2**24))
    assert under_way.report.published >= 1
    assert under_way.settle().published == 5


@quick
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=30))
def test_every_article_is_counted_once_whatever_fails(items: list[tuple[int, bool]]) -> None:
    """Published, unchanged and failed add up to what was read; seen is exactly what was published."""
    fate = {b"number %d." % number: fails for number, fails in items}

    def refuse(sent: Sent) -> Exception | None:
        failing = any(fails and text in (sent.value or b"") for text, fails in fate.items())
        return KafkaTimeoutError() if sent.stream == RAW and failing else None

    producer = FakeProducer(refuse=refuse)
    known: dict[bytes, bytes] = {}
    report = feed([raw_article(f"Article number {number}.") for number, _ in items], publisher(producer, known))
    assert report.published + report.unchanged + len(report.failed) == len(items)
    assert len(producer.to(SEEN)) == report.published == len(known)


@pytest.mark.parametrize(
    "changes",
    [{"title": "t"}, {"published": "2026"}, {"authors": ("A",)}, {"language": "en"}, {"metadata": {"k": "v"}}],
)
def test_the_fingerprint_changes_with_what_the_source_says(changes: dict[str, Any]) -> None:
    """Each thing that a source says of an article counts in its fingerprint."""
    assert seen.fingerprint(raw_article(**changes)) != seen.fingerprint(raw_article())
