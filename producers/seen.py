"""What was published before: a compacted stream of article id to who said what, so that it outlives any machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from kafka import KafkaConsumer

from schemas.article import RawArticle
from schemas.identity import raw_fingerprint
from schemas.settings import Settings
from schemas.streams import read_to_end, reader_options, streams


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
        try:
            found = json.loads(record or b"{}")
            said = {str(name): str(one[0]) for name, one in found.items()}
            return cls(said, {str(name): str(one[1]) for name, one in found.items()})
        except (ValueError, AttributeError, IndexError, TypeError):
            return cls()

    def record(self) -> bytes:
        """As it stands on the stream."""
        both = {name: [said, self.marks.get(name, "")] for name, said in self.said.items()}
        return json.dumps(both, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    def after(self, article: RawArticle, mark: str) -> Seen:
        """The same with what this article's source says now."""
        name = article.source
        return Seen({**self.said, name: fingerprint(article)}, {**self.marks, name: mark})


def fingerprint(article: RawArticle) -> str:
    """Changes when anything changes that is said of the article; who said it and when it was fetched do not count."""
    told = article.model_dump_json(exclude={"fetched_at", "origin", "schema_version", "source", "also_from"})
    return raw_fingerprint(told)


def load(settings: Settings) -> dict[bytes, bytes]:
    """All of it: article id to record, read from the stream's start to the end it has now."""
    consumer = KafkaConsumer(**reader_options(settings))
    try:
        return {record.key: record.value for record in read_to_end(consumer, streams(settings).seen.name)}
    finally:
        consumer.close()
