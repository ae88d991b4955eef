"""Plain text made regular: one kind of line end, composed characters, nothing invisible, and its title found."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

from processors.enrichers.phrases import is_furniture

MARKS_IN_A_ROW = 30
TITLE_MAX_CHARACTERS = 200
TITLE_MAX_WORDS = 30
STORY_LINE_CHARACTERS = 80
LONGEST_ABBREVIATION = 40

_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# White space that is not one space already.
_SPACES = re.compile("[^\\S\n ][^\\S\n]*| [^\\S\n]+")
_AROUND_LINE_ENDS = re.compile(" ?\n ?")
_BLANK_LINES = re.compile("\n{3,}")
# Controls, soft hyphen, zero-width space, word joiner, BOM, bidi embeddings, lone surrogates, noncharacters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# The stream-safe limit of Unicode's annex 15: normalising longer runs of marks takes quadratic time.
_TOO_MANY_MARKS = re.compile(
    f"([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]{{{MARKS_IN_A_ROW}}})[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
_BREAK_TAG = re.compile(
    r"<(?:br|/?p|/?div|/?li|/?h[1-6]|/?tr|/?ul|/?ol|/?blockquote)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE
)
_ANY_TAG = re.compile(
    r"</?(?:a|abbr|b|big|center|cite|code|del|em|figcaption|figure|font|i|iframe|img|ins|section|small|span|strong|sub|sup|table|tbody|td|th|u)"
    r"(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"\s*(?:<!--[^<>]{0,500}-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ABBREVIATION_END = re.compile(r"(?:\b\w\.){2,}$")
_TITLE_START = re.compile(r"[\w\"'“”‘’«»„‹›「『《【(\[¿¡#$€£]")
_SITE_NAME = re.compile(r"\s+[|–—\-:·•»]\s+\S.{0,60}$")


def normalise(text: str) -> str:
    """`text` composed (NFC), with `\\n` line ends, single spaces and at most one blank line in a row.

    Control and other invisible characters go; joiners that Persian, Hindi and emoji need stay.
    """
    if _LINE_ENDS.search(text):
        text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _TOO_MANY_MARKS.sub(r"\1", text))
    text = _SPACES.sub(" ", text)
    # Most text has none of these, and to look is cheaper than to replace each line end by itself.
    if " \n" in text or "\n " in text:
        text = _AROUND_LINE_ENDS.sub("\n", text)
    return (_BLANK_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def is_html_document(text: str) -> bool:
    """Whether what is called plain text starts as an HTML page does."""
    return _DOCUMENT.match(text) is not None


def without_visible_tags(text: str) -> str:
    """`text` with the HTML tags that stand in it as characters turned into line ends or taken out.

    Text without a closing or line-breaking tag comes back as it is: a lone `<` is a sign, no tag.
    """
    if "<" not in text or not (_BREAK_TAG.search(text) or re.search(r"</[A-Za-z]", text)):
        return text
    return unescape(_ANY_TAG.sub("", _BREAK_TAG.sub("\n", text)))


def truncate(text: str, limit: int) -> str:
    """The first `limit` characters of `text` at most, ending at a word's end where one is near."""
    if len(text) <= limit:
        return text
    at = max(text.rfind(" ", limit - 1000, limit + 1), text.rfind("\n", limit - 1000, limit + 1))
    return text[: at if at > 0 else limit].rstrip()


def comparable(line: str) -> str:
    """`line` reduced to its letters and digits in one case, so that the same words compare equal."""
    return "".join(character for character in line.casefold() if character.isalnum())


def split_title(text: str, title: str | None) -> tuple[str, str]:
    """The title and the text without the title's own line.

    Args:
        text: Normalised text.
        title: What the source calls the article; None where it does not say, so that the first line may be it.

    Returns:
        The title (empty where there is none), and the text after it.
    """
    line, _, rest = text.partition("\n")
    if title:
        return _known_title(normalise(title).replace("\n", " "), line, rest, text)
    if looks_like_title(line, rest):
        return line, rest.lstrip("\n")
    return "", text


def _known_title(title: str, line: str, rest: str, text: str) -> tuple[str, str]:
    said = comparable(line)
    if said and said == comparable(title):
        return title, rest.lstrip("\n")
    if said and said == comparable(_SITE_NAME.sub("", title)):
        return line, rest.lstrip("\n")
    return title, text


def looks_like_title(line: str, rest: str) -> bool:
    """Whether `line`, which stands before `rest`, is a title: short, no sentence, and a story comes after it."""
    if not 3 <= len(line) <= TITLE_MAX_CHARACTERS or len(line.split()) > TITLE_MAX_WORDS:
        return False
    if not _TITLE_START.match(line) or line[0].islower() or _ends_as_sentence(line) or is_furniture(line):
        return False
    return _story_follows(line, rest)


def _ends_as_sentence(line: str) -> bool:
    line = line[-LONGEST_ABBREVIATION:]
    return line.endswith((".", "。", "।", "۔", ",", ";", ":", "，", "：", "、")) and not _ABBREVIATION_END.search(line)


def _story_follows(line: str, rest: str) -> bool:
    after = rest.lstrip("\n")
    if not after or after[0].islower():
        return False
    if rest.startswith("\n"):
        return _longest_line(after) >= STORY_LINE_CHARACTERS or _ends_as_sentence(after)
    first = after.partition("\n")[0]
    return len(first) > len(line) and len(first) >= STORY_LINE_CHARACTERS // 2 and _ends_as_sentence(first)


def _longest_line(text: str) -> int:
    return max(map(len, text[:20_000].split("\n")))
