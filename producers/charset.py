"""Text of bytes: by byte order mark, by what is true of them, by what is declared, and last by a guess."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from producers.reading import NotAnArticle

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WITHOUT_MARK = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]{1,40})|"
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:-]{1,40})",
    re.IGNORECASE,
)
_STATED = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:-]{1,40})", re.IGNORECASE)
_UTF8 = re.compile(r"utf[-_]?8|utf8[-_]?sig|u8", re.IGNORECASE)
# What browsers read a name as (WHATWG, Encoding): each is the larger set that people mean by the name of the smaller.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# What of these is ASCII reads as UTF-8, too, and as nonsense.
_SEVEN_BIT = {"iso2022_jp": b"\x1b", "iso2022_jp_2": b"\x1b", "iso2022_kr": b"\x1b", "hz": b"~{"}
_GUESSED_FROM = 16_384
_FEW = 0.005
_TOO_FEW = 40
_LATIN = 5
_LATINS = ("cp1252", "cp1250")
_TYPOGRAPHY = "‘’“”„–—…«»€£°·\xa0"


@dataclass(frozen=True, slots=True)
class Text:
    """Text, and what was wrong with what its bytes said of themselves, in words."""

    text: str
    note: str | None = None


def decoded(data: bytes, *, is_html: bool = False) -> str:
    """Text of a file's bytes: by its byte order mark, for pages by their declared charset, else as UTF-8.

    Raises:
        NotAnArticle: empty, binary, or not in that encoding; the message says at which byte.
    """
    if (marked := _by_mark(data)) is not None:
        return marked
    declared = list(_declared(data)) if is_html else []
    if (text := _truly(data, declared)) is not None:
        return text.text
    if declared:
        return _least_broken(data, declared)
    raise _unreadable(data, "utf-8")


def web_text(data: bytes, content_type: str | None) -> Text:
    """Text of what a server answered: as `decoded`, with the charset of its header, and a guess where all are wrong.

    Raises:
        NotAnArticle: empty, binary, or in no encoding that can be told.
    """
    if (marked := _by_mark(data)) is not None:
        return Text(marked)
    names = [*_stated(content_type), *_declared(data)]
    if (text := _truly(data, names)) is not None:
        return text
    if (text := _nearly_utf8(data)) is not None:
        return text
    if guess := _guess(data):
        said = f"says it is {', '.join(dict.fromkeys(names))}" if names else "does not say its encoding"
        return Text(data.decode(guess, "replace"), f"{said}; read as {guess}, which fits its bytes")
    if names:
        return Text(_least_broken(data, names), f"not all of it is {names[0]}, as it says: some characters are lost")
    raise _unreadable(data, "utf-8")


def _by_mark(data: bytes) -> str | None:
    """Text by the byte order mark; none where there is none."""
    if not data.strip():
        raise NotAnArticle("it is empty")
    encoding = next((name for mark, name in (*_BOMS, *_WITHOUT_MARK) if data.startswith(mark)), None)
    if encoding in (None, "utf-8-sig") and b"\0" in data[:8192]:
        raise NotAnArticle("binary data, not text")
    if encoding is None:
        return None
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if encoding == "utf-8-sig":
            return None
        raise _unreadable(data, encoding) from None


def _unreadable(data: bytes, encoding: str) -> NotAnArticle:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return NotAnArticle(f"not {encoding.upper()} text: byte {error.start:,} cannot be read")
    return NotAnArticle(f"not {encoding.upper()} text")


def _truly(data: bytes, names: list[str]) -> Text | None:
    """Text in the first encoding that every byte agrees with. UTF-8 comes first: nothing else looks like it."""
    for name in names:
        if (escape := _SEVEN_BIT.get(codecs.lookup(name).name)) and escape in data:
            return Text(data.decode(name, "replace"))
    for name in ("utf-8", *names):
        try:
            text = data.decode(name)
        except UnicodeError:
            continue
        other = next((one for one in names if not _UTF8.fullmatch(one)), None)
        if name == "utf-8" and other and not text.isascii():
            return Text(text, f"says it is {other}, and is UTF-8")
        return Text(text)
    return None


def _least_broken(data: bytes, names: list[str]) -> str:
    for name in names:
        try:
            return data.decode(name, "replace")
        except UnicodeError:  # "idna" and "undefined" are codecs, too
            continue
    raise NotAnArticle(f"not UTF-8 text, nor text of the charset that it declares, {names[0]}")


def _nearly_utf8(data: bytes) -> Text | None:
    """UTF-8 in which a few bytes are broken, as where an answer was cut in the middle of a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    other = len(data) - len(text) + lost
    if lost > max(1, _FEW * len(text)) or (lost > 1 and other < 3 * lost):
        return None
    if lost == 1 and other < 2 and not text.endswith("\ufffd"):
        return None
    return Text(text, f"{lost:,} broken UTF-8 character{'s' * (lost > 1)} in it")


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    words = re.sub(rb"<[^<>]{0,2000}>|[\x00-\x08\s]+", b" ", data[: 8 * _GUESSED_FROM])
    if not re.search(rb"[\x80-\xff]", words):
        words = data
    if latin := _latin(words):
        return latin
    best = from_bytes(words[:_GUESSED_FROM], steps=5, chunk_size=512, enable_fallback=False).best()
    return _usable(best.encoding) if best else None


def _latin(words: bytes) -> str | None:
    """The encoding in which a few accents among plain letters are all letters: too few for statistics to tell by."""
    accents = re.findall(rb"[\x80-\xff]+", words)
    letters = len(re.findall(rb"[A-Za-z]", words))
    if not accents or len(accents) > _TOO_FEW or max(map(len, accents)) > 1 or letters < _LATIN * len(accents):
        return None
    for name in _LATINS:
        read = b"".join(accents).decode(name, "replace")
        if all(character.isalpha() or character in _TYPOGRAPHY for character in read):
            return name
    return None


def _stated(content_type: str | None) -> Iterator[str]:
    match = _STATED.search(content_type or "")
    if match and (name := _usable(match[1])):
        yield name


def _declared(page: bytes) -> Iterator[str]:
    match = _DECLARED.search(page[:4096])
    if match and (name := _usable((match[1] or match[2]).decode("ascii"))):
        yield name


def _usable(name: str) -> str | None:
    """The codec that is meant by a name; none where it is unknown, or turns bytes into something else than text."""
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return None
    if not codec._is_text_encoding or codec.name == "utf-7":  # noqa: SLF001 (there is no public question)
        return None
    return _MEANT.get(codec.name, name.lower())
