"""Pieces of XML: escaped, and without the characters that XML 1.0 cannot hold."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, text: str = "", /, **attributes: str) -> str:
    """One element with text in it, or none."""
    opened = name + "".join(f" {key}={quoteattr(_clean(value))}" for key, value in attributes.items())
    return f"<{opened}>{escape(_clean(text))}</{name}>" if text else f"<{opened}/>"


def comment(text: str) -> str:
    """A comment; two hyphens, which would end it, stand apart in it."""
    return f"<!-- {re.sub('-(?=-)', '- ', _clean(text))} -->\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)
