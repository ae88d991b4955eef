"""Media Topics as IPTC names them outside: `medtop:20000639` is a concept of its NewsCodes."""

from __future__ import annotations

SCHEME = "http://cv.iptc.org/newscodes/mediatopic/"


def concept(code: str) -> str:
    """The address that stands for a topic's code."""
    return SCHEME + code.removeprefix("medtop:")
