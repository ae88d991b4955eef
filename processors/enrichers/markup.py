"""What an HTML page says: its story as lines of text, its title, its authors and when it was published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import Any

import trafilatura
from lxml import etree
from lxml import html as lxml_html

LARGEST_TREE = 10_000
LARGEST_JSON = 200_000
MOST_SCRIPTS = 50
MOST_AUTHORS = 20
# A reading that has less of the body that a page states in its JSON-LD has lost some of it.
LEAST_SHARE = 0.6

_PAGE = re.compile(r"<(?:html|body|head|!doctype)\b", re.IGNORECASE)
_SILENT = frozenset(
    {"script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select", "textarea"}
)
_CHROME = frozenset({"nav", "footer", "aside", "form", "button"})
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr".split()
)
_SILENT_START = re.compile(r"<(script|style)\b[^<>]*>", re.IGNORECASE)
_SILENT_END = {tag: re.compile(rf"</{tag}\s{{0,9}}>", re.IGNORECASE) for tag in ("script", "style")}
_REGEX_TAG = re.compile(r"<!--[^<>]*-->|</?[A-Za-z!][^<>]*>")
_PUBLISHED_META = (
    ("property", "article:published_time"),
    ("itemprop", "datePublished"),
    ("name", "parsely-pub-date"),
    ("name", "date"),
    ("name", "pubdate"),
    ("name", "publishdate"),
    ("name", "dc.date.issued"),
    ("name", "dc.date"),
    ("property", "og:published_time"),
    ("itemprop", "dateCreated"),
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was read from one page. `text` has a line for each paragraph; `published` is as the page wrote it."""

    text: str = ""
    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None


def read_page(content: str) -> Page:
    """Read a page or a fragment of one; whatever is broken in it, the words that can be had are.

    A fragment (what feeds carry) is taken whole: there is no page around it to leave out.
    """
    tree = _parse(content)
    if tree is None:
        return Page(text=_stripped(content))
    if not _PAGE.search(content[:50_000]):
        return Page(text=_lines_of(tree, _SILENT) or _stripped(content))
    stated = _linked_data(tree)
    published = _published(tree, stated)
    title, authors = _stated_title(tree), _stated_authors(tree, stated)
    found = _story(tree, is_all_stated=bool(title and authors))
    told = _fuller((found.text if found else None) or "", _body_in_data(stated))
    text = told or _lines_of(tree, _SILENT | _CHROME) or _stripped(content)
    if found:
        title, authors = title or found.title, authors or _names(found.author)
    return Page(text=text, title=title or _title_tag(tree), authors=authors, published=published)


def _parse(content: str) -> lxml_html.HtmlElement | None:
    try:
        return lxml_html.document_fromstring(
            content.encode("utf-8", "replace"), parser=lxml_html.HTMLParser(encoding="utf-8")
        )
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _story(tree: lxml_html.HtmlElement, *, is_all_stated: bool) -> Any | None:
    """Trafilatura's reading of the page, or None where it finds nothing or the tree is too large for its time.

    Its search for a title and authors takes as long as the rest: it is left out where the page states them.
    """
    if tree.xpath("count(//*)") > LARGEST_TREE:
        return None
    try:
        return trafilatura.bare_extraction(
            tree,
            fast=True,
            with_metadata=not is_all_stated,
            include_comments=False,
            date_extraction_params=_NO_DATE_SEARCH,
        )
    except Exception:  # noqa: BLE001 - whatever a page does to a third party's reader, the plain reading remains
        return None


# The date is read here (with its time), so trafilatura's own search, which asks the clock, is kept short.
_NO_DATE_SEARCH = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}


def _stated_title(tree: lxml_html.HtmlElement) -> str | None:
    meta = tree.find(".//meta[@property='og:title']")
    return (meta.get("content") or "").strip() or None if meta is not None else None


def _stated_authors(tree: lxml_html.HtmlElement, stated: list[Any]) -> tuple[str, ...]:
    """The authors that the page names in JSON-LD, or else in its meta elements; addresses are no names."""
    listed = next(filter(None, (_values_in(one, "author") for one in stated)), None)
    if listed is None:
        listed = [meta.get("content") for meta in tree.iterfind(".//meta[@name='author']")]
    values = listed if isinstance(listed, list) else [listed]
    names = [value.get("name") if isinstance(value, dict) else value for value in values[:MOST_AUTHORS]]
    said = [name for name in names if isinstance(name, str) and "://" not in name]
    return tuple(dict.fromkeys(name for one in said for name in _names(one)))


