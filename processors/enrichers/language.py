"""The language of an article: what its letters say, then a model, and what its source declared."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from processors.enrichers.draft import Draft, Enricher

READ_CHARACTERS: Final = 2_000
FEWEST_LETTERS: Final = 12
LEAST_CONFIDENCE: Final = 0.5

_NOT_LANGUAGE: Final = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[\d_]|[^\w\s'\u2019-]")
_SPACES: Final = re.compile(r"\s+")


def detect_language(draft: Draft) -> Draft:
    """Fill in the language of title and text, or leave it None where there is too little to tell."""
    words = _words(f"{draft.title}\n{draft.text[:READ_CHARACTERS]}"[:READ_CHARACTERS])
    if sum(map(str.isalpha, words)) < FEWEST_LETTERS:
        return draft
    code, confidence = _identifier().classify(words)
    if confidence < LEAST_CONFIDENCE:
        return draft
    return replace(draft, language=code, language_confidence=round(min(confidence, 1.0), 3))


def _words(text: str) -> str:
    return _SPACES.sub(" ", _NOT_LANGUAGE.sub(" ", text)).strip()


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


LANGUAGE: Final = Enricher(name="language", version=1, run=detect_language, fills=("language", "language_confidence"))
