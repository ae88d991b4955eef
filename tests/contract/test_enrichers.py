"""What every enricher keeps to: pure, deterministic, within its fields, and unshaken by any text."""

from __future__ import annotations

import functools
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrich import ENRICHERS, NoTextError, enrich
from processors.enrichers.draft import Draft, Enricher
from schemas.article import EnrichedArticle, RawArticle
from schemas.index import mapping
from tests.drafts import SEED_PATHS
from tests.fakes import TEXT, raw_article

ROOT = Path(__file__).parents[2]
SEEDS = {path.stem[:3]: path.read_text(encoding="utf-8") for path in SEED_PATHS}
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Talks end</title>
<meta property="article:published_time" content="2026-02-28T10:00:00Z"><script>var x = "</p>";</script></head>
<body><nav><a href="/">Home</a></nav><article><h1>Talks end</h1><p>{TEXT}</p><p>{TEXT[::-1]}</p></article></body>"""

PLAIN = {
    "empty": "",
    "blank": " \n\t\u00a0\u200b\n",
    "a word": "Geneva",
    "an article": TEXT,
    "many lines": "\n".join(TEXT.split(" ")),
    "punctuation": "… ,.;:!? «»“”()[]{}<>—–-_/\\|@#$%^&*+=~` '\"\n" * 20,
    "numbers": "1 22 333 4,444 5.5 -6 7/8 09:10 11-12-13 14.15.16 2026-13-45 99999999999999999999\n" * 10,
    "Arabic": "اجتمع الوزراء في جنيف يوم الاثنين. وقال المتحدث إن المحادثات كانت مفيدة.\n" * 5,
    "Hebrew among English": "The שרים met in ג'נבה on Monday, said דובר of the EU.\n" * 5,
    "Russian": "Министры встретились в Женеве в понедельник. Мария Захарова назвала переговоры полезными.\n" * 5,
    "Chinese": "部长们周一在日内瓦会晤。发言人说会谈很有用。" * 10,
    "Thai": "รัฐมนตรีพบกันที่เจนีวาในวันจันทร์ " * 10,
    "emoji": "👩‍👩‍👧‍👦 The 🇨🇭 minister 🤝🏽 met 🧑🏿‍🚀 in Geneva 😀.\n" * 10,
    "beyond the first plane": "𝕿𝖍𝖊 𝖒𝖎𝖓𝖎𝖘𝖙𝖊𝖗𝖘 met 𠮷野家 𐍈 in Geneva.\n" * 10,
    "combining marks": "T\u0301h\u0302e\u0308 m\u0327inisters e\u0301t Z\u0335a\u0336l\u0337g\u0338o\n" * 10,
    "control characters": "The\x00 min\x0bisters\x0c met\x1b[31m in\x85 Gene\u2028va\u2029 on\ufeff Mon\u202eday.\r\n"
    * 5,
    "HTML in text": PAGE,
    "broken HTML": "<p><b>The ministers <i>met</b> in </i>Geneva<br<br><div <table><td>&amp;&nbsp;&#xD800;&bogus;",
    "one endless word": "a" * 100_000,
    "one endless line": "The ministers met in Geneva " * 4_000,
    "capitals": TEXT.upper(),
    "addresses": "https://a.example/x?y=z mailto:a@b.example @handle #tag www.b.example\n" * 20,
    **SEEDS,
}
LARGE = (TEXT + "\n\n") * (2**20 // len(TEXT))
RAWS: dict[str, RawArticle] = {
    **{name: raw_article(text) for name, text in PLAIN.items()},
    "a page": raw_article(PAGE, content_type="text/html"),
    "a page cut short": raw_article(PAGE[:450], content_type="text/html"),
    "no page at all": raw_article(TEXT, content_type="text/html"),
    "everything told": raw_article(
        url="https://herald.example/2026/02/28/talks",
        title="Talks end in Geneva",
        authors=("Ann Lee",),
        published="2026-02-28T10:00:00+01:00",
        language="en",
        metadata={"section": "World"},
    ),
    "nonsense told": raw_article(
        title="\x00\u202e" * 50, authors=("", " "), published="the 32nd of Foo, 99999", language="no-such-language"
    ),
    "a title alone": raw_article("Talks end in Geneva", title="Talks end in Geneva"),
    "a megabyte": raw_article(LARGE),
}
BY_NAME = {enricher.name: enricher for enricher in ENRICHERS}
EACH = pytest.mark.parametrize("enricher", ENRICHERS, ids=BY_NAME)
ON_EACH = pytest.mark.parametrize("text", RAWS)


@functools.cache
def way(text: str) -> dict[str, tuple[Draft, Draft]]:
    """The draft before and after each enricher, along the tuple."""
    draft, steps = Draft(raw=RAWS[text]), {}
    for enricher in ENRICHERS:
        after = enricher.run(draft)
        steps[enricher.name] = draft, after
        draft = after
    return steps


@EACH
@ON_EACH
def test_it_fills_only_its_fields(enricher: Enricher, text: str) -> None:
    """An enricher survives any text, and changes nothing but the fields that it names."""
    before, after = way(text)[enricher.name]
    changed = {one.name for one in fields(Draft) if getattr(before, one.name) != getattr(after, one.name)}
    assert changed <= set(enricher.fills)


@EACH
@pytest.mark.parametrize("text", [name for name in RAWS if name != "a megabyte"])
def test_the_same_input_gives_the_same_output(enricher: Enricher, text: str) -> None:
    """An enricher run again on the same draft gives the same draft."""
    before, after = way(text)[enricher.name]
    assert enricher.run(before) == after


@EACH
def test_it_stands_alone_on_an_empty_draft(enricher: Enricher) -> None:
    """An enricher survives a draft in which those before it have filled nothing, as when they failed."""
    for text in ("empty", "an article", "a page"):
        assert isinstance(enricher.run(Draft(raw=RAWS[text])), Draft)


@ON_EACH
def test_offsets_hold(text: str) -> None:
    """Mentions stand in the clean text and cuts in the extracted one, exactly where they say; cuts do not overlap."""
    draft = way(text)[ENRICHERS[-1].name][1]
    for mention in (one for entity in draft.entities for one in entity.mentions):
        assert draft.text[mention.start : mention.end] == mention.text
        assert mention.text
    for cut in draft.cuts:
        assert draft.extracted[cut.start : cut.end] == cut.text
    ordered = sorted(draft.cuts, key=lambda cut: cut.start)
    assert all(one.end <= other.start for one, other in itertools.pairwise(ordered))


@ON_EACH
def test_nothing_is_cut_unseen(text: str) -> None:
    """Every character of the extracted text stands in the clean text or in a cut."""
    draft = way(text)[ENRICHERS[-1].name][1]
    kept = Counter("".join((draft.text, *(cut.text for cut in draft.cuts)))) - Counter()
    for white in [one for one in kept if one.isspace()]:
        del kept[white]
    whole = Counter(one for one in draft.extracted if not one.isspace())
    assert kept == whole


def strict(document: Any, properties: dict[str, Any], at: str = "$") -> None:
    """Fails where a document has a field that a strict mapping does not know."""
    for one in document if isinstance(document, list) else [document]:
        for name, value in one.items():
            assert name in properties, f"{at}.{name} has no mapping"
            if isinstance(value, (dict, list)) and "properties" in properties[name]:
                strict(value, properties[name]["properties"], f"{at}.{name}")


@ON_EACH
def test_the_whole_article_is_of_the_contract(text: str) -> None:
    """The enriched article validates, survives its own JSON, and each of its fields has its place in the index."""
    try:
        article = enrich(RAWS[text])
    except NoTextError:
        assert not way(text)[ENRICHERS[-1].name][1].text.strip()
        return
    written = article.model_dump_json()
    assert EnrichedArticle.model_validate_json(written) == article
    strict(json.loads(written), mapping()["properties"])
    assert not [note for note in article.notes if note.message.startswith("failed")]
    assert article.enrichers == {enricher.name: enricher.version for enricher in ENRICHERS}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["text/plain", "text/html"]), st.none() | st.text(max_size=40))
def test_no_text_breaks_an_enricher(content: str, content_type: str, told: str | None) -> None:
    """Whatever text and facts a source gives, no enricher fails, and offsets hold."""
    raw = raw_article(content, content_type=content_type, title=told, published=told, language=told)
    try:
        article = enrich(raw)
    except NoTextError:
        return
    (text,) = article.text.values()
    assert not [note for note in article.notes if note.message.startswith("failed")]
    for mention in (one for entity in article.entities for one in entity.mentions):
        assert text[mention.start : mention.end] == mention.text


# Notes what a pure function must not do, and shows another time of day from everything that Python calls a clock.
_CHILD = """
import datetime, json, sys, time
import dateutil.parser, numpy, pydantic, trafilatura, py3langid

