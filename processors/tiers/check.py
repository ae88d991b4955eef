"""Whether the tier that the settings name can be had, found out before anything is started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from schemas.settings import Settings, SettingsError

REFUSED = 2
_TRIAL = (sys.executable, "-m", "processors.tiers")


def is_named(settings: Settings) -> bool:
    """Whether the settings name a model; the tagger that comes with Wiredesk needs no trial."""
    return ":" in settings.tagger


def check(settings: Settings, trial: Sequence[str] = _TRIAL) -> float:
    """Tries the tier in a process that ends, and its memory with it.

    Args:
        settings: they name a model.
        trial: the command that tries; the setting's value is put behind it.

    Returns:
        How long it took, in seconds.

    Raises:
        SettingsError: it cannot be had; the message names the setting and the way out.
    """
    began = time.monotonic()
    done = subprocess.run([*trial, settings.tagger], capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    if done.returncode == -signal.SIGINT:
        raise KeyboardInterrupt
    if done.returncode == REFUSED:
        raise SettingsError(done.stdout.strip().splitlines()[-1])
    if done.returncode:
        said = "".join(done.stderr.strip().splitlines()[-1:])
        raise SettingsError(
            f"WIREDESK_TAGGER is {settings.tagger}: trying it ended with {done.returncode} {said}".strip()
        )
    return time.monotonic() - began
