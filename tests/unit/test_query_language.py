"""What a person types is read into a tree, or refused with a pointer to the place and the right form."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.search import topics
from desk.search.dates import DateError, span, written
from desk.search.language import MOST_CHARACTERS, MOST_CLAUSES, MOST_DEPTH, MOST_NEARS, parse, pointer
from desk.search.leaves import MOST_PREFIXES
from desk.search.nodes import And, Dates, Everything, Named, Near, Node, Not, Or, Phrase, Prefix, QueryError, Word
from desk.search.readas import read_as
from tests.fakes import quick

NOW = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)
HOSTILE = Path(__file__).parents[1] / "data" / "queries" / "hostile.txt"
# What the language is made of: most texts of these come near to something that can be read.
PIECES = (
    *(
        "a",
        "war",
        "Путин",
        "北京",
        "é",
        "🙂",
        "x-y",
        "U.S.",
        "de*",
        "Q7",
        "or",
        "2026-11",
        "?",
        "'",
        "^2",
        "\u202e",
        "\0",
    ),
    *(
        '"',
        '"',
        "“",
        "«",
        "»",
        "(",
        ")",
        " ",
        " ",
        " ",
        " OR ",
        " AND ",
        " NOT ",
        " -",
        "|",
        " NEAR/5 ",
        "~5",
        "*",
        "=",
    ),
    *(
        "title:",
        "body:(",
        "source:",
        "lang:en",
        "topic:",
        "since:7d",
        "date:2026..",
        "id:",
        "foo:",
        "url:",
        ",",
        ":",
        "..",
    ),
    *("https://x.y/z", "medtop:20000639", "\ud800", "\u200b"),
)
typed = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=16).map("".join))


def day(number: int) -> datetime:
    """A day of November 2026, at midnight."""
    return datetime(2026, 11, number, tzinfo=UTC)


def refusal(text: str) -> QueryError | None:
    """Why a text is no query; none where it is one."""
    try:
        parse(text, NOW)
    except QueryError as error:
        return error
    return None


def words(*texts: str) -> tuple[Node, ...]:
    """Words without a field."""
    return tuple(Word(text) for text in texts)


READ: dict[str, Node] = {
    "": Everything(),
    " *  - & ...": Everything(),
    "war": Word("war"),
    "war peace": And(words("war", "peace")),
    "war AND peace && talks": And(words("war", "peace", "talks")),
    "war, peace! (talks)": And(words("war", "peace", "talks")),
    '"arms control"': Phrase("arms control"),
    "“arms control”": Phrase("arms control"),
    "«arms „control»": Phrase("arms „control"),
    '"war"': Word("war"),
    '"arms control"~5': Phrase("arms control", within=5),
    "anti-missile": Phrase("anti-missile"),
    "O'Brien": Word("O'Brien"),
    "10:30": Phrase("10:30"),
    "a OR b": Or(words("a", "b")),
    "a | b || c": Or(words("a", "b", "c")),
    "a|b": Or(words("a", "b")),
    "a b OR c": Or((And(words("a", "b")), Word("c"))),
    "a (b OR c)": And((Word("a"), Or(words("b", "c")))),
    "a or b": And(words("a", "or", "b")),
    "-a": Not(Word("a")),
    "!a": Not(Word("a")),
    "NOT a": Not(Word("a")),
    "+a b": And(words("a", "b")),
    "a -b -c": And((Word("a"), Not(Word("b")), Not(Word("c")))),
    "NOT NOT a": Word("a"),
    "-(a OR b)": Not(Or(words("a", "b"))),
    "a - b": And(words("a", "b")),
    "a -- b": And(words("a", "b")),
    "clima*": Prefix("clima"),
    "a NEAR/5 b": Near(Word("a"), Word("b"), 5),
    "a w/5 b near/2 c": Near(Near(Word("a"), Word("b"), 5), Word("c"), 2),
    "(a OR b) NEAR/5 c": Near(Or(words("a", "b")), Word("c"), 5),
    "title:(a NEAR/5 b)": Near(Word("a", "title"), Word("b", "title"), 5),
    "title:war": Word("war", "title"),
    "headline:war": Word("war", "title"),
    'body:"arms control"': Phrase("arms control", "body"),
    "title:(war -peace)": And((Word("war", "title"), Not(Word("peace", "title")))),
    "-title:war": Not(Word("war", "title")),
    "TITLE:war,peace": Or((Word("war", "title"), Word("peace", "title"))),
    "lang:en,Russian": Or((Named("lang", "en", "exact"), Named("lang", "ru", "exact"))),
    "language:pt-BR": Named("lang", "pt-br", "exact"),
    'source:"The Herald"': Named("source", "The Herald"),
    "source:=abc,herald": Or((Named("source", "abc", "exact"), Named("source", "herald"))),
    "source:(abc OR bbc)": Or((Named("source", "abc"), Named("source", "bbc"))),
    'person:="Vladimir Putin"': Named("person", "Vladimir Putin", "exact"),
    "person:put*": Named("person", "put", "prefix"),
    "person:Q7747": Named("person", "Q7747"),
    "person:maria-zakharova": Named("person", "maria-zakharova"),
    "entity:person:maria-zakharova": Named("entity", "person:maria-zakharova"),
    "organization:nato": Named("org", "nato"),
    "country:france": Named("place", "france"),
    "topic:diplomacy": Named("topic", "medtop:20000639", "exact"),
    "topic:Diplomacy": Named("topic", "medtop:20000639", "exact"),
    "topic:medtop:20000639": Named("topic", "medtop:20000639", "exact"),
    "topic:20000639": Named("topic", "medtop:20000639", "exact"),
    "medtop:20000639": Named("topic", "medtop:20000639", "exact"),
    "topic:relations": Named("topic", "relations"),
    "https://a.example/b?c=1,2": Named("url", "https://a.example/b?c=1,2", "exact"),
    "(https://a.example/b(c))": Named("url", "https://a.example/b(c)", "exact"),
    "url:a.example": Named("url", "a.example", "exact"),
    f"id:{'0A' * 16}": Named("id", "0a" * 16, "exact"),
    "since:2026-11-01": Dates(day(1)),
    "since:7d": Dates(NOW.replace(second=0, day=15)),
    "since:24h": Dates(NOW.replace(second=0, day=21)),
    "since:yesterday": Dates(day(21)),
    "until:2026-11-01": Dates(None, day(2)),
    "until:2026-11-01T10:30": Dates(None, datetime(2026, 11, 1, 10, 31, tzinfo=UTC)),
    "date:2026-11": Dates(day(1), datetime(2026, 12, 1, tzinfo=UTC)),
    "date:2026": Dates(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    "date:2026-11-01..2026-11-03": Dates(day(1), day(4)),
    "date:20261101..": Dates(day(1)),
    "date:..2026/11/01": Dates(None, day(2)),
    "date:2026-11-01T10:30+02:00": Dates(
        datetime(2026, 11, 1, 8, 30, tzinfo=UTC), datetime(2026, 11, 1, 8, 31, tzinfo=UTC)
    ),
}


@pytest.mark.parametrize(("text", "meant"), READ.items(), ids=repr)
def test_a_query_is_read_as_it_was_meant(text: str, meant: Node) -> None:
    """Words, phrases, operators, fields, lists and dates in every common spelling become the same tree."""
    assert parse(text, NOW).root == meant


WRONG: dict[str, tuple[str, str | None]] = {
    "war tile:x": ("tile:", "war title:x"),
    "foobarbaz:x": ("foobarbaz:", "foobarbaz x"),
    'war "arms control': ('"', 'war "arms control"'),
    "(war OR peace": ("(", "(war OR peace)"),
    "war) peace": (")", "war peace"),
    "() war": ("()", "war"),
    'war ""': ('""', "war"),
    "title: war": ("title:", "title:war"),
    "war title:": ("title:", "war"),
    "OR war": ("OR", "war"),
    "war OR": ("OR", "war"),
    "war OR OR peace": ("OR", "war OR peace"),
    "AND war": ("AND", "war"),
    "OR": ("OR", '"OR"'),
    "NOT": ("NOT", '"NOT"'),
    "a NEAR/5": ("NEAR/5", "a"),
    "a NEAR/500 b": ("500", "a NEAR/100 b"),
    '"a b"~0': ("0", '"a b"~1'),
    "title:a NEAR/5 b": ("title:a NEAR/5 b", "title:(a NEAR/5 b)"),
    "(a b) NEAR/5 c": ("(a b)", None),
    "x*": ("x*", "x"),
    "*climate": ("*climate", "climate"),
    "cli*ate": ("cli*ate", "cli*"),
    "anti-miss*": ("anti-miss*", '"anti-" miss*'),
    '"climat* change"': ('"climat* change"', "climat* change"),
    "war~2 talks": ("war~2", "war talks"),
    "war^3": ("war^3", "war"),
    "source:-abc": ("-", "-source:abc"),
    "lang:en, fr": (", ", "lang:en,fr"),
    "lang:englsh": ("englsh", "lang:english"),
    "lang:klingonese": ("klingonese", None),
    "topic:99999999": ("99999999", None),
    "id:123": ("123", None),
    "date:13.11.2026": ("13.11.2026", "date:2026-11-13"),
    "date:01/02/2026": ("01/02/2026", None),
    "since:soon": ("soon", None),
    "since:3m": ("3m", "since:3mo"),
    "since:2026-02-30": ("2026-02-30", None),
    "since:999999999d": ("999999999d", None),
    "since:2026..2027": ("2026..2027", "date:2026..2027"),
    "date:2027..2026": ("2027..2026", "date:2026..2027"),
    "title:(a source:b)": ("source:", None),
}


@pytest.mark.parametrize(("text", "where", "mend"), [(text, *told) for text, told in WRONG.items()], ids=repr)
def test_what_is_wrong_is_pointed_at_and_mended(text: str, where: str, mend: str | None) -> None:
    """An error stands at the characters that are wrong, and its mend is a query that can be read."""
    with pytest.raises(QueryError) as caught:
        parse(text, NOW)
    error = caught.value
    assert (text[error.at : error.at + error.length], error.mend) == (where, mend)
    assert error.message
    if mend is not None:
        parse(mend, NOW)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("war or peace", "or in small letters is a word like any other: write OR"),
        ("not war", "not in small letters is a word like any other: write NOT"),
        ("a b OR c", "AND binds closer than OR: brackets say it otherwise"),
        ("Q7747", "Q7747 is looked for as a word: entity:Q7747 means what Wikidata calls so"),
    ],
)
def test_what_may_have_been_meant_otherwise_is_said(text: str, hint: str) -> None:
    """Small operators, mixed precedence and a lone code are read as they stand, with a hint."""
    assert parse(text).hints == (hint,)


@pytest.mark.parametrize("text", ["war peace", "(a b) OR c", '"or" b', "a OR b", "lang:en", ""])
def test_what_is_plain_gets_no_hint(text: str) -> None:
    """A query that says what it means is not commented on."""
    assert parse(text).hints == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "*"),
        ("a b OR c -d", "(a AND b) OR (c AND NOT d)"),
        ("a or b", 'a AND "or" AND b'),
        ("anti-missile", '"anti-missile"'),
        ("lang:en,french", "lang:en,fr"),
        ("topic:20000639", "topic:diplomacy"),
        ("topic:medtop:04000000", 'topic:"economy, business and finance"'),
        ('org:="ООО «Ромашка»"', 'org:="ООО «Ромашка»"'),
        ('org:=«The "Foo" Club»', 'org:=«The "Foo" Club»'),
        ("since:7d", "since:2026-11-15T12:34Z"),
        ("date:2026-11", "date:2026-11-01..2026-11-30"),
        ("date:2026-11-01", "date:2026-11-01"),
        ("until:2026-11-01T10", "until:2026-11-01T10:59Z"),
        ("title:(a NEAR/5 (b OR c))", "title:a NEAR/5 (title:b OR title:c)"),
    ],
)
def test_how_a_query_was_read_is_said_in_full(text: str, said: str) -> None:
    """It is told in the language itself, with every AND, bracket, code's name and date written out."""
    assert read_as(parse(text, NOW)) == said


