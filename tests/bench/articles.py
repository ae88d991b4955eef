"""The articles that the bench works on: real ones from a file, else made up from a seed.

`tests/generator.py` makes small records that tests tell apart by their numbers. These here are to cost what real ones
do: lengths, vocabulary, names, languages, copies and page furniture as on a wire.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path

from producers import sources
from producers.reading import Refusal
from schemas.article import RawArticle
from schemas.identity import article_id
from schemas.source import SourceSpec
from tests.bench.words import Pool, names, vocabulary

_DATA = Path(__file__).parents[1] / "data"
_SEEDS = Path(__file__).parents[2] / "seeds" / "articles"
_LANGUAGES = ("en",) * 12 + ("de", "fr", "es", "ru", "ar", "pt", "it", "sv")
_MEDIAN_CHARACTERS, _SIGMA = 3000, 0.6
_SHORTEST, _LONGEST = 300, 30_000
_COPIES = 0.08
_FURNISHED = 0.5
_RECENT = 200
_SOURCES = 200
_PARAGRAPH = 3


class Newsroom:
    """Writes articles: real sentences recombined, with names and words of its own. One seed gives the same ones."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._sentences, self._furniture = _sentences()
        self._people = Pool(names("person", 20_000, 2), self._chance)
        self._bodies = Pool(names("organisation", 5_000, 3), self._chance)
        self._places = Pool(names("place", 2_000, 1), self._chance)
        self._words = Pool(vocabulary(100_000), self._chance)
        self._recent: list[tuple[str, str, str]] = []

    def articles(self, fetched_at: datetime | None = None) -> Iterator[RawArticle]:
        """Articles without end, each with an address of its own, fetched at that moment or else now."""
        for number in count():
            language, title, text = self._story()
            address = f"https://news.example/{self._seed}/{number}"
            yield RawArticle(
                id=article_id(address, text),
                source=f"source-{int(_SOURCES * self._chance.random() ** 3)}",
                origin="bench",
                url=address,
                title=title,
                content=text,
                language=language,
                fetched_at=fetched_at or datetime.now(UTC),
            )

    def _story(self) -> tuple[str, str, str]:
        chance = self._chance
        if self._recent and chance.random() < _COPIES:
            return chance.choice(self._recent)
        language = chance.choice(_LANGUAGES)
        wanted = min(max(chance.lognormvariate(0, _SIGMA) * _MEDIAN_CHARACTERS, _SHORTEST), _LONGEST)
        sentences, length = list[str](), 0
        while length < wanted:
            sentences.append(self._sentence(language))
            length += len(sentences[-1]) + 1
        lines = [" ".join(sentences[at : at + _PARAGRAPH]) for at in range(0, len(sentences), _PARAGRAPH)]
        story = language, f"{self._people.some(1)[0]}: {sentences[0][:60]}", "\n".join(self._furnished(lines, language))
        self._recent = [*self._recent[1 - _RECENT :], story]
        return story

    def _sentence(self, language: str) -> str:
        """A real sentence, every second one with someone or something named and a few words of the long tail."""
        chance, real = self._chance, self._chance.choice(self._sentences[language])
        if chance.random() < 0.5:
            return real
        person, body, place = (pool.some(1)[0] for pool in (self._people, self._bodies, self._places))
        tail = " ".join(self._words.some(3))
        stem = real.rstrip(".。!?")
        return chance.choice(
            (f"{stem}, {person} {tail}.", f"{stem}, {body} {tail} {place}.", f"{person} ({body}): {stem} {tail}.")
        )

    def _furnished(self, lines: list[str], language: str) -> list[str]:
        furniture = self._furniture[language]
        if not furniture or self._chance.random() > _FURNISHED:
            return lines
        return [self._chance.choice(furniture), *lines, *self._chance.choices(furniture, k=2)]


class NoArticlesError(ValueError):
    """A file holds no article that can be taken; the message says which file, and why."""


class Corpus:
    """Articles to take from, never the same one twice: after the last of a file come the first ones under new ids.

    Args:
        path: JSON Lines, also `.gz`, as `wiredesk feed files` reads them, the first of an id; none for made-up ones.
        seed: of the made-up ones.
    """

    def __init__(self, path: Path | None = None, seed: int = 1) -> None:
        self._articles = Newsroom(seed).articles() if path is None else _again_and_again(path)

    def take(self, number: int) -> list[RawArticle]:
        """The next so many.

        Raises:
            NoArticlesError: the file holds none that can be taken.
        """
        return list(islice(self._articles, number))


def _again_and_again(path: Path) -> Iterator[RawArticle]:
    for lap in count():
        reason, seen = "it holds none", set[str]()
        for one in sources.read(SourceSpec(name="bench", kind="files", path=str(path)), datetime.now(UTC), 2**22):
            if isinstance(one, Refusal):
                reason = f"{one.place}: {one.reason}"
            elif one.id not in seen:
                seen.add(one.id)
                yield one if lap == 0 else again(one, lap)
        if not seen:
            raise NoArticlesError(f"no articles in {path}: {reason}")


def again(article: RawArticle, lap: int) -> RawArticle:
    """The same article once more, under an address and an id of its own."""
    address = f"https://lap-{lap}.example/{article.id}"
    return article.model_copy(update={"url": address, "id": article_id(address, article.content)})


def _sentences() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Sentences and furniture by language, of the texts that the repository holds."""
    sentences, furniture = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for line in _lines("furniture/build.jsonl"):
        one = json.loads(line)
        for kind, text in one["lines"]:
            (furniture if kind == "f" else sentences)[one["language"]].append(text)
    for name in ("topics/build.jsonl", "topics/teasers.jsonl"):
        sentences["en"] += (part for line in _lines(name) for part in _parts(json.loads(line)["text"]))
    language = ""
    for line in _lines("language/news.txt"):
        if line.startswith("["):
            language = line.strip("[]")
        elif not line.startswith("#"):
            sentences[language].append(f"{line}.")
    for path in sorted(_SEEDS.glob("*.txt")):
        sentences["en"] += _parts(path.read_text(encoding="utf-8"))
    return sentences, furniture


def _lines(name: str) -> list[str]:
    return (_DATA / name).read_text(encoding="utf-8").splitlines()


def _parts(text: str) -> list[str]:
    return [one for one in re.split(r"(?<=[.?!])\s+", text) if one]
