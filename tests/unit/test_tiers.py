"""Any model behind the tagger's interface: names end where words do, texts fit what it takes, errors say enough."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.cli import _run
from desk.failure import Exit
from desk.loaded import Loaded
from processors.enrich import chosen, enrich, enrichers_with
from processors.enrichers.entities import ENTITIES, entities
from processors.tagger.tokens import Tokens, tokenize
from processors.tiers.check import check, is_named
from processors.tiers.choose import choose
from processors.tiers.labels import kind_of, known
from processors.tiers.tier import WIREDESK, Found, Tagged, Tier, aligned, of_model
from processors.tiers.windows import windows
from schemas.settings import SettingsError
from tests.drafts import draft
from tests.fakes import TEXT, quick, raw_article, unit_settings

NAMES = {
    "Merkel": "person",
    "Ankara": "place",
    "日内瓦": "place",
    "푸틴": "person",
    "the European Union": "organisation",
}


def finder(*names: Found) -> Callable[[str], Iterable[Found]]:
    """A model that finds the same in every text."""
    return lambda _: names


def knower(text: str) -> list[Found]:
    """A model that knows some names by heart, exactly as far as they go."""
    return [
        Found(at, at + len(name), kind, 0.9)
        for name, kind in NAMES.items()
        for at in range(len(text))
        if text.startswith(name, at)
    ]


def named(text: str, found: Iterable[Found] | None = None) -> list[str]:
    """What stands in the text for each name that is found."""
    model = finder(*found) if found is not None else knower
    tokens, spans = aligned(model, text, tokenize(text))
    return [text[tokens.starts[span.first] : tokens.ends[span.last - 1]] for span in spans]


KNOWER = of_model("fake:knower", None, knower)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Merkel went.", ["Merkel"]),
        ("Merkels Rede", ["Merkels"]),
        ("Anti-Merkel-Protest", ["Merkel"]),
        ("Ankara'da toplandı", ["Ankara"]),
        ("Ankara’da toplandı", ["Ankara"]),
        ("部长们周一在日内瓦会晤。", ["日内瓦"]),
        ("푸틴은 말했다", ["푸틴"]),
        ("In the European Union's view", ["European Union"]),
        ("President Merkel spoke", ["Merkel"]),
        ("nothing of that sort", []),
        ("", []),
    ],
)
def test_a_name_ends_where_its_word_does(text: str, names: list[str]) -> None:
    """A name takes in the rest of its word, except behind an apostrophe and in scripts without spaces."""
    assert named(text) == names


def test_titles_articles_and_marks_are_not_of_a_name() -> None:
    """What models put around names is taken off, so that a name is the same one everywhere."""
    text = '"President Angela Merkel," of the World Bank\'s'
    found = [Found(1, 25, "person", 0.9), Found(30, len(text), "organisation", 0.9)]
    assert named(text, found) == ["Angela Merkel", "World Bank"]


def test_what_has_no_capital_is_no_name() -> None:
    """A model that takes common words for names is not believed, in a script that has capitals."""
    text = "The ministers met in 2024 at iPhone hall"
    words = [Found(4, 13, "person", 0.9), Found(21, 25, "event", 0.9), Found(29, 35, "organisation", 0.9)]
    assert named(text, words) == ["iPhone"]


def test_the_words_that_no_name_divides_stay_as_they_were() -> None:
    """Only a word in which a name begins or ends is cut, and nothing of the text is lost with it."""
    text = "O'Neill in Ankara'da, U.S. officials"
    before = tokenize(text)
    after, _ = aligned(knower, text, before)
    assert [word for word in before.words if word not in after.words] == ["Ankara'da"]
    assert [word for word in after.words if word not in before.words] == ["Ankara", "'da"]
    assert aligned(finder(), text, before).tokens == before


TEXTS = st.text(alphabet="Ab'’.-  \n\u0301é日푸1", max_size=60)


@st.composite
def text_and_names(chance: st.DrawFn) -> tuple[str, list[Found]]:
    """A text, and names anywhere in it, over each other and empty ones too."""
    text = chance(TEXTS)
    edges = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    kinds = st.sampled_from(["person", "organisation", "place", "event"])
    pairs = chance(st.lists(st.tuples(edges, kinds), max_size=6))
    return text, [Found(min(pair), max(pair), kind, 0.9) for pair, kind in pairs]


@quick
@given(text_and_names())
def test_whatever_a_model_says_the_spans_are_sound(given: tuple[str, list[Found]]) -> None:
    """Spans stand in order, none over another, on words that still cover the text and say what stands there."""
    text, found = given
    tokens, spans = aligned(finder(*found), text, tokenize(text))
    for one, other in itertools.pairwise(spans):
        assert one.last <= other.first
    for span in spans:
        assert 0 <= span.first < span.last <= len(tokens.words)
    pieces = [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert tokens.words == pieces
    assert "".join("".join(pieces).split()) == "".join(text.split())


def words(piece: str) -> int:
    """How large a piece is, in words."""
    return len(piece.split())


@quick
@given(st.text(alphabet="ab.!\n 。”", max_size=200), st.integers(1, 12), st.sampled_from([len, words]))
def test_windows_cover_the_text_and_keep_the_limit(text: str, most: int, size: Callable[[str], int]) -> None:
    """The pieces are the whole text in order, each where it says; none is larger than the limit."""
    found = list(windows(text, most, size))
    assert "".join(piece for _, piece in found) == text
    assert all(text[at : at + len(piece)] == piece for at, piece in found)
    assert all(size(piece) <= most for _, piece in found)


def test_windows_end_with_sentences_and_lines() -> None:
    """A text is cut behind a full stop or a line, and only a sentence that is too long itself between words."""
    text = "One two three. Four five.\nSix seven eight nine ten eleven. 部长们。 Last"
    assert [piece for _, piece in windows(text, 5, words)] == [
        "One two three. Four five.\n",
        "Six seven eight ",
        "nine ten eleven. 部长们。 Last",
    ]


def test_an_endless_word_is_cut_all_the_same() -> None:
    """A text without any end of a word comes in pieces within the limit, in few steps."""
    asked: list[int] = []

    def size(piece: str) -> int:
        asked.append(len(piece))
        return len(piece)

    assert all(len(piece) <= 100 for _, piece in windows("x" * 100_000, 100, size))
    assert len(asked) < 10_000


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("PERSON", "person"),
        ("B-PER", "person"),
        ("I-ORG", "organisation"),
        ("GPE", "place"),
        ("LOC", "place"),
        ("FAC", "place"),
        ("EVENT", "event"),
        ("persName", "person"),
        ("per", "person"),
        ("B_LOC", "place"),
        ("NORP", None),
        ("MISC", None),
        ("O", None),
        ("B-MISC", None),
        ("B-", None),
        ("", None),
    ],
)
def test_labels_of_the_usual_schemes_are_known(label: str, kind: str | None) -> None:
    """OntoNotes, CoNLL with or without marks of place, and the other schemes of spaCy's pipelines."""
    assert kind_of(label) == kind
    assert known([label]) == ({label: kind} if kind else {})


