"""The phrases an article says most: n-gram frequencies between function words, names kept whole."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from processors.enrichers import words
from processors.enrichers.draft import Draft, Enricher

if TYPE_CHECKING:
    from collections.abc import Callable

MOST: Final = 10
CHARACTERS_READ: Final = 20_000
TITLE_WEIGHT: Final = 2
NAME_WEIGHT: Final = 1.2
# A phrase that ends like an English verb or adverb seldom stands for anything.
VERB_WEIGHT: Final = 0.4
# In a text of fewer characters than this nothing need be said twice.
SHORT: Final = 600
LONGEST_WORDS: Final = 4
# A phrase of so many words at most, unless it is a name, where it stands but once.
LONGEST_ONCE: Final = 2
LONGEST_CHARACTERS: Final = 60

_W: Final = words.WORD_CHARACTERS
# A possessive's 's is a token of its own.
_TOKEN: Final = re.compile(
    rf"(?:[A-Z]\.){{2,}}|(?:People|Children|Women|Men)['\u2019]s|[{_W}]+(?:(?:[-&]|['\u2019](?!s\b))[{_W}]+)*|[^\s{_W}]+"
)
_VERB: Final = re.compile(r"^[a-z]+(?:ed|ing|ly)$")
_MARKS_APART: Final = ',;:!?"\u201c\u201d()'
# After these a capital letter says nothing: a sentence may have begun.
_MAY_BEGIN: Final = frozenset('.!?\u2026:;\u2022*|\u201c\u201e\u201d\u2018\u00ab"([')
_CJK: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff]+|[\u30a1-\u30ff]{2,}")
_CJK_FUNCTION: Final = re.compile(
    "[的了是在和有不这為为与與对對中将將上等就也及或他她它们們我你着著被把以于於而到从從]+"
)
_CJK_LONGEST: Final = 6

# Where no function words are known, words up to this length count as such.
_GENERIC_STOP: Final = 3


def key_phrases(title: str, text: str, language: str | None = None) -> tuple[str, ...]:
    """Up to ten phrases that stand for the article, best first, written as it mostly writes them.

    Args:
        title: its phrases weigh more.
        text: the first 20,000 characters are read.
        language: an ISO 639-1 code; without a list of its function words, short words count as such.
    """
    title, text = title[:CHARACTERS_READ], text[:CHARACTERS_READ]
    if _is_cjk(text or title):
        return _best(_with_title(_cjk_phrases(text), _cjk_phrases(title), short=True), least=2)
    body, head = _spaced_phrases(title, text, language)
    short = len(text) < SHORT
    return _best(_with_title(_merged_by_case(body), head, short=short), least=1 if short else 2)


def _with_title(counts: Counter[str], head: Counter[str], *, short: bool) -> Counter[str]:
    """The counts with the title's phrases weighed in: those that the text has too, unless it is short."""
    forms = {phrase.lower(): phrase for phrase in counts}
    for phrase, count in head.items():
        known = forms.get(phrase.lower())
        if short or (known and (" " in known or counts[known] > 1)):
            counts[known or phrase] += TITLE_WEIGHT * count
    return counts


def _is_cjk(text: str) -> bool:
    sample = text[:500]
    return sum(map(len, _CJK.findall(sample))) * 5 > len(sample)


def _cjk_phrases(text: str) -> Counter[str]:
    """Counts of all sequences of Han characters between function words, and of Katakana words."""
    pieces = [piece for run in _CJK.findall(text) for piece in _CJK_FUNCTION.split(run)]
    grams = (
        gram for piece in pieces if piece and not _is_kana(piece) for gram in _grams(list(piece), _CJK_LONGEST, "")
    )
    return Counter([*(gram for gram in grams if len(gram) > 1), *filter(_is_kana, pieces)])


def _is_kana(piece: str) -> bool:
    return "\u30a1" <= piece[:1] <= "\u30ff"


def _spaced_phrases(title: str, text: str, language: str | None) -> tuple[Counter[str], Counter[str]]:
    tokens, head = _tokens(text), _tokens(title)
    written = Counter(tokens)
    head = [_as_in_body(token, written) for token in head]
    idle = _idle_words(language, shouted=text.isupper())
    named = frozenset(token for token in _capitals(tokens) if written[token] >= written[token.lower()])
    repeated = {token for token, count in written.items() if count > 1 or len(text) < SHORT}
    content = {token for token in repeated.union(named, head) if token[0].isalnum() and not idle(token)}
    content |= {token for token in named if token.lower() in words.name_openers()}
    return _phrases(tokens, content, named), _phrases(head, content, named)


def _tokens(text: str) -> list[str]:
    """Words and the marks between them; a line break is a full stop."""
    text = text.replace("\n", " . ")
    for mark in _MARKS_APART:
        text = text.replace(mark, f" {mark} ")
    found: list[str] = []
    for piece in text.split():
        if piece.isalpha() or len(piece) == 1:
            found.append(piece)
        else:
            found += _TOKEN.findall(piece)
    return found


def _as_in_body(token: str, written: Counter[str]) -> str:
    """A headline's word as the body mostly writes it: headlines capitalise."""
    lower = token.lower()
    return lower if written[lower] > written[token] else token


def _idle_words(language: str | None, *, shouted: bool) -> Callable[[str], bool]:
    """Whether a word can begin or end no key phrase; `shouted` text has capitals only, where they mean nothing."""
    listed = words.stopwords(language, news=True)

    def idle(token: str) -> bool:
        if len(token) == 1 or token in listed:
            return True
        small = token.lower().replace("\u2019", "'") in listed if listed else len(token) <= _GENERIC_STOP
        return small and (shouted or not token.isupper())

    return idle