def _values_in(value: Any, name: str, depth: int = 4) -> Any:
    """What stands under `name` in JSON-LD, not deeper than articles are put; None where nothing does."""
    if depth == 0 or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict) and value.get(name):
        return value[name]
    children = value[:50] if isinstance(value, list) else [value.get("@graph"), value.get("mainEntity")]
    return next(filter(None, (_values_in(child, name, depth - 1) for child in children)), None)


def _fuller(found: str, body: str) -> str:
    """What was found, unless the page itself states a body of which that is only a part."""
    return body if len(found) < LEAST_SHARE * len(body) else found


def _names(author: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in (author or "").split(";") if name.strip()))


def _title_tag(tree: lxml_html.HtmlElement) -> str | None:
    title = tree.findtext(".//title")
    return title.strip() or None if title else None


def _lines_of(tree: lxml_html.HtmlElement, left_out: frozenset[str]) -> str:
    """The words of the tree, one line for each block, without the elements named in `left_out`."""
    pieces: list[str] = []
    silent_until = None
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if silent_until is None and (tag in left_out or not tag):
                silent_until = element
            elif silent_until is None:
                pieces.append(_opened(tag, element))
            continue
        if silent_until is element:
            silent_until = None
        if silent_until is None:
            pieces.append(("" if tag in _INLINE or not tag else "\n") + (element.tail or "").replace("\n", " "))
    return "".join(pieces).strip()


def _opened(tag: str, element: lxml_html.HtmlElement) -> str:
    text = element.text or ""
    return ("" if tag in _INLINE else "\n") + (text if tag == "pre" else text.replace("\n", " "))


def _stripped(content: str) -> str:
    return unescape(_REGEX_TAG.sub("\n", "\n".join(_outside_silent(content)))).strip()


def _outside_silent(content: str) -> Iterator[str]:
    """The pieces of `content` that stand outside scripts and styles; one that nothing closes takes nothing with it."""
    at = 0
    while opened := _SILENT_START.search(content, at):
        closed = _SILENT_END[opened[1].lower()].search(content, opened.end())
        if closed is None:
            break
        yield content[at : opened.start()]
        at = closed.end()
    yield content[at:]


def _linked_data(tree: lxml_html.HtmlElement) -> list[Any]:
    """The page's JSON-LD, as far as it can be read."""
    found = []
    for script in islice(tree.iterfind(".//script[@type='application/ld+json']"), MOST_SCRIPTS):
        try:
            found.append(json.loads((script.text or "")[:LARGEST_JSON], strict=False))
        except (ValueError, RecursionError):
            continue
    return found


def _stated_in(value: Any, names: tuple[str, ...], depth: int = 4) -> str | None:
    """The first string under one of `names` in JSON-LD, not deeper than articles are put."""
    if depth == 0 or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict):
        stated = next((value[name] for name in names if value.get(name)), None)
        if isinstance(stated, str) and stated.strip():
            return stated.strip()
    children = value[:50] if isinstance(value, list) else [value.get("@graph"), value.get("mainEntity")]
    return next(filter(None, (_stated_in(child, names, depth - 1) for child in children)), None)


def _body_in_data(stated: list[Any]) -> str:
    body = next(filter(None, (_stated_in(one, ("articleBody",)) for one in stated)), "")
    tree = _parse(body) if "<" in body else None
    return _lines_of(tree, _SILENT) if tree is not None else unescape(body)


def _published(tree: lxml_html.HtmlElement, stated: list[Any]) -> str | None:
    """When the page says that it was published: JSON-LD first, then meta elements, then `<time>`."""
    dates = (_stated_in(one, ("datePublished", "dateCreated")) for one in stated)
    return next(filter(None, dates), None) or _meta_date(tree) or _time_element(tree)


def _meta_date(tree: lxml_html.HtmlElement) -> str | None:
    stated = {
        (key, (meta.get(key) or "").lower()): (meta.get("content") or "").strip()
        for meta in tree.iterfind(".//meta")
        for key in ("property", "name", "itemprop")
        if meta.get(key)
    }
    return next(filter(None, (stated.get((key, name.lower())) for key, name in _PUBLISHED_META)), None)


def _time_element(tree: lxml_html.HtmlElement) -> str | None:
    """The page's one `<time>`, or the one that is marked as publication; of several unmarked ones, none."""
    times = [found for found in tree.iterfind(".//time[@datetime]") if (found.get("datetime") or "").strip()]
    marked = [found for found in times if found.get("pubdate") is not None or found.get("itemprop") == "datePublished"]
    if marked or len({found.get("datetime") for found in times}) == 1:
        return str((marked or times)[0].get("datetime")).strip()
    return None