def test_without_a_model_named_the_tagger_that_comes_along_serves() -> None:
    """The default needs nothing, reads English, and says the names that it always did."""
    assert choose("wiredesk") is WIREDESK
    assert [WIREDESK.reads(language) for language in ("en", "de", None)] == [True, False, True]
    assert entities(draft("", TEXT), WIREDESK) == entities(draft("", TEXT))
    assert enrichers_with(WIREDESK)[5].name == "entities"


def no_import(name: str) -> Any:
    """An environment in which nothing is installed."""
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def broken_import(name: str) -> Any:
    """An environment in which packages are installed that cannot work."""
    raise ImportError("libcudart.so.12: cannot open shared object file")


def folder(path: Path, *files: str) -> Path:
    """A folder with such files in it, empty ones."""
    path.mkdir()
    for file in files:
        (path / file).write_text("{}")
    return path


@pytest.mark.parametrize(
    ("kind", "has", "importer", "says"),
    [
        ("spacy", [], no_import, "the package spacy is not installed beside Wiredesk: pip install spacy"),
        ("gliner", ["gliner_config.json"], no_import, "the package gliner is not installed"),
        ("transformers", ["config.json"], no_import, "the package transformers is not installed"),
        ("spacy", [], broken_import, "the package spacy cannot be imported: ImportError: libcudart.so.12"),
        ("gliner", None, no_import, "there is no folder"),
        ("gliner", ["config.json"], no_import, "has no gliner_config.json"),
        ("transformers", None, no_import, "there is no folder"),
        ("transformers", [], no_import, "has no config.json"),
    ],
)
def test_what_is_missing_is_named_with_the_setting_and_the_way_out(
    tmp_path: Path, kind: str, has: list[str] | None, importer: Any, says: str
) -> None:
    """One sentence names the setting, its value, what is missing, and that Wiredesk works without."""
    path = tmp_path / "model" if has is None else folder(tmp_path / "model", *has)
    with pytest.raises(SettingsError) as refused:
        choose(f"{kind}:{path}", importer)
    message = str(refused.value)
    assert message.startswith(f"WIREDESK_TAGGER is {kind}:{path}: ")
    assert says in message
    assert message.endswith("unset it, and the tagger that comes with Wiredesk serves")


@pytest.mark.parametrize("command", ["enricher", "run", "demo"])
def test_a_model_that_is_not_there_ends_a_command_at_its_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    """It is said once, before any server is asked or started, with the exit code of a wrong setting."""
    settings = unit_settings(tagger=f"gliner:{tmp_path}/none", data_dir=tmp_path / "data")
    assert _run([command], Loaded(settings)) == Exit.USAGE
    out, err = capsys.readouterr()
    assert err.count("WIREDESK_TAGGER") == 1
    assert f"there is no folder {tmp_path}/none" in err
    assert "Traceback" not in out + err
    assert not (tmp_path / "data").exists()


