"""Lines that one source puts around its articles, learned as they come."""

from __future__ import annotations

import hashlib


def line_id(text: str) -> str:
    """The fingerprint of a line."""
    return hashlib.blake2b(" ".join(text.casefold().split()).encode(), digest_size=8).hexdigest()
