"""Whether the tier that the settings name can be had, found out before anything is started."""

from __future__ import annotations

import subprocess
import sys

from schemas.settings import Settings, SettingsError

REFUSED = 2


def check(settings: Settings) -> None:
    """Tries the tier in a process that ends; the one that comes with Wiredesk needs no trial.

    Raises:
        SettingsError: it cannot be had; the message names the setting and the way out.
    """
    if ":" not in settings.tagger:
        return
    done = subprocess.run(  # noqa: S603 (the command is our own)
        [sys.executable, "-m", "processors.tiers", settings.tagger], capture_output=True, text=True, check=False
    )
    if done.returncode == REFUSED:
        raise SettingsError(done.stdout.strip().splitlines()[-1])
    if done.returncode:
        said = "".join(done.stderr.strip().splitlines()[-1:])
        raise SettingsError(f"WIREDESK_TAGGER is {settings.tagger}: trying it ended with {done.returncode}: {said}")
