"""Finds the articles that a page lists: by how their addresses look, how their links read, and how they repeat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from producers.items import absolute
from producers.links import HEADINGS, Link, title_of
from producers.site import same_site
from producers.trees import Element, local

ENOUGH: Final = 4
_MOST_LINKS = 5000
_FURNITURE = frozenset({"nav", "footer", "aside", "form", "noscript", "button"})
_FURNITURE_ROLES = frozenset({"navigation", "contentinfo", "search", "menu", "menubar", "banner", "complementary"})
_FURNITURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|submenu|footer|breadcrumbs?|social|share|sharing|cookies?|consent|"
    r"pagination|pager|tags?|tagcloud|newsletter|login|langs?|languages|advert|sponsor(?:ed)?|banner|sidebar)(?:$|[\s_-])",
    re.IGNORECASE,
)
_DATE = re.compile(r"/(?:19|20)\d\d[/-]?(?:0?[1-9]|1[0-2]|[a-z]{3})(?:[/-]?\d{1,2})?(?=[/_-]|$)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\d)\d{5,}(?!\d)")
_PAGE = re.compile(r"\.(?:s?html?|php|aspx?|jsp|ece|cms)$", re.IGNORECASE)
_ARTICLES = re.compile(
    r"/(?:articles?|stor(?:y|ies)|news|noticias?|nachrichten|artikel|actualites?|novosti|world|politics|haber|berita|notizie)/",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"/(?:tags?|topics?|categor(?:y|ies|ia)|authors?|autor(?:es)?|profiles?|people|search|login|signin|register|account|"
    r"subscri\w+|abo|newsletters?|contact\w*|about\w*|impressum|privacy|terms|cookies?|rss|feeds?|help|faq|jobs?|shop|"
    r"archive?s?|sitemap|page|wp-content|wp-login\.php|cart|donate|advert\w*|weather|horoscop\w*|tv|live-?stream)(?:[/.]|$)",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?:pdf|jpe?g|png|gif|svg|webp|mp[34]|zip|xml|rss|docx?|xlsx?|ics|css|js)$", re.IGNORECASE)
# Scripts that put no spaces between words: there a headline is told by its characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def found(root: Element, base: str) -> list[Link]:
    """Links that look like those of articles, in the order of the page; none where the page lists none.

    Args:
        root: the page.
        base: the address that its links count from; only links of its site are looked at.
    """
    links = list(_candidates(root, base))
    shapes = Counter(_shape(link.element) for link in links)
    scores: dict[str, float] = {}
    for link in links:
        repeated = 1.0 if shapes[_shape(link.element)] >= 3 else 0.0
        scores[link.url] = max(scores.get(link.url, -9.0), _of_words(link) + _of_place(link.element) + repeated)
    good = {url for url, score in scores.items() if score + of_address(url) >= ENOUGH}
    return [link for link in links if link.url in good]


def _candidates(root: Element, base: str) -> Iterator[Link]:
    own = base.partition("#")[0].rstrip("/")
    for number, element in enumerate(root.iter("a")):
        if number >= _MOST_LINKS:
            return
        url = absolute(element.get("href"), base)
        url = url.partition("#")[0] if url else None
        if url and url.rstrip("/") != own and same_site(url, base) and not _is_furniture(element):
            yield Link(element, url, title_of(element))


def _is_furniture(element: Element) -> bool:
    for one in (element, *element.iterancestors()):
        if local(one) in ("body", "html", "main"):
            return False
        if local(one) in _FURNITURE or one.get("role", "") in _FURNITURE_ROLES:
            return True
        if _FURNITURE_NAMES.search(f"{one.get('class', '')} {one.get('id', '')}"):
            return True
    return False


def _shape(element: Element) -> tuple[str, ...]:
    """How a link stands on the page: the elements around it with their first class, which lists repeat."""
    around = [element]
    for ancestor in element.iterancestors():
        around.append(ancestor)
        if len(around) == 4:
            break
    return tuple(f"{local(one)}.{(one.get('class') or '').split(' ')[0]}" for one in around)


def of_address(url: str) -> float:
    """How much an address looks like that of an article: above 0 rather, below 0 rather not."""
    parts = urlsplit(url)
    last = parts.path.rstrip("/").rpartition("/")[2]
    if _FILE.search(last) or parts.path.strip("/") == "":
        return -9.0
    score = 3.0 * bool(_DATE.search(parts.path)) + 2.0 * (last.count("-") + last.count("_") >= 3)
    score += 2.0 * bool(_NUMBER.search(last) or _NUMBER.search(parts.query)) + 1.0 * bool(_PAGE.search(last))
    score += 1.0 * bool(_ARTICLES.search(f"{parts.path}/")) - 4.0 * bool(_OTHER.search(parts.path))
    return score - 1.0 * (score == 0 and "/" not in parts.path.strip("/"))


def _of_words(link: Link) -> float:
    """How much a link reads like a headline."""
    text = link.title or ""
    words = len(text.split()) + len(_UNSPACED.findall(text)) / 2.5
    if words < 3:
        return -2.0 if text else -1.0
    return 0.0 if words < 4 else 2.0 if words < 6 else 3.0


def _of_place(element: Element) -> float:
    """How much a link stands where a headline does."""
    around = [local(one) for one, _ in zip(element.iterancestors(), range(5), strict=False)]
    is_heading = any(name in HEADINGS for name in around[:3]) or next(element.iter(*HEADINGS), None) is not None
    return 2.0 * is_heading + 1.0 * ("article" in around)
