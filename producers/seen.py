"""What was published before: a compacted stream of article id to who said what, so that it outlives any machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from kafka import KafkaConsumer

from producers import known
from producers.known import OnDisk, Records
from schemas.article import RawArticle
from schemas.settings import Settings
from schemas.streams import SMALL_FETCH_BYTES, read_to_end, reader_options, streams

_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
# Who said it and when it was fetched do not count; the content does, apart from the rest: its escapes cost time.
_NOT_TOLD = {"fetched_at", "origin", "schema_version", "source", "also_from", "content"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was published of one article, by the names of the sources that gave it, the first one first.

    `said` holds the fingerprint of what each source said of it, `marks` what its listing said (`Item.mark`), which
    tells without fetching the page whether to look again.
    """

    said: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, record: bytes | None) -> Seen:
        """What a record holds; nothing where there is none, or one that cannot be read (then it is published again)."""
        if not record:
            return cls()
        try:
            found = json.loads(record)
            said = {str(name): str(one[0]) for name, one in found.items()}
            return cls(said, {str(name): str(one[1]) for name, one in found.items()})
        except (ValueError, AttributeError, IndexError, TypeError):
            return cls()

    def record(self) -> bytes:
        """As it stands on the stream."""
        both = {name: [said, self.marks.get(name, "")] for name, said in self.said.items()}
        return _AS_JSON.encode(both).encode("utf-8", "surrogatepass")

    def after(self, article: RawArticle, mark: str) -> Seen:
        """The same with what this article's source says now."""
        name = article.source
        return Seen({**self.said, name: fingerprint(article)}, {**self.marks, name: mark})


def fingerprint(article: RawArticle) -> str:
    """Changes when anything changes that is said of the article; who said it and when it was fetched do not count."""
    told = article.model_dump_json(exclude=_NOT_TOLD).encode("utf-8")
    content = article.content.encode("utf-8", "surrogatepass")
    return blake2b(told + b"\0" + content, digest_size=8).hexdigest()


def load(settings: Settings) -> OnDisk:
    """All of it: article id to record, read from the stream's start to the end it has now.

    Raises:
        KafkaError: Kafka does not answer.
        NoSuchStreamError: the stream was not made yet.
    """
    consumer = KafkaConsumer(**reader_options(settings, SMALL_FETCH_BYTES))
    try:
        found = known.on_disk(settings)
        for record in read_to_end(consumer, streams(settings).seen.name):
            keep(found, record.key, record.value)
        return found
    finally:
        consumer.close()


def keep(found: Records, key: bytes, record: bytes | None) -> None:
    """What is known of an article from now on; none forgets it, as a record of the stream without a value does."""
    if record is None:
        found.pop(key, None)
    else:
        found[key] = record
