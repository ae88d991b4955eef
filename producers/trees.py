"""XML and HTML from strangers: no DTD, no entities, no network, bounded, and mended where it is nearly right."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from lxml import etree

from producers.charset import web_text
from producers.items import LARGEST, NotAListing
from producers.reading import NotAnArticle

Element = Any  # lxml has no types of its own

_HTML_ROOTS: Final = frozenset({"html", "head", "body"})
NAMESPACES: Final = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "news": "http://www.google.com/schemas/sitemap-news/0.9",
    "image": "http://www.google.com/schemas/sitemap-image/1.1",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
# What may stand before the root. The DOCTYPE is passed over with all that it defines: nothing of it is ever read.
_PROLOG = re.compile(
    r"""(?:[\s\ufeff]++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->|
    <!DOCTYPE(?!\s+html\b)(?:[^\[\]<>"']|"[^"]*+"|'[^']*+')*+
    (?:\[(?:[^\]"'<]|"[^"]*+"|'[^']*+'|<!--(?:[^-]|-(?!->))*+-->|<)*+\]\s*+)?>)*+""",
    re.VERBOSE | re.IGNORECASE,
)
_START = re.compile(r"<(?:[\w.-]{1,40}:)?([A-Za-z][\w.-]{0,40})|<!DOCTYPE\s+html", re.IGNORECASE)
KNOWN_ROOTS: Final = frozenset({"rss", "feed", "rdf", "urlset", "sitemapindex", "opml"})
_LONGEST_JUNK = 20_000
_MOST_FAULTS = 20_000
_KNOWN_START = re.compile(r"<(?:rss|feed|rdf:RDF|urlset|sitemapindex|opml)\b", re.IGNORECASE)
_MENDED = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|"
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:\#(\d{1,9}|[xX][0-9A-Fa-f]{1,8});|([A-Za-z][A-Za-z0-9]{1,31};))?|"
    r"<(?![A-Za-z_/!?])",
    re.DOTALL,
)
_PREFIX = re.compile(r"<([A-Za-z_][\w.-]{0,40}):")
_DECLARED_PREFIX = re.compile(r"\bxmlns:([A-Za-z_][\w.-]{0,40})\s*=")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class BrokenXml(ValueError):  # noqa: N818 (it says what was read, not that something broke)
    """Not well-formed; the message names the line and says why."""

    def __init__(self, error: etree.XMLSyntaxError) -> None:
        reason = " ".join(str(error.msg or "no XML").split())
        if reason.startswith("no element found"):  # what the parser says where it meets an entity that nobody defined
            reason = "an entity that XML does not know, or no element"
        super().__init__(f"line {error.lineno or 1:,}: {re.sub(', line .*', '', reason)}"[:300])


def xml_text(body: bytes, content_type: str | None) -> tuple[str, str, list[str]]:
    """Text of an XML document from its root on, the root's name in lower case, and notes on its encoding.

    Raises:
        NotAListing: empty, too large, no text, or no XML; the message says what it is instead.
    """
    if len(body) > LARGEST:
        raise NotAListing(f"too large: {len(body):,} bytes, and {LARGEST:,} are the most a listing may have")
    try:
        found = web_text(body, content_type)
    except NotAnArticle as refused:
        raise NotAListing(f"the answer cannot be read: {refused}") from None
    text = found.text[_PROLOG.match(found.text).end() :]  # type: ignore[union-attr]
    name = _root(text)
    if not is_html(name) and name not in KNOWN_ROOTS and (known := _KNOWN_START.search(text, 0, _LONGEST_JUNK)):
        text = text[known.start() :]
        name = _root(text)
    return text, name, [found.note] if found.note else []


def _root(text: str) -> str:
    start = _START.match(text)
    return (start[1] or "html").lower() if start else ""


def is_html(root: str) -> bool:
    """Whether a root's name is that of a page."""
    return root in _HTML_ROOTS


def entries(text: str, tags: tuple[str, ...]) -> Iterator[Element]:
    """Each element of a name, whole, while its ancestors are still read; only the one that is given is held.

    Raises:
        BrokenXml: from where on it is not well-formed; what came before was given.
    """
    stream = etree.iterparse(
        BytesIO(text.encode("utf-8", "replace")),
        tag=[f"{{*}}{tag}" for tag in tags],
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    before = None
    try:
        for _, element in stream:
            if before is not None and before.getparent() is not None:
                before.getparent().remove(before)
            yield element
            before = element
    except etree.XMLSyntaxError as error:
        raise BrokenXml(error) from None


def tree(text: str) -> Element:
    """The root of a whole document.

    Raises:
        BrokenXml: it is not well-formed.
    """
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise BrokenXml(error) from None
    return root


def mended(text: str) -> str:
    """XML with its most common faults put right.

    These are a bare `&` or `<`, names of HTML's characters, characters that no XML may hold, undeclared prefixes.
    """
    text = _FORBIDDEN.sub("", _MENDED.sub(_mend, text, _MOST_FAULTS))
    missing = sorted({*_PREFIX.findall(text)} - {*_DECLARED_PREFIX.findall(text)} - {"xml", "xmlns"})[:50]
    declared = "".join(f' xmlns:{prefix}="{NAMESPACES.get(prefix, f"urn:undeclared:{prefix}")}"' for prefix in missing)
    return re.sub(r"^(<[\w:.-]+)", rf"\1{declared}", text, count=1) if declared else text


def _mend(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith("<!"):
        return found
    if found == "<":
        return "&lt;"
    if match[1]:
        return _character(match[1])
    known = html.unescape(found) if match[2] else found
    return found.replace("&", "&amp;", 1) if set(known) & set("<>&\"'") else known


def _character(number: str) -> str:
    code = int(number[1:], 16) if number[0] in "xX" else int(number)
    allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return f"&#{code};" if allowed else "\ufffd"


def local(element: Element) -> str:
    """An element's name without its namespace, in lower case; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""