def _capitals(tokens: list[str]) -> set[str]:
    """The words with a capital where no sentence begins."""
    return {token for before, token in pairwise(tokens) if token[0].isupper() and before[-1] not in _MAY_BEGIN}


def _phrases(tokens: list[str], content: set[str], named: frozenset[str]) -> Counter[str]:
    """Counts of all n-grams within stretches of content words; a name, of however many words, is never cut."""
    phrases: list[str] = []
    units: list[str] = []
    last = -2
    known = content | named
    for at in [at for at, token in enumerate(tokens) if token in known]:
        token = tokens[at]
        joint = _joint(tokens, last, at, named) if units and at <= last + 2 and tokens[last] in named else ""
        begins = token in content and not token.isdigit()
        if units and not joint and (at > last + 1 or not begins):
            phrases += _grams(units, LONGEST_WORDS, " ")
            units = []
        if joint:
            units[-1] += joint + token
        elif begins:
            units.append(token)
        last = at
    phrases += _grams(units, LONGEST_WORDS, " ")
    return Counter(phrases)


def _joint(tokens: list[str], last: int, at: int, named: frozenset[str]) -> str:
    """What joins a name's word at `last` to one that goes on with it: `Boeing 737`, `Bank of England`; else empty."""
    token = tokens[at]
    if at == last + 1 and (token in named or token.isdigit()):
        return " "
    if at == last + 2 and token in named and tokens[last + 1] in words.name_joints():
        return f" {tokens[last + 1]} "
    return ""


def _grams(units: list[str], longest: int, space: str) -> list[str]:
    if len(units) < 2:
        return units
    ends = range(1, len(units) + 1)
    return [space.join(units[start:end]) for end in ends for start in range(max(0, end - longest), end)]


def _merged_by_case(counts: Counter[str]) -> Counter[str]:
    """Counts of phrases that differ only in case, added up under the commonest form."""
    forms: dict[str, str] = {}
    totals: Counter[str] = Counter()
    for phrase, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        totals[forms.setdefault(phrase.lower(), phrase)] += count
    return totals


def _best(counts: dict[str, int], least: int) -> tuple[str, ...]:
    frequent = {phrase: count for phrase, count in counts.items() if count >= least and _fits(phrase, count)}
    scores = {phrase: _score(phrase, count) for phrase, count in _apart(_folded_surnames(frequent)).items()}
    chosen: dict[str, str] = {}
    for phrase in sorted(scores, key=lambda each: (-scores[each], each)):
        stem = _stem(phrase)
        if not any(stem in other or other in stem for other in chosen):
            chosen[stem] = phrase
        if len(chosen) == MOST:
            break
    return tuple(chosen.values())


def _fits(phrase: str, count: int) -> bool:
    """Whether a phrase can stand: it has a letter, is no small word, and no name with a verb that once followed it."""
    if len(phrase) > LONGEST_CHARACTERS or not any(map(str.isalpha, phrase)):
        return False
    if phrase.lower() in words.name_openers() or (len(phrase) < 4 and phrase.isascii() and phrase.islower()):
        return False
    if count > 1:
        return True
    capitals = [word[0].isupper() for word in phrase.split(" ") if word not in words.name_joints()]
    return all(capitals) or (not any(capitals) and len(capitals) <= LONGEST_ONCE)


def _folded_surnames(counts: dict[str, int]) -> dict[str, int]:
    """Counts with a name's last word (`Zakharova`) counted for the whole name (`Maria Zakharova`)."""
    full = {
        phrase.rpartition(" ")[2]: phrase
        for phrase in sorted(counts, key=lambda each: (counts[each], each))
        if phrase.count(" ") in (1, 2) and phrase.istitle()
    }
    folded = dict(counts)
    for last, phrase in full.items():
        if last in folded and folded[last] > counts[phrase]:
            folded[phrase] = folded.pop(last)
    return folded


def _parts(phrase: str) -> list[str]:
    return phrase.split(" ") if phrase.isascii() or not _CJK.fullmatch(phrase) else list(phrase)


def _apart(counts: dict[str, int]) -> dict[str, int]:
    """Counts of each phrase outside the longer phrases it is part of (after Frantzi's C-value)."""
    nested: dict[str, int] = {}
    for phrase, count in counts.items():
        parts = _parts(phrase)
        space = " " if " " in phrase else ""
        for part in _grams(parts, len(parts) - 1, space) if len(parts) > 1 else ():
            nested[part] = max(nested.get(part, 0), count)
    return {phrase: count - nested.get(phrase, 0) for phrase, count in counts.items() if count > nested.get(phrase, 0)}


def _score(phrase: str, count: int) -> float:
    parts = _parts(phrase)
    length = min(len(parts), 3)
    weight = count * (0.6 if length == 1 else (1 + length) / 2)
    if phrase[0].isupper():
        weight *= NAME_WEIGHT
    return weight * VERB_WEIGHT if _VERB.search(parts[-1]) else weight


def _stem(phrase: str) -> str:
    """The phrase by which others that say the same are told: without plurals, in spaces so that words stay whole."""
    if not phrase.isascii() and _CJK.fullmatch(phrase):
        return phrase
    return f" {' '.join([word.removesuffix('s') for word in phrase.lower().split(' ')])} "


def keywords(draft: Draft) -> Draft:
    """The draft with its key phrases."""
    return replace(draft, keywords=key_phrases(draft.title, draft.text, draft.language))


KEYWORDS: Final = Enricher(name="keywords", version=1, run=keywords, fills=("keywords",))
