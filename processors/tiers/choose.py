"""The tier that the settings name."""

from __future__ import annotations

from importlib import import_module

from processors.tagger.tokens import tokenize
from processors.tiers.library import Importer, TierError, brief
from processors.tiers.tier import WIREDESK, Tier
from schemas.settings import SettingsError

_TRIAL = "Maria Zakharova spoke in Geneva."


def choose(setting: str, importer: Importer = import_module) -> Tier:
    """The tier for a value of the setting `tagger`, with its model loaded and tried on a sentence.

    Args:
        setting: a valid value: `wiredesk`, `spacy:…`, `gliner:…` or `transformers:…`.
        importer: imports the packages that Wiredesk works without.

    Raises:
        SettingsError: its package or its model cannot be had; the message names the setting and the way out.
    """
    kind, _, named = setting.partition(":")
    if not named:
        return WIREDESK
    try:
        found: Tier = import_module(f"processors.tiers.{kind}").tier(named, importer)
        found.tag(_TRIAL, tokenize(_TRIAL))
    except TierError as error:
        raise SettingsError(_told(setting, str(error))) from None
    except Exception as error:  # noqa: BLE001 (a library may raise anything on files that it cannot read)
        why = f"the model cannot be loaded and read a sentence: {brief(error)}: name another one"
        raise SettingsError(_told(setting, why)) from None
    return found


def _told(setting: str, why: str) -> str:
    return f"WIREDESK_TAGGER is {setting}: {why}; or unset it, and the tagger that comes with Wiredesk serves"
