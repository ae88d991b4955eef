"""The language of an article: what its script settles, else a model, weighed with what the source declared."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.enrichers.draft import Draft, Enricher
from processors.enrichers.langmodel import model
from processors.enrichers.scripts import Script, main_script

TITLE_CHARACTERS: Final = 200
SAMPLE_CHARACTERS: Final = 100
READ_CHARACTERS: Final = 2_000
FEWEST_LETTERS: Final = 12
SURE: Final = 0.9
LEAST_CONFIDENCE: Final = 0.4
# Enough text is in some language, even where three neighbours share the evidence between them.
LONG_LETTERS: Final = 400
LEAST_FOR_LONG: Final = 0.25

_ADDRESS: Final = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![\w.+-])[\w.+-]{1,40}@[\w.-]+|[@#]\w+")

#: Scripts that (nearly) one language of the news is written in.
ONLY_LANGUAGE: Final = {
    "han": "zh",
    "kana": "ja",
    "hangul": "ko",
    "greek": "el",
    "hebrew": "he",
    "thai": "th",
    "armenian": "hy",
    "georgian": "ka",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "oriya": "or",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "lao": "lo",
    "myanmar": "my",
    "khmer": "km",
    "tibetan": "bo",
    "thaana": "dv",
}
_ALSO_WRITTEN_SO: Final = {"han": {"ja", "ko"}, "hebrew": {"yi"}, "ethiopic": {"ti"}}
#: Scripts that leave the language to the model, and what it then chooses from: in Latin script all other languages.
BY_MODEL: Final = {
    "latin": frozenset[str](),
    "cyrillic": frozenset("ba be bg ky kk mk mn ru sr tg tt uk".split()),
    "arabic": frozenset("ar fa ku ps ug ur".split()),
    "devanagari": frozenset("hi mr ne sa".split()),
    "bengali": frozenset("as bn".split()),
    "ethiopic": frozenset({"am"}),
}
_BOTH_SCRIPTS: Final = frozenset({"ku", "sr", "tt"})
NO_LANGUAGE: Final = "zxx"

# What the news is seldom written in needs more evidence than its much read neighbour.
_SELDOM: Final = 0.35
_COMMON: Final = frozenset(
    "am ar az be bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ka kk ko lt lv mk mn mr ne nl no pl ps pt "
    "ro ru sk sl so sq sr sv sw tl tr uk ur uz vi zxx".split()
)
# Words that one of two languages too alike for a model of letters has, and the other writes in another way.
_TELLING: Final = {
    word: code
    for code, words in {
        "sr": "šta gde uvek pre posle deo reč reči mesto mesta vreme vremena vest vesti predsednik predsednika sledeće "
        "nedelje nedelju ponedeljak sreda sredu svet sveta savet saveta pravde bezbednost bezbednosti dve ovde dete "
        "deca rešenje primer hteo razumeo saopštio saopšteno opština juče celom celu lekar mleko pobeda pobede",
        "hr": "tko nitko netko tijekom tjedan tjedna tisuća tisuće uvjet uvjeti siječnja veljače ožujka travnja "
        "svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca priopćio priopćenju europska europske",
        "bs": "sedmica sedmice sedmicu historija historije hiljada hiljadu saopćio saopćeno sedmično bosne",
        "ms": "bahawa kerana wang syarikat manakala mesyuarat pelbagai iaitu isnin khamis jumaat kerajaan",
        "id": "bahwa karena uang bisa perusahaan pemerintah senin kamis jumat yaitu berbagai",
        "da": "af hvad uge nogle nogen havde fik",
        "no": "hva ble etter veldig uke noen hadde fikk",
    }.items()
    for word in words.split()
}
_TELLING_MORE: Final = 3.0
_DECLARED: Final = 10.0
_SAME_LANGUAGE: Final = {
    "nb": "no",
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "fil": "tl",
    "mo": "ro",
    "cmn": "zh",
    "sh": "sr",
}
_DECLARED_FORM: Final = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2}|\d{3}))?\b")


def detect_language(draft: Draft) -> Draft:
    """Fill in the language of title and text (ISO 639-1, or `pt-br`) and how sure it is, 0 to 1.

    Both stay None where there is too little text, or none in any language. The language that the source declared
    counts as evidence; it decides alone only between languages that the text leaves open.
    """
    declared, region = declared_language(draft.raw.language)
    found = _judge(_sample(draft, SAMPLE_CHARACTERS), declared)
    if not found or found[1] < SURE:
        found = _judge(_sample(draft, READ_CHARACTERS), declared)
    if not found:
        return draft
    code, confidence = found
    return replace(
        draft,
        language="pt-br" if (code, region) == ("pt", "br") else code,
        language_confidence=round(min(confidence, 1.0), 3),
    )


def declared_language(tag: str | None) -> tuple[str | None, str | None]:
    """Language and region of a tag such as `pt-BR` or `zh_Hans_CN`, in lower case; None for what it does not say."""
    match = _DECLARED_FORM.match((tag or "")[:40])
    if not match:
        return None, None
    code, region = match.group(1).lower(), match.group(2)
    return _SAME_LANGUAGE.get(code, code), region.lower() if region else None


def _sample(draft: Draft, length: int) -> str:
    """The title, the start of the text and, since a start may be furniture, a piece of its middle."""
    middle = len(draft.text) // 2
    pieces = (draft.title[:TITLE_CHARACTERS], draft.text[:length], draft.text[max(middle, length) : middle + length])
    return _ADDRESS.sub(" ", "\n".join(pieces))


def _judge(text: str, declared: str | None) -> tuple[str, float] | None:
    script = main_script(text)
    if not script:
        return None
    only = ONLY_LANGUAGE.get(script.name)
    if not only:
        return _by_model(script, declared)
    return (declared if declared and declared in _ALSO_WRITTEN_SO.get(script.name, ()) else only), script.share


def _by_model(script: Script, declared: str | None) -> tuple[str, float] | None:
    if script.letters < FEWEST_LETTERS:
        return None
    shares = model().shares(" ".join(script.words)) * _weights(script.name, declared)
    places = _places()
    for word in _TELLING.keys() & {word.lower() for word in script.words}:
        shares[places[_TELLING[word]]] *= _TELLING_MORE
    best = int(shares.argmax())
    code, confidence = model().languages[best], float(shares[best] / (shares.sum() or 1.0))
    least = LEAST_CONFIDENCE if script.letters < LONG_LETTERS else LEAST_FOR_LONG
    return (code, confidence) if code != NO_LANGUAGE and confidence >= least else None


@lru_cache(maxsize=256)
def _weights(script: str, declared: str | None) -> NDArray[np.float64]:
    """How much a share of each of the model's columns counts in this script."""
    codes = model().languages
    languages = BY_MODEL[script] or frozenset(codes) - _NOT_LATIN
    usual = {code: 1.0 if code in _COMMON else _SELDOM for code in languages}
    if declared in usual:
        usual[declared] = _DECLARED
    return np.array([usual.get(code, 0.0) for code in codes])


@cache
def _places() -> dict[str, int]:
    """The first column of each language."""
    return {code: at for at, code in reversed(list(enumerate(model().languages)))}


_NOT_LATIN: Final = (frozenset().union(*BY_MODEL.values()) - _BOTH_SCRIPTS) | set(ONLY_LANGUAGE.values())


LANGUAGE: Final = Enricher(name="language", version=1, run=detect_language, fills=("language", "language_confidence"))
