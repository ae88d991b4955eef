"""How many articles of 4 KB a core enriches in a second, beside spaCy where it is installed; memory and start.

All rates are of one thread and of processor time. Contenders take turns over the same articles for `ROUNDS` rounds;
the median counts.
"""

from __future__ import annotations

import html
import importlib.util
import json
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from processors.enrich import ENRICHERS, enrich
from processors.enrichers.draft import Draft
from processors.training.corpora import plain_texts
from schemas.article import RawArticle
from schemas.identity import article_id
from tests.eval.figure import Figure

SIZE = 4000
PARAGRAPH = 3
MOST_ARTICLES = 150
ROUNDS = 5
# What finding names does not need is left out of spaCy's pipelines, so that they are compared at their best.
BESIDE_NAMES = ["tagger", "parser", "attribute_ruler", "lemmatizer", "morphologizer", "senter"]
_STARTED = """
import time
began = time.monotonic()
from processors.enrich import warm_up
warm_up()
ready = time.monotonic() - began
import json, sys
from processors.enrich import enrich
from schemas.article import RawArticle
for line in sys.stdin:
    enrich(RawArticle.model_validate_json(line))
# The peak since this program began: what getrusage tells also counts the process that it was made from.
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"ready": ready, "memory": int(peak) / 1024}))
"""


def articles(data: Path) -> list[RawArticle]:
    """English articles of `SIZE` characters in paragraphs, of MASC: news, essays, letters, fiction and talk."""
    sentences = [one.text for document in plain_texts(data) for one in document.sentences]
    text = "\n".join(" ".join(sentences[at : at + PARAGRAPH]) for at in range(0, len(sentences), PARAGRAPH))
    whole = [text[at : at + SIZE] for at in range(0, len(text) - SIZE, SIZE)]
    random.Random(1).shuffle(whole)
    return [_raw(text, "text/plain") for text in whole[:MOST_ARTICLES]]


def page(article: RawArticle) -> RawArticle:
    """The article as an HTML page: its lines as paragraphs, among a menu, related links and a footer."""
    links = "".join(f'<li><a href="/{number}">Another headline, number {number}</a></li>' for number in range(40))
    story = "".join(f"<p>{html.escape(line)}</p>" for line in article.content.splitlines())
    text = (
        "<!doctype html><html><head><title>A story</title><script>var a = 1;</script></head><body>"
        f"<nav><ul>{links}</ul></nav><main><article><h1>A story</h1>{story}</article></main>"
        f"<aside><h2>Read more</h2><ul>{links}</ul></aside><footer>Contact us</footer></body></html>"
    )
    return _raw(text, "text/html")


def _raw(text: str, content_type: str) -> RawArticle:
    return RawArticle(
        id=article_id(None, text),
        source="eval",
        origin="",
        content=text,
        content_type=content_type,
        fetched_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def speed(data: Path, spacy: str) -> Iterator[Figure]:
    """Rates of each enricher, of the whole, and of spaCy; then what a fresh process needs."""
    plain = articles(data)
    pages = [page(one) for one in plain[:50]]
    contenders = {"whole, plain text": lambda: _all(plain), "whole, HTML pages": lambda: _all(pages)}
    contenders |= _spacy([one.content for one in plain], spacy)
    counts = {"whole, HTML pages": len(pages)}
    for run in contenders.values():
        run()  # what is learned of words at their first sight is the same for all
    spent, steps = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            spent[name].append(_time(run) / counts.get(name, len(plain)))
        for name, seconds in _each(plain).items():
            steps[name].append(seconds / len(plain))
    wanted = {"whole, plain text": 150.0, "whole, HTML pages": 60.0}
    for name, seconds in [*steps.items(), *spent.items()]:
        count = counts.get(name, len(plain))
        yield Figure("speed", f"{SIZE} characters", name, 1 / median(seconds), count, "articles/s", wanted.get(name))
    yield _ratio(spent, spacy, len(plain))
    yield from _process(plain)


def _all(some: list[RawArticle]) -> None:
    for one in some:
        enrich(one)


def _each(some: list[RawArticle]) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    for one in some:
        draft = Draft(raw=one)
        for enricher in ENRICHERS:
            began = time.thread_time()
            draft = enricher.run(draft)
            spent[enricher.name] += time.thread_time() - began
    return spent


def _time(run: Callable[[], None]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def _spacy(texts: list[str], name: str) -> dict[str, Callable[[], None]]:
    if importlib.util.find_spec("spacy") is None:
        return {}
    import spacy

    def run(pipeline: spacy.Language) -> Callable[[], None]:
        return lambda: [None for _ in pipeline.pipe(texts)] and None

    found = {"spaCy, blank tokenizer": run(spacy.blank("en"))}
    if name:
        found[f"spaCy, {Path(name).name}"] = run(spacy.load(name, exclude=BESIDE_NAMES))
    return found


def _ratio(spent: dict[str, list[float]], name: str, count: int) -> Figure:
    measure = "times a spaCy pipeline's names alone"
    theirs = spent.get(f"spaCy, {Path(name).name}") if name else None
    if theirs is None:
        remark = "no model named with --spacy"
        return Figure("speed", f"{SIZE} characters", measure, None, 0, "times", wanted=5, remark=remark)
    value = median(theirs) / median(spent["whole, plain text"])
    remark = f"of {Path(name).name}"
    return Figure("speed", f"{SIZE} characters", measure, value, count, "times", wanted=5, remark=remark)


def _process(some: list[RawArticle]) -> Iterator[Figure]:
    lines = "\n".join(one.model_dump_json() for one in some)
    done = subprocess.run([sys.executable, "-c", _STARTED], input=lines, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    yield Figure("process", "a fresh one", "ready after", told["ready"], 1, "s", wanted=3, at_least=False)
    name = f"after {len(some)} articles"
    yield Figure("process", name, "most memory", told["memory"], len(some), "MB", wanted=400, at_least=False)
