"""The words of an article out of what a source gave: title, authors and text, whatever shape that had."""

from __future__ import annotations

from dataclasses import replace

from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.markup import Page, read_page
from processors.enrichers.plaintext import is_html_document, normalise, split_title, truncate, without_visible_tags

LONGEST_TEXT = 1_000_000
# What comes after is not read: of plain text so much more than is kept that white space and tags cannot use it up.
LONGEST_CONTENT = 2 * LONGEST_TEXT


def extract(draft: Draft) -> Draft:
    """Fill in what the raw article says, as regular text.

    The title's own line is taken from the text where it stands first. Text over `LONGEST_TEXT` characters is cut
    at a word's end, with a note.
    """
    page = _page(draft)
    title, text = split_title(normalise(page.text), draft.raw.title or page.title)
    kept = truncate(text, LONGEST_TEXT)
    filled = replace(
        draft,
        title=title,
        extracted=kept,
        text=kept,
        truncated=len(kept) < len(text),
        authors=_authors(draft, page),
        published_hint=page.published,
    )
    if not filled.truncated:
        return filled
    return filled.noted("extract", f"the text has {len(text):,} characters; the first {len(kept):,} are kept")


def _page(draft: Draft) -> Page:
    content = draft.raw.content.replace("\x00", "")
    if draft.raw.content_type == "text/html" or is_html_document(content):
        return read_page(content)
    return Page(text=without_visible_tags(content[:LONGEST_CONTENT]))


def _authors(draft: Draft, page: Page) -> tuple[str, ...]:
    stated = (normalise(name).replace("\n", " ") for name in draft.raw.authors or page.authors)
    return tuple(dict.fromkeys(name for name in stated if name))


EXTRACT = Enricher(
    name="extract",
    version=2,
    run=extract,
    fills=("title", "extracted", "text", "truncated", "authors", "published_hint", "notes"),
)
