"""Lists of feeds: OPML 1 and 2 in any shape, and plain lists of addresses; read and written."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, get_args
from xml.sax.saxutils import quoteattr

from producers.items import NotAListing, absolute, plain
from producers.reading import Refusal
from producers.site import host
from producers.trees import BrokenXml, local, mended, tree, xml_text
from schemas.source import SourceKind, SourceSpec

MOST_OUTLINES: Final = 20_000
_FEED_NAMES = ("xmlurl", "feedurl", "rssurl")
_SITE_NAMES = ("htmlurl", "weburl", "siteurl", "href")
_TITLE_NAMES = ("title", "text", "name")
_LINE = re.compile(r"(?:(?P<name>[^\t,;]{1,200}?)\s*[\t,;]\s*)?(?P<url>(?:https?|feed)://\S+)\s*$", re.IGNORECASE)
_OUTLINE = re.compile(r"""<outline\b((?:[^<>"']{1,1000}|"[^"<>]{0,4096}"|'[^'<>]{0,4096}'){0,100}+)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([A-Za-z_][\w.-]{0,40})\s{0,20}=\s{0,20}(?:"([^"<>]{0,4096})"|'([^'<>]{0,4096})')""")
_LONGEST_NAME = 100

_Entry = tuple[dict[str, str], tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class Outline:
    """One source of a list: `feed` is its feed's address; without one its feeds are to be looked for at `site`.

    `kind` is what its entry says it is, where that is one of ours; `folders` are those that it stands in.
    """

    title: str
    feed: str | None = None
    site: str | None = None
    kind: SourceKind = "feed"
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlines:
    """What a list names, and a refusal for each line that names nothing that can be read."""

    outlines: tuple[Outline, ...]
    refused: tuple[Refusal, ...]


def read(data: bytes, place: str) -> Outlines:
    """Everything that a list of sources names, whatever the file is called and however it is written.

    Args:
        data: OPML 1.0, 1.1 or 2.0, also without its head or broken, or a text with an address in each line.
        place: the name of the file, for the refusals.

    Nothing in it ends the reading: what cannot be read at all is one refusal.
    """
    try:
        text, root, _ = xml_text(data, None)
        return _each_once(_of_tree(text, root, place) if root else _of_lines(text, place), place)
    except NotAListing as refused:
        return Outlines((), (Refusal(place, str(refused)),))


def _each_once(found: Iterable[Outline | Refusal], place: str) -> Outlines:
    outlines: dict[str, Outline] = {}
    refused: list[Refusal] = []
    for number, one in enumerate(found):
        if number >= MOST_OUTLINES:
            refused.append(Refusal(place, f"only its first {MOST_OUTLINES:,} entries are read"))
            break
        if isinstance(one, Refusal):
            refused.append(one)
        elif (key := one.feed or one.site or "") in outlines:
            refused.append(Refusal(place, f"{key} stands in it twice: it is taken once"))
        else:
            outlines[key] = one
    if not outlines and not refused:
        refused.append(Refusal(place, "it names no feed and no site"))
    return Outlines(tuple(outlines.values()), tuple(refused))


def _of_tree(text: str, root: str, place: str) -> Iterator[Outline | Refusal]:
    if root not in ("opml", "outline", "body"):
        raise NotAListing(
            f"no list of feeds: its root is <{root}>, and <opml> is read; for a feed: `wiredesk feed add`"
        )
    try:
        entries = list(_strictly(text))
    except BrokenXml as broken:
        yield Refusal(place, f"not well-formed XML ({broken}): the outlines that can be made out are read")
        entries = list(_loosely(text))
    for said, folders, line in entries:
        if one := _outline(said, folders, f"{place}:{line:,}"):
            yield one


def _strictly(text: str) -> Iterator[_Entry]:
    try:
        root = tree(text)
    except BrokenXml:
        root = tree(mended(text))
    for element in root.iter():
        if local(element) == "outline":
            said = {name.rpartition("}")[2].lower(): value.strip() for name, value in element.attrib.items()}
            above = [one for one in element.iterancestors() if local(one) == "outline"]
            names = (plain(one.get("text") or one.get("title") or "") for one in reversed(above))
            said = {**said, "folder": "yes"} if len(element) else said
            yield said, tuple(name[:_LONGEST_NAME] for name in names if name), element.sourceline or 1


def _loosely(text: str) -> Iterator[_Entry]:
    """The outlines of a list whose XML is broken, without their folders."""
    line, at = 1, 0
    for match in _OUTLINE.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        said = {name.lower(): html.unescape(one or other).strip() for name, one, other in _ATTRIBUTE.findall(match[1])}
        yield {"folder": "perhaps", **said}, (), line


def _outline(said: dict[str, str], folders: tuple[str, ...], at: str) -> Outline | Refusal | None:
    """The source that an outline names; none for a folder."""
    stated_feed = next((said[name] for name in _FEED_NAMES if said.get(name)), None)
    stated_site = next((said[name] for name in _SITE_NAMES if said.get(name)), None)
    kind = said.get("type", "").lower()
    if said.get("url") and not stated_feed:
        stated_feed, stated_site = (None, said["url"]) if kind == "link" else (said["url"], stated_site)
    title = plain(next((said[name] for name in _TITLE_NAMES if said.get(name)), ""))
    if not stated_feed and not stated_site:
        return (
            None if "folder" in said else Refusal(at, f"{title[:80]!r} has neither the address of a feed nor of a site")
        )
    feed, site = _web(stated_feed), _web(stated_site)
    if not feed and not site:
        return Refusal(at, f"{(stated_feed or stated_site or '')[:200]!r} is no address of http or https")
    return Outline(title or host(feed or site or ""), feed, site, _kind(kind), folders)


def _kind(stated: str) -> SourceKind:
    kinds: dict[str, SourceKind] = {kind: kind for kind in get_args(SourceKind) if kind not in ("files", "warc")}
    return kinds.get(stated, "feed")


def _web(stated: str | None) -> str | None:
    """An address as it stands in lists of feeds, which know `feed:` and leave schemes out."""
    text = re.sub(r"^feed:(//)?(?=https?:)", "", (stated or "").strip(), flags=re.IGNORECASE)
    text = re.sub(r"^feed://", "https://", text, flags=re.IGNORECASE)
    if re.match(r"[\w-]+(\.[\w-]+)+([/?]|$)", text):
        text = f"https://{text}"
    return absolute(text, "") if "://" in text else None


def _of_lines(text: str, place: str) -> Iterator[Outline | Refusal]:
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.match(stripped)
        url = _web(match["url"] if match else stripped)
        if url:
            name = (match and match["name"]) or host(url)
            yield Outline(plain(name), site=url)
        else:
            yield Refusal(f"{place}:{number:,}", f"no address of a feed or site: {stripped[:80]!r}")


def name_of(outline: Outline, taken: set[str]) -> str:
    """A name for a source that keeps to the contract and is not taken: its title, else its host, else with a number."""
    kept = (one if one in " .:@/+-" or _is_word(one) else " " for one in unicodedata.normalize("NFKC", outline.title))
    words = " ".join("".join(kept).split()).lstrip(" .:@/+-")
    name = words[:_LONGEST_NAME].strip() or host(outline.feed or outline.site or "")
    tries = (name if number == 1 else f"{name} {number}" for number in range(1, len(taken) + 2))
    return next(one for one in tries if one not in taken)


def _is_word(character: str) -> bool:
    """Whether a name may begin with it: a letter, a mark, a digit, or a connector as `_`."""
    return unicodedata.category(character) in ("Nd", "Pc") or unicodedata.category(character)[0] in "LM"


def write(specs: Iterable[SourceSpec], title: str = "Wiredesk") -> str:
    """OPML 2.0 of all sources that stand at an address; those of files stay at home.

    `type` is `rss` for feeds, as OPML has it, and the kind for all others, which other readers take for links.
    """
    lines = [_line(spec) for spec in specs if spec.url and spec.kind != "warc"]
    head = f"  <head><title>{_escaped(title)}</title></head>"
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<opml version="2.0">',
            head,
            "  <body>",
            *lines,
            "  </body>",
            "</opml>\n",
        ]
    )


def _line(spec: SourceSpec) -> str:
    kind, address = ("rss", "xmlUrl") if spec.kind == "feed" else (spec.kind, "url")
    name = quoteattr(spec.name)
    return f"    <outline type={quoteattr(kind)} text={name} title={name} {address}={quoteattr(spec.url or '')}/>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
