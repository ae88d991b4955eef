"""Atom (RFC 4287), with OpenSearch's element for how many were found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from desk.exports.about import GENERATOR, About, lead, link, time, urn
from desk.exports.markup import DECLARATION, comment, element
from desk.exports.newscodes import SCHEME, concept

_OPENED = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:os="http://a9.com/-/spec/opensearch/1.1/">\n'


def write(about: About, articles: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The feed with an entry for each article."""
    top = [
        element("id", about.urn),
        element("title", about.title),
        element("subtitle", about.description),
        element("updated", time(about.at)),
        element("link", rel="alternate", type="text/html", href=about.address),
        *([element("link", rel="self", type="application/atom+xml", href=about.itself)] if about.itself else []),
        element("generator", GENERATOR),
        element("os:totalResults", str(about.total)),
        f"<author>{element('name', GENERATOR)}</author>",
    ]
    yield DECLARATION + comment(f"{about.query} | {about.description}") + _OPENED + "\n".join(top) + "\n"
    for article in articles:
        yield "<entry>" + "".join(_entry(article, about)) + "</entry>\n"
    yield "</feed>\n"


def _entry(article: dict[str, Any], about: About) -> Iterator[str]:
    yield element("id", urn(article))
    yield element("title", article["title"])
    yield element("updated", time(article["fetched_at"]))
    yield element("published", time(article["date"]))
    yield element("link", rel="alternate", type="text/html", href=link(article, about))
    for name in article.get("authors") or (article["source"],):
        yield f"<author>{element('name', name)}</author>"
    for topic in article.get("topics") or ():
        code = concept(topic["id"]).removeprefix(SCHEME)
        yield element("category", term=code, scheme=SCHEME, label=topic["name"])
    yield element("summary", lead(article), type="text")
    yield element("content", article["text"], type="text")