seen, shift = [], float(sys.argv[1])
forbidden = ("socket.", "subprocess.", "os.exec", "os.system", "os.remove", "os.rename", "os.mkdir", "urllib.")

def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event.startswith(forbidden):
        seen.append(f"{event} {args}"[:200])

def moved(real):
    class Kind(type(real)):
        def __instancecheck__(cls, one):
            return isinstance(one, real)
    class Moved(real, metaclass=Kind):
        @classmethod
        def now(cls, zone=None):
            return real.fromtimestamp(moved_time(), zone)
        @classmethod
        def utcnow(cls):
            return cls.now(datetime.timezone.utc).replace(tzinfo=None)
        @classmethod
        def today(cls):
            return real.fromtimestamp(moved_time())
    return Moved

clock = time.time
def moved_time():
    return clock() + shift
if shift:
    time.time, time.time_ns = moved_time, lambda: int(moved_time() * 1e9)
    datetime.datetime, datetime.date = moved(datetime.datetime), moved(datetime.date)

from processors.enrich import NoTextError, enrich, warm_up
from schemas.article import RawArticle
warm_up()
sys.addaudithook(watch)
made = {}
for line in sys.stdin:
    name, raw = json.loads(line)
    try:
        made[name] = enrich(RawArticle.model_validate_json(raw)).model_dump_json()
    except NoTextError:
        made[name] = None
