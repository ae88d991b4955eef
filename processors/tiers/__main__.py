"""Tries a tier in a process of its own, so that the memory goes with it: `python -m processors.tiers spacy:NAME`.

Prints the tier's name and ends with 0, or prints what is wrong and ends with 2.
"""

from __future__ import annotations

import sys

from processors.tiers.check import REFUSED
from processors.tiers.choose import choose
from schemas.settings import SettingsError


def main(setting: str) -> int:
    """Loads the tier and gives the exit code."""
    try:
        print(choose(setting).name)
    except SettingsError as error:
        print(error)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
