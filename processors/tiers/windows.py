"""Long texts in pieces that a model can take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# After a line's end, a full stop with what closes behind it, or one of a script without spaces.
_ENDS = re.compile(r"\n+|(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])")


def windows(text: str, most: int, size: Callable[[str], int]) -> Iterator[tuple[int, str]]:
    """The text in pieces of at most so much each, cut at ends of lines and sentences where there are any.

    Args:
        text: what to cut; nothing of it is left out.
        most: the most that the model takes at once.
        size: how much a piece is, as the model counts.

    Yields:
        Where a piece starts in the text, and the piece.
    """
    begin = end = used = 0
    for start, stop in _sentences(text, most, size):
        more = size(text[start:stop])
        if used and used + more > most:
            yield begin, text[begin:end]
            begin, used = start, 0
        used, end = used + more, stop
    if begin < end:
        yield begin, text[begin:end]


def _sentences(text: str, most: int, size: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    start = 0
    for stop in (*(match.end() for match in _ENDS.finditer(text)), len(text)):
        if start < stop:
            yield from _fitting(text, start, stop, most, size)
        start = stop


def _fitting(text: str, start: int, stop: int, most: int, size: Callable[[str], int]) -> Iterator[tuple[int, int]]:
    """A sentence, or halves of it where it is too much: between words, and through the midst of an endless one."""
    if stop - start < 2 or size(text[start:stop]) <= most:
        yield start, stop
        return
    half = (start + stop) // 2
    space = text.rfind(" ", start + 1, half)
    middle = space + 1 if space > 0 else half
    yield from _fitting(text, start, middle, most, size)
    yield from _fitting(text, middle, stop, most, size)