@given(typed)
@quick
def test_no_text_makes_anything_but_a_query_or_an_error_that_points_into_it(text: str) -> None:
    """Whatever is typed is read, or refused with a place in it; a chain of mends ends in a query or without one."""
    tried = {text}
    while error := refusal(text):
        assert 0 <= error.at <= len(text)
        assert set(pointer(error, text).rpartition("\n")[2]) <= {" ", "^"}
        if error.mend is None:
            break
        text = error.mend
        assert text not in tried
        tried.add(text)


@given(typed)
@quick
def test_what_was_read_means_the_same_when_it_is_read_again(text: str) -> None:
    """The query as it was understood is a query with the same tree, and is understood as it stands."""
    try:
        query = parse(text, NOW)
    except QueryError:
        return
    said = read_as(query)
    assert parse(said, NOW) == query
    assert read_as(parse(said, NOW)) == said


def test_a_query_has_bounds() -> None:
    """More characters, clauses, brackets or prefixes than allowed are refused; as many as allowed are read."""
    most = [
        ("a" * MOST_CHARACTERS, "a" * (MOST_CHARACTERS + 1)),
        ("a " * MOST_CLAUSES, "a " * (MOST_CLAUSES + 1)),
        ("source:" + ",".join("a" * MOST_CLAUSES), "source:" + ",".join("a" * (MOST_CLAUSES + 1))),
        ("(" * MOST_DEPTH + "a" + ")" * MOST_DEPTH, "(" * (MOST_DEPTH + 1) + "a" + ")" * (MOST_DEPTH + 1)),
        ("aa* " * MOST_PREFIXES, "aa* " * (MOST_PREFIXES + 1)),
        ("a NEAR/2 " * MOST_NEARS + "a", "a NEAR/2 " * (MOST_NEARS + 1) + "a"),
        (f'"{"a " * MOST_CLAUSES}"', f'"{"a " * (MOST_CLAUSES + 1)}"'),
        ("大" * MOST_CLAUSES, "大" * (MOST_CLAUSES + 1)),
        ("url:" + "a" * 800, "url:" + "a" * 801),
    ]
    for allowed, too_much in most:
        parse(allowed)
        with pytest.raises(QueryError, match="at most"):
            parse(too_much)


