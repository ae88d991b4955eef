"""Text of strangers, as it may be shown."""

from __future__ import annotations


def printable(text: str, kept: str = "\n\t") -> str:
    """Text that cannot steer a terminal, nor turn around what follows; of control characters only these are `kept`."""
    return "".join(one if one.isprintable() or one in kept else f"\\x{ord(one):02x}" for one in text)
