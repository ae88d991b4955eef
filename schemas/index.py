"""The index as Elasticsearch is told of it: settings and mapping, made from the models."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.article import EnrichedArticle, Indexed
from schemas.settings import Settings

OTHER_LANGUAGE = "other"

# Every language that Elasticsearch has an analyzer for, by ISO 639 code.
# https://www.elastic.co/docs/reference/text-analysis/analysis-lang-analyzer
ANALYZERS = {
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "ckb": "sorani",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "gl": "galician",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "ja": "cjk",
    "ko": "cjk",
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "pt-br": "brazilian",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "zh": "cjk",
}
_SAME_ANALYZER = {"nb": "no", "nn": "no", "ku": "ckb"}


def text_key(language: str | None) -> str:
    """The key of `title` and `text` for a language: its own code where there is an analyzer, else `other`."""
    code = (language or "").lower()
    code = _SAME_ANALYZER.get(code, code)
    return code if code in ANALYZERS else OTHER_LANGUAGE


def mapping() -> dict[str, Any]:
    """The strict mapping of the index: a field that the contract does not know is refused, never guessed."""
    return {"dynamic": "strict", "_meta": {"schema_version": 1}, "properties": _properties(EnrichedArticle)}


def subfields(properties: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every field that is mapped in a second way too, by its whole name, with the name of that way."""
    for name, one in properties.items():
        yield from ((f"{path}{name}", other) for other in one.get("fields", {}))
        yield from subfields(one.get("properties", {}), f"{path}{name}.")


def index_body(settings: Settings) -> dict[str, Any]:
    """Settings and mapping for a new index."""
    return {
        "settings": {
            "number_of_shards": settings.index_shards,
            "number_of_replicas": settings.index_replicas,
            "refresh_interval": settings.index_refresh,
            "analysis": {
                "analyzer": {
                    "wiredesk_name": {
                        "type": "custom",
                        "tokenizer": "standard",
                        "filter": ["lowercase", "asciifolding"],
                    }
                }
            },
        },
        "mappings": mapping(),
    }


def _properties(model: type[BaseModel]) -> dict[str, Any]:
    return {name: _field(model, name, field) for name, field in model.model_fields.items()}


def _field(model: type[BaseModel], name: str, field: FieldInfo) -> dict[str, Any]:
    marks = [mark for mark in field.metadata if isinstance(mark, Indexed)]
    if not marks:
        raise TypeError(f"{model.__name__}.{name} does not say how it is indexed: annotate it with Indexed(…)")
    if marks[-1].mapping.get("by_language"):
        return {"dynamic": "strict", "properties": _by_language()}
    if marks[-1].mapping:
        return dict(marks[-1].mapping)
    (nested,) = _models(field.annotation)
    return {"dynamic": "strict", "properties": _properties(nested)}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (tuple, Union, types.UnionType):
        for part in get_args(annotation):
            yield from _models(part)


def _by_language() -> dict[str, Any]:
    """Offsets in the postings let the highlighter work without analysing the text again."""
    analyzers = {**ANALYZERS, OTHER_LANGUAGE: "standard"}
    return {
        code: {"type": "text", "analyzer": analyzer, "index_options": "offsets"} for code, analyzer in analyzers.items()
    }
