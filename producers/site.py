"""Whether two addresses belong to one site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp|edition)\.")


def host(url: str) -> str:
    """The host of an address without what only says how it is shown; empty where there is none."""
    try:
        name = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    short = _PREFIX.sub("", name)
    return short if "." in short else name


def same_site(one: str, other: str) -> bool:
    """Whether both hosts are one, or one stands below the other: `news.herald.example` and `www.herald.example`."""
    a, b = host(one), host(other)
    return bool(a and b) and (a == b or a.endswith(f".{b}") or b.endswith(f".{a}"))
