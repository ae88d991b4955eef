"""Articles for the browser: plain ones to find, and a hundred whose every field tries to run a script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from schemas.article import Cut, EnrichedArticle, Entity, Mention, Note, Topic

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
# Each is made to run something that a page can be asked about: `window.hit`.
_PAYLOADS = (
    "<script>window.hit={n}</script>",
    "</script><script>window.hit={n}</script>",
    "<img src=x onerror=window.hit={n}>",
    "<svg onload=window.hit={n}>",
    "<svg><script>window.hit={n}</script></svg>",
    "<iframe srcdoc='<script>parent.hit={n}</script>'></iframe>",
    "<details open ontoggle=window.hit={n}>",
    "<body onload=window.hit={n}>",
    "<input autofocus onfocus=window.hit={n}>",
    "<video><source onerror=window.hit={n}></video>",
    "<math><mtext></p><script>window.hit={n}</script>",
    "<style>@import 'javascript:window.hit={n}'</style>",
    "<link rel=stylesheet href=https://evil.example/{n}.css>",
    "<base href=https://evil.example/{n}/>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hit={n}'>",
    "<form action=javascript:window.hit={n}><button>x</button></form>",
    "<a href=javascript:window.hit={n} autofocus>x</a>",
    "{{{{constructor.constructor('window.hit={n}')()}}}}",
    "{{% set x = {n} %}}${{window.hit={n}}}",
    "\ue000<script>window.hit={n}</script>\ue001",
)
_WRAPS = ("{}", '"{}', "'>{}", "--><!--{}", "</title></textarea></style>{}")


def _article(number: int, title: str, text: str, **named: object) -> EnrichedArticle:
    date = START + timedelta(days=number % 20, minutes=number)
    given = {
        "id": f"{number:032x}",
        "version": round(date.timestamp() * 1000),
        "source": f"paper-{number % 3}",
        "origin": "https://news.example/feed",
        "url": f"https://news.example/{number}",
        "fetched_at": date,
        "title": {"en": title},
        "text": {"en": text},
        "published_at": date,
        "published_precision": "second",
        "date": date,
        "language": "en",
        "content_hash": f"{number:064x}",
        "words": len(text.split()),
        "enrichers": {"extract": 2},
    }
    return EnrichedArticle.model_validate({**given, **named})


def plain_articles(count: int = 40) -> Iterator[EnrichedArticle]:
    """Articles on talks in Geneva, with entities whose mentions overlap, a topic, and something cut above and below."""
    for number in range(count):
        text = (
            f"Maria Zakharova of the Russian Foreign Ministry spoke in Geneva, for the time number {number}.\n"
            "The arms control talks went on until Monday.\n"
            "Zakharova left."
        )
        yield _article(
            number,
            f"Talks in Geneva, day {number}",
            text,
            entities=[
                _entity("Q20812953", "Maria Zakharova", "person", text, "Maria Zakharova", "Zakharova"),
                _entity("place:russia", "Russia", "place", text, "Russian"),
                _entity("Q648666", "Russian Foreign Ministry", "organisation", text, "Russian Foreign Ministry"),
                _entity("Q71", "Geneva", "place", text, "Geneva"),
            ],
            people=["Maria Zakharova"],
            places=["Russia", "Geneva"],
            organisations=["Russian Foreign Ministry"],
            topics=[
                Topic(
                    id="medtop:20000639",
                    name="diplomacy",
                    score=0.8,
                    parents=("medtop:11000000",),
                    terms=("arms control", "talks"),
                )
            ],
            topic_ids=["medtop:11000000", "medtop:20000639"],
            cuts=[
                Cut(start=0, end=14, text="Share on Flurb", rule="share-bar", reason="names of networks"),
                Cut(start=400, end=409, text="Read more", rule="phrase", reason="a set phrase"),
            ],
            near=[f"00:{number:012x}"],
        )


def _entity(key: str, name: str, kind: str, text: str, *named: str) -> Entity:
    starts = [(text.find(one, at), one) for one in named for at in range(len(text)) if text.startswith(one, at)]
    unique = sorted(set(starts))
    mentions = tuple(Mention(start=start, end=start + len(one), text=one) for start, one in unique)
    return Entity.model_validate({"id": key, "name": name, "type": kind, "score": 0.9, "mentions": mentions})


def hostile_articles() -> Iterator[EnrichedArticle]:
    """A hundred articles with a payload in every field that a page shows."""
    payloads = [wrap.format(payload) for payload in _PAYLOADS for wrap in _WRAPS]
    for number, shape in enumerate(payloads, 1000):
        bad = shape.format(n=number)
        text = f"hostile {bad} text\n{bad}\nhostile end"
        yield _article(
            number,
            f"hostile {bad}",
            text,
            source=bad[:200],
            also_from=[bad],
            origin=f"javascript:window.hit={number}",
            url=f"javascript:window.hit={number}//{bad}",
            authors=[bad],
            entities=[
                Entity(
                    id=f"person:{bad}",
                    name=bad,
                    type="person",
                    score=0.5,
                    mentions=(Mention(start=8, end=8 + len(bad), text=bad),),
                )
            ],
            people=[bad],
            topics=[Topic(id="medtop:20000639", name=bad, score=0.5, terms=(bad,))],
            keywords=[bad],
            cuts=[Cut(start=0, end=3, text=bad, rule=bad, reason=bad)],
            notes=[Note(enricher="x", message=bad)],
            enrichers={bad: 1},
            tagger=bad,
        )
