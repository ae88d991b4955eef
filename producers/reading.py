"""What every kind of source yields: articles, and refusals that say where and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from schemas.article import RawArticle
from schemas.identity import HEARTBEAT_SOURCE, article_id, canonical_url

# The names under which articles of other tools carry what ours carries, the most telling first.
_ALIASES = {
    "html": ("html", "raw_html"),
    "content": ("content", "text", "body", "maintext", "article", "articleBody"),
    "title": ("title", "headline"),
    "url": ("url", "link", "canonical_url"),
    "published": ("published", "published_at", "date", "date_publish", "datePublished", "pubDate", "publish_date"),
    "authors": ("authors", "author", "byline"),
    "language": ("language", "lang"),
    "source": ("source", "publisher", "site", "source_domain", "publication"),
    "fetched_at": ("fetched_at",),
    "origin": ("origin",),
    "content_type": ("content_type",),
}
_OURS = {"schema_version", "id", "metadata", *(name for names in _ALIASES.values() for name in names)}
_MOST_METADATA = 64
_LONGEST_METADATA = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was no article, or none that can be taken: `place` is a path, with the line where it has one."""

    place: str
    reason: str


class NotAnArticle(ValueError):  # noqa: N818 (it says what was read, not that something broke)
    """The record cannot be an article; the message says why."""


def utc_now() -> datetime:
    """The moment now, in UTC."""
    return datetime.now(UTC)


def article(
    *,
    source: str,
    origin: str,
    content: str,
    fetched_at: datetime,
    max_bytes: int,
    url: str | None = None,
    **more: Any,
) -> RawArticle:
    """A RawArticle with its id, from what a source gave.

    Raises:
        NotAnArticle: no text, too large, or a field that the contract refuses; the message says which.
    """
    if not content.strip():
        raise NotAnArticle("it has no text")
    if source == HEARTBEAT_SOURCE:
        raise NotAnArticle(f"source: {source} is Wiredesk's own, which no search shows: name it otherwise")
    size = len(content.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise NotAnArticle(f"too large: {size:,} bytes of text, and max_article_bytes is {max_bytes:,}")
    try:
        address = canonical_url(url) if url else None
        identity = article_id(address, content)
        found = RawArticle(
            id=identity, source=source, origin=origin, url=address, content=content, fetched_at=fetched_at, **more
        )
        found.model_dump_json()
    except ValidationError as error:
        raise NotAnArticle(in_words(error)) from None
    except PydanticSerializationError:
        raise NotAnArticle("it holds half of a surrogate pair, which is no character") from None
    except ValueError as error:
        raise NotAnArticle(str(error)) from None
    return found


def in_words(error: ValidationError) -> str:
    """Which fields a model refused and why, in one line, without repeating their values."""
    problems = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:3])


def article_of_record(
    record: object, *, source: str, origin: str, now: datetime, max_bytes: int, language: str | None = None
) -> RawArticle:
    """A RawArticle from a JSON object, under the field names that news tools commonly use.

    What is not known is kept as `metadata`, when it is a plain value. `source` and `language` stand where the
    record names none.

    Raises:
        NotAnArticle: the record is no object, has no text, or a field of the wrong kind.
    """
    if not isinstance(record, Mapping):
        raise NotAnArticle("not a JSON object")
    found = {ours: _first(record, names) for ours, names in _ALIASES.items()}
    is_html = found["html"] is not None or found["content_type"] == "text/html"
    content = found["html"] if found["html"] is not None else found["content"]
    if not isinstance(content, str):
        raise NotAnArticle("it has no text" if content is None else f"its text is {type(content).__name__}, not text")
    return article(
        source=_text(found["source"], "source") or source,
        origin=_text(found["origin"], "origin") or origin,
        content=content,
        # Past now it is no time of fetching, and as a version would shut out every later one.
        fetched_at=min(_moment(found["fetched_at"]) or now, now),
        max_bytes=max_bytes,
        url=_text(found["url"], "url") or None,
        content_type="text/html" if is_html else "text/plain",
        title=_text(found["title"], "title") or None,
        authors=_names(found["authors"]),
        published=_text(found["published"], "published") or None,
        language=_text(found["language"], "language") or language,
        metadata=_metadata(record),
    )


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((record[name] for name in names if record.get(name) not in (None, "", [])), None)


def _text(value: Any, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise NotAnArticle(f"{field} is {type(value).__name__}, not text")
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    return tuple(_text(name, "authors").strip() for name in names if name)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(_text(value, "fetched_at"))
    except ValueError:
        raise NotAnArticle("fetched_at is no ISO 8601 time") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < _EPOCH:
        raise NotAnArticle("fetched_at is before 1970")
    return moment


def _metadata(record: Mapping[str, Any]) -> dict[str, str]:
    kept = dict(record["metadata"]) if isinstance(record.get("metadata"), Mapping) else {}
    kept.update({name: value for name, value in record.items() if name not in _OURS})
    plain = {str(name): str(value) for name, value in kept.items() if isinstance(value, str | int | float)}
    short = {name: value for name, value in plain.items() if len(name) + len(value) <= _LONGEST_METADATA}
    return dict(sorted(short.items())[:_MOST_METADATA])
