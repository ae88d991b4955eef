"""What becomes of one raw message: an enriched article or a dead letter, decided without any I/O."""

from __future__ import annotations

from pydantic import ValidationError

from processors.enrich import Enrich as Enrich
from processors.enrich import NoTextError, enrich
from processors.letters import PermanentError, letter, posted
from processors.message import Message, Outgoing
from schemas.article import EnrichedArticle, RawArticle
from schemas.envelope import ATTEMPTS, RAW_PLACE, RAW_TIME, envelope
from schemas.streams import MAX_MESSAGE_BYTES, Streams

# Room for the key, the headers and the batch around a value.
_LARGEST_VALUE = MAX_MESSAGE_BYTES - 64 * 1024


def parsed(message: Message) -> RawArticle:
    """The raw article that a message carries.

    Raises:
        PermanentError: no JSON, not of the contract, of an unknown version, or under another article's key.
    """
    if message.value is None:
        raise PermanentError("not_json", "the message has no value (a tombstone)")
    try:
        raw = RawArticle.model_validate_json(message.value)
    except ValidationError as error:
        raise _refusal(error) from None
    if "schema_version" not in raw.model_fields_set:
        raise PermanentError("unknown_version", "schema_version: the message does not say which it has")
    if message.key != raw.id.encode("ascii"):
        raise PermanentError("bad_envelope", f"the key is not the article's id, {raw.id}")
    return raw


def _refusal(error: ValidationError) -> PermanentError:
    problems = error.errors(include_input=False, include_url=False)
    detail = "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in problems[:5])
    if problems[0]["type"] == "json_invalid":
        return PermanentError("not_json", detail)
    if any(problem["loc"] == ("schema_version",) for problem in problems):
        return PermanentError("unknown_version", detail)
    return PermanentError("invalid", detail)


def outcome(message: Message, names: Streams, by: str, make: Enrich = enrich) -> Outgoing:
    """The message to send on for a raw one. Never raises: what goes wrong becomes a dead letter.

    Args:
        message: of `articles.raw`.
        names: the streams.
        by: who enriches, for the letter.
        make: what makes the enriched article of a raw one.
    """
    try:
        return enriched(message, make(parsed(message)), names)
    except PermanentError as error:
        return dead(message, error, names, by)
    except NoTextError as error:
        return dead(message, PermanentError("no_text", str(error)), names, by)
    except Exception as error:  # noqa: BLE001 (an error of our own costs this article a letter, not the stream a stop)
        return dead(message, PermanentError("failed", f"{type(error).__name__}: {error}"), names, by)


def enriched(message: Message, article: EnrichedArticle, names: Streams) -> Outgoing:
    """An enriched article as a message, saying which raw one it was made of.

    Raises:
        PermanentError: it is larger than the stream takes.
    """
    value = article.model_dump_json().encode("utf-8")
    if len(value) > _LARGEST_VALUE:
        raise PermanentError("too_large", f"enriched it has {len(value):,} bytes, over {_LARGEST_VALUE:,}")
    more: dict[str, str | int] = {
        RAW_PLACE.removeprefix("ce_"): f"{message.partition}:{message.offset}",
        RAW_TIME.removeprefix("ce_"): message.timestamp,
        "articleversion": article.version,
    }
    if attempts := message.attributes.get(ATTEMPTS):
        more["attempts"] = attempts
    return Outgoing(
        stream=names.enriched.name,
        key=article.id.encode("ascii"),
        value=value,
        headers=envelope(
            "article.enriched",
            f"{article.id}-{article.version}",
            f"/wiredesk/sources/{article.source}",
            article.schema_version,
            **more,
        ),
    )


def dead(message: Message, error: PermanentError, names: Streams, by: str) -> Outgoing:
    """A dead letter of the enriching stage as a message."""
    return posted(letter(message, "enrich", error.reason, error.detail, by), names.dead.name)