def test_a_terminal_shows_the_place_under_the_query() -> None:
    """Two lines: the query without controls, and marks under what is wrong."""
    text = "war\x1b tile:x"
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert pointer(caught.value, text) == "war  tile:x\n     ^^^^^"


@pytest.mark.parametrize("line", HOSTILE.read_text(encoding="utf-8").splitlines())
def test_hostile_texts_are_read_or_refused(line: str) -> None:
    """Two hundred texts that broke other search boxes become a query that can be sent, or an error with its place."""
    text = line.encode("ascii").decode("unicode_escape")
    error = refusal(text)
    if error is None:
        read_as(parse(text)).encode()
    else:
        assert error.at <= len(text)
        assert error.message


def test_topics_are_known_by_name_and_code() -> None:
    """A unique name gives its code in any case; a retired code gives its successor; the tree goes up and down."""
    assert topics.code_of("DIPLOMACY") == "medtop:20000639"
    assert topics.code_of("no such topic") is None
    assert topics.name_of("medtop:20000639") == "diplomacy"
    assert topics.name_of("medtop:99999999") == "medtop:99999999"
    (*_, above) = topics.parents_of("medtop:20000639")
    assert "medtop:20000639" in topics.children_of(above)
    assert topics.topic("medtop:20000030") == topics.topic("medtop:20000029")
    commodities = topics.topic("medtop:20000389")  # it was "soft commodity"
    assert commodities
    assert commodities.name == "commodity market"
    assert all(not topics.parents_of(code) for code in topics.children_of())
    assert "diplomacy" in topics.names()


moments = st.datetimes(datetime(1000, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds)


@given(moments, moments)
@quick
def test_a_span_that_is_written_is_read_again(one: datetime, other: datetime) -> None:
    """A span of whole seconds means the same after it was written as a clause."""
    since, until = sorted(moment.replace(microsecond=0) for moment in (one, other))
    if since < until:
        assert parse(written(since, until)).root == Dates(since, until)
    assert parse(written(since, None)).root == Dates(since)
    assert parse(written(None, until)).root == Dates(None, until)


@given(st.text(alphabet=string.digits + "-:/.TZ+dhwmoy ", max_size=24))
@quick
def test_no_date_makes_anything_but_a_span_or_an_error(text: str) -> None:
    """Whatever stands for a date is a span whose start is before its end, or is refused."""
    try:
        start, end = span(text, NOW)
    except DateError:
        return
    assert end is None or start < end