def test_the_default_needs_no_trial() -> None:
    """Only a model that the settings name is tried before the servers start."""
    assert not is_named(unit_settings())
    assert is_named(unit_settings(tagger="spacy:en_core_web_sm"))


def python(code: str) -> list[str]:
    """A command that stands for the trial of a model."""
    return [sys.executable, "-c", f"import os, signal, sys; {code}"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("print('noise'); print('WIREDESK_TAGGER is so'); sys.exit(2)", "^WIREDESK_TAGGER is so$"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "^WIREDESK_TAGGER is gliner:/m: trying it ended with -9$"),
        ("raise MemoryError('too large')", "ended with 1 MemoryError: too large$"),
    ],
)
def test_a_trial_that_fails_says_why(code: str, says: str) -> None:
    """What the trial refuses is told in its words, and an end without words with its exit code."""
    with pytest.raises(SettingsError, match=says):
        check(unit_settings(tagger="gliner:/m"), python(code))


def test_a_trial_that_is_interrupted_interrupts() -> None:
    """Ctrl-C during the trial is no fault of the model."""
    with pytest.raises(KeyboardInterrupt):
        check(unit_settings(tagger="gliner:/m"), python("os.kill(os.getpid(), signal.SIGINT)"))


def test_a_trial_that_succeeds_says_how_long_it_took() -> None:
    """The enrichers are given as much more time to start."""
    assert check(unit_settings(tagger="gliner:/m"), python("assert sys.argv[1:] == ['gliner:/m']")) > 0


def test_names_in_another_language_are_found_where_the_model_reads_it() -> None:
    """A text that the default passes over with a note gets entities by a model for its language."""
    text = "Bundeskanzlerin Merkel sprach. Merkel reiste ab."
    read = entities(draft("", text, "de"), KNOWER)
    assert [(one.name, one.type, len(one.mentions)) for one in read.entities] == [("Merkel", "person", 2)]
    assert read.notes == ()
    assert "English" in entities(draft("", text, "de")).notes[0].message


def test_a_language_that_the_model_does_not_read_is_noted() -> None:
    """The note says which languages names are found in, and which one this is."""
    german = Tier("fake:german", frozenset({"de", "nl"}), KNOWER.tag)
    noted = entities(draft("", "Merkel went.", "en"), german)
    assert noted.entities == ()
    assert noted.notes[0].message == "names are found in de and nl text only; this is in 'en'"


def test_agreement_and_bounds_are_those_of_the_default() -> None:
    """A name that the model marks once is found again in the text, and no entity has more mentions than may be."""
    once = of_model("fake:once", None, finder(Found(0, 13, "person", 0.9)))
    text = "Angela Merkel spoke. " + "Merkel and Angela Merkel left. " * 600
    (merkel,) = entities(draft("", text), once).entities
    assert len(merkel.mentions) == 500
    assert "same name as at 0" in merkel.evidence


def test_the_article_says_what_found_its_names() -> None:
    """The enriched article names the tagger, and all enrichers but the one stay."""
    steps = enrichers_with(KNOWER)
    assert [one.name for one in steps] == [one.name for one in enrichers_with(WIREDESK)]
    assert [one for one in steps if one.name != "entities"] == [
        one for one in enrichers_with(WIREDESK) if one.name != "entities"
    ]
    article = enrich(raw_article("Merkel met the ministers in Ankara. " + TEXT), steps, KNOWER.name)
    assert (article.people, article.tagger) == (("Merkel",), "fake:knower")
    assert article.enrichers["entities"] == ENTITIES.version
    assert chosen(unit_settings())(raw_article()) == enrich(raw_article())
    assert enrich(raw_article()).tagger == "wiredesk"


def test_a_model_that_fails_on_a_text_costs_the_names_only() -> None:
    """The article keeps everything else, with a note."""

    def fails(text: str, tokens: Tokens) -> Tagged:
        raise RuntimeError("index out of range in self")

    article = enrich(raw_article(), enrichers_with(Tier("fake:broken", None, fails)))
    assert article.entities == ()
    assert [note.message for note in article.notes if note.enricher == "entities"] == [
        "failed: RuntimeError: index out of range in self"
    ]
    assert article.topics == enrich(raw_article()).topics


@pytest.mark.parametrize("value", ["", "spacy", "spacy:", "gliner: ", "bert:x", "Wiredesk", "wiredesk:x", "spacy:x\n"])
def test_a_value_of_no_known_form_is_refused_with_the_forms_there_are(value: str) -> None:
    """The message names the setting and every form that it takes."""
    with pytest.raises(SettingsError, match="WIREDESK_TAGGER: Input should be 'wiredesk', 'spacy:NAME_OR_PATH'"):
        unit_settings(tagger=value)


@pytest.mark.parametrize("value", ["wiredesk", "spacy:en_core_web_sm", "gliner:/m/a b", "transformers:./m", "spacy:C"])
def test_names_and_paths_are_taken_as_they_are(value: str) -> None:
    """A name and any path, spaces in it too, stand as they were given."""
    assert unit_settings(tagger=value).tagger == value
