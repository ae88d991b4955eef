"""ninjs 3.2, IPTC's news in JSON (https://iptc.org/standards/ninjs/): one article, or all that were found as a package.

The package is a ninjs object of type `composite` whose associations are the articles; it says the query, how it was
read, the count and the time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from desk.exports.about import About, lead, time, urn, web_address
from desk.exports.newscodes import concept

STANDARD = {
    "name": "ninjs",
    "version": "3.2",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.2.json#",
}
_WIKIDATA = "http://www.wikidata.org/entity/"
_GROUPS = {"person": "people", "organisation": "organisations", "place": "places", "event": "events"}


def write(about: About, articles: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One package with all articles in it."""
    head = {
        "uri": about.urn,
        "type": "composite",
        "representationType": "full",
        "versionCreated": time(about.at),
        "title": about.title,
        "edNote": about.description,
        "standard": STANDARD,
    }
    yield _json(head)[:-1] + ',"associations":['
    for number, article in enumerate(articles):
        associated = {"name": article["title"] or article["id"], "rel": "item", **item(article)}
        yield (",\n" if number else "\n") + _json(associated)
    yield "\n]}\n"


def item(article: dict[str, Any]) -> dict[str, Any]:
    """One article as a ninjs object; what is not known of it is left out."""
    found = {
        "uri": urn(article),
        "type": "text",
        "representationType": "partial" if article.get("truncated") else "full",
        "profile": "text-only",
        "version": str(article["version"]),
        "versionCreated": time(article["fetched_at"]),
        "contentCreated": time(article["published_at"]) if article.get("published_at") else None,
        "language": article.get("language"),
        "title": article["title"],
        "by": ", ".join(article.get("authors") or ()),
        "headlines": [{"role": "main", "contentType": "text/plain", "value": article["title"]}],
        "descriptions": [{"role": "summary", "contentType": "text/plain", "value": lead(article)}],
        "bodies": [_body(article)],
        **_named(article),
        "subjects": [_subject(topic) for topic in article.get("topics") or ()],
        "infoSources": _sources(article),
        "renditions": _renditions(article),
        "altIds": [{"role": "wiredesk", "value": article["id"]}],
        "standard": STANDARD,
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _body(article: dict[str, Any]) -> dict[str, Any]:
    text = article["text"]
    return {
        "role": "main",
        "contentType": "text/plain",
        "charCount": len(text),
        "wordCount": article.get("words", 0),
        "value": text,
    }


def _named(article: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for entity in article.get("entities") or ():
        groups.setdefault(_GROUPS[entity["type"]], []).append(_entity(entity))
    return groups


def _entity(entity: dict[str, Any]) -> dict[str, Any]:
    code = entity["id"]
    known = {"uri": _WIKIDATA + code} if re.fullmatch(r"Q[1-9]\d*", code) else {"literal": code}
    return {"name": entity["name"], "rel": "mentions", **known}


def _subject(topic: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": topic["name"],
        "rel": "about",
        "uri": concept(topic["id"]),
        "creator": "Wiredesk",
        "confidence": round(topic["score"] * 100),
    }


def _sources(article: dict[str, Any]) -> list[dict[str, Any]]:
    others = [{"name": name, "role": "also supplied by"} for name in article.get("also_from") or ()]
    return [{"name": article["source"], "role": "supplied by"}, *others]


def _renditions(article: dict[str, Any]) -> list[dict[str, Any]]:
    address = web_address(article)
    return [{"name": "web", "href": address, "contentType": "text/html"}] if address else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
