"""The fields of the query language: their names, what else people call them, and the nearest to one mistyped."""

from __future__ import annotations

import difflib

#: Every field by each name it is known under, in small letters.
FIELDS = {
    **dict.fromkeys(("title", "headline", "intitle", "heading"), "title"),
    **dict.fromkeys(("body", "text", "content", "fulltext"), "body"),
    **dict.fromkeys(("source", "sources", "publisher", "outlet", "media", "feed"), "source"),
    **dict.fromkeys(("author", "authors", "byline", "by", "reporter"), "author"),
    **dict.fromkeys(("topic", "topics", "subject", "category", "about"), "topic"),
    **dict.fromkeys(("person", "people", "persons", "who"), "person"),
    **dict.fromkeys(
        ("org", "orgs", "organisation", "organization", "organisations", "organizations", "company"), "org"
    ),
    **dict.fromkeys(("place", "places", "location", "country", "city", "where"), "place"),
    **dict.fromkeys(("event", "events"), "event"),
    **dict.fromkeys(("entity", "entities", "name"), "entity"),
    **dict.fromkeys(("lang", "language", "languages"), "lang"),
    **dict.fromkeys(("url", "link", "address", "site", "domain", "host"), "url"),
    "id": "id",
    **dict.fromkeys(("since", "after", "from"), "since"),
    **dict.fromkeys(("until", "before", "till"), "until"),
    **dict.fromkeys(("date", "dates", "published", "when"), "date"),
}
TEXT_FIELDS = ("title", "body")
DATE_FIELDS = ("since", "until", "date")
ENTITY_FIELDS = ("person", "org", "place", "event", "entity")
NAME_FIELDS = ("source", "author", "topic", *ENTITY_FIELDS)
#: The short name that a list of fields is shown with.
SHORT_NAMES = tuple(dict.fromkeys(FIELDS.values()))

LANGUAGES = {
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
    "he": "hebrew",
    "hi": "hindi",
    "hr": "croatian",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "ja": "japanese",
    "ka": "georgian",
    "ko": "korean",
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sk": "slovak",
    "sl": "slovenian",
    "sr": "serbian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "uk": "ukrainian",
    "ur": "urdu",
    "vi": "vietnamese",
    "zh": "chinese",
}
_CODES = {name: code for code, name in LANGUAGES.items()}


def nearest(name: str) -> str | None:
    """The field's name that is most like one that is unknown; none where none is like it."""
    return next(iter(difflib.get_close_matches(name.casefold(), FIELDS, n=1, cutoff=0.6)), None)


def language_code(text: str) -> str | None:
    """The code of a language by its code (`en`, `pt-br`) or English name; none where it is neither."""
    small = text.casefold()
    if small in _CODES:
        return _CODES[small]
    first, _, rest = small.partition("-")
    is_code = 2 <= len(first) <= 3 and first.isascii() and first.isalpha()
    return small if is_code and (not rest or (rest.isascii() and rest.isalnum())) else None


def nearest_language(text: str) -> str | None:
    """The language's name that is most like one that is unknown; none where none is like it."""
    return next(iter(difflib.get_close_matches(text.casefold(), _CODES, n=1, cutoff=0.75)), None)