print(json.dumps({"seen": seen, "made": made}))
"""


def elsewhere(names: list[str], shift: float, hash_seed: int) -> dict[str, Any]:
    """What another process makes of the articles, in this order, with its clock so many seconds off."""
    lines = "".join(json.dumps([name, RAWS[name].model_dump_json()]) + "\n" for name in names)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(shift)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        input=lines,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_neither_clock_nor_order_nor_process_counts_and_nothing_is_touched() -> None:
    """Another process, thirty years later, in another order, makes the same bytes; none opens a socket or writes."""
    names = [name for name in RAWS if name != "a megabyte"]
    now = elsewhere(names, 0, hash_seed=1)
    later = elsewhere(names[::-1], 30 * 365.25 * 86400, hash_seed=2)
    assert now["seen"] == later["seen"] == []
    for name in names:
        assert now["made"][name] == later["made"][name], name


_THREADS = "import psutil, processors.enrich; processors.enrich.warm_up(); print(psutil.Process().num_threads())"


def test_enriching_takes_one_core() -> None:
    """A process that enriches has one thread: those of numpy cost more than they give where there is other work."""
    done = subprocess.run(
        [sys.executable, "-c", _THREADS],
        env={name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    assert int(done.stdout) == 1


def test_enrichers_are_told_apart() -> None:
    """Each enricher has a name of its own, a version from 1 up, and fields of the draft that it fills."""
    assert len(BY_NAME) == len(ENRICHERS)
    known = {one.name for one in fields(Draft)} - {"raw"}
    for enricher in ENRICHERS:
        assert enricher.version >= 1
        assert enricher.fills
        assert set(enricher.fills) <= known
