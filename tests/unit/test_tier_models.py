"""The models behind the tiers: spaCy's own library on a pipeline made here, GLiNER's and transformers' by stand-ins."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy
from spacy.language import Language

from processors.enrichers.entities import entities
from processors.tiers.choose import choose
from processors.tiers.gliner import KINDS, Asked
from processors.tiers.spacy import Pipeline
from processors.tiers.tier import Tier
from processors.tiers.transformers import Classifier, most_tokens
from schemas.article import Entity
from schemas.settings import SettingsError
from tests.drafts import draft

PATTERNS = [
    {"label": "PERSON", "pattern": "Maria Zakharova"},
    {"label": "GPE", "pattern": "the United States"},
    {"label": "GPE", "pattern": "Genf"},
    {"label": "NORP", "pattern": "Russian"},
    {"label": "DATE", "pattern": "Monday"},
]


def pipeline(language: str = "en", patterns: list[dict[str, str]] = PATTERNS) -> Language:
    """A pipeline that finds these names by rules."""
    nlp = spacy.blank(language)
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    return nlp


def saved(nlp: Language, path: Path) -> str:
    """The setting that names the pipeline, saved to a folder."""
    nlp.to_disk(path)
    return f"spacy:{path}"


def found(tier: Tier, text: str, language: str = "en") -> dict[str, Entity]:
    """The entities of a text by their names; each mention stands where it says."""
    read = entities(draft("", text, language), tier)
    for mention in (mention for entity in read.entities for mention in entity.mentions):
        assert text[mention.start : mention.end] == mention.text
    return {entity.name: entity for entity in read.entities}


def test_a_spacy_pipeline_in_a_folder_finds_the_names(tmp_path: Path) -> None:
    """Names of known types come with their type, joined and linked as the default's are; others are left out."""
    tier = choose(saved(pipeline(), tmp_path / "mine"))
    assert (tier.name, tier.languages) == ("spacy:mine@0.0.0", frozenset({"en"}))
    names = found(tier, "On Monday the Russian official Maria Zakharova left the United States. Zakharova flew.")
    assert {name: one.type for name, one in names.items()} == {"Maria Zakharova": "person", "United States": "place"}
    assert names["United States"].id == "Q30"
    assert names["United States"].mentions[0].text == "United States"


@pytest.mark.parametrize(
    ("language", "reads"),
    [
        ("de", {"de": True, "en": False}),
        ("xx", {"de": True, "sw": True}),
        ("nb", {"no": True, "nb": True, "da": False}),
    ],
)
def test_a_spacy_pipeline_reads_its_own_language(tmp_path: Path, language: str, reads: dict[str, bool]) -> None:
    """The pipeline's language is what the tier reads, and `xx` is every one."""
    tier = choose(saved(pipeline(language), tmp_path / "mine"))
    assert {code: tier.reads(code) for code in reads} == reads
    if tier.reads("de"):
        assert set(found(tier, "Maria Zakharova war in Genf.", "de")) == {"Maria Zakharova", "Genf"}


def test_a_spacy_pipeline_without_names_is_refused(tmp_path: Path) -> None:
    """A pipeline that tells no type that is known would find nothing, silently."""
    with pytest.raises(SettingsError, match=r"tells no persons.*\(its labels: none\)"):
        choose(saved(spacy.blank("en"), tmp_path / "blank"))
    with pytest.raises(SettingsError, match=r"\(its labels: DATE\)"):
        choose(saved(pipeline(patterns=[{"label": "DATE", "pattern": "Monday"}]), tmp_path / "dates"))


def test_a_spacy_name_that_is_not_installed_is_told_with_the_command_that_installs_it() -> None:
    """The library is there, the pipeline is not: the message says what to type."""
    with pytest.raises(SettingsError, match=r"spaCy has no pipeline.*python -m spacy download en_no_such_pipeline"):
        choose("spacy:en_no_such_pipeline")


def test_a_folder_that_holds_no_pipeline_is_named(tmp_path: Path) -> None:
    """What the library says of the files stands in the message, in one line."""
    with pytest.raises(SettingsError, match="cannot be loaded and read a sentence: OSError") as refused:
        choose(f"spacy:{tmp_path}")
    assert "\n" not in str(refused.value)


LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96}
SHARED = {"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}


def statistical(*before: str) -> Language:
    """A pipeline with an untrained recognizer of names behind other components."""
    nlp = spacy.blank("en")
    for name in before:
        nlp.add_pipe(name)
    nlp.add_pipe("ner").add_label("PERSON")
    return nlp


def test_components_that_names_do_not_need_are_put_aside() -> None:
    """A tagger, a parser and the layers that only they share cost time for nothing."""
    nlp = statistical("tok2vec", "tagger", "parser", "sentencizer")
    nlp.remove_pipe("tagger")
    nlp.add_pipe("tagger", before="ner", config=SHARED)
    Pipeline(nlp)
    assert nlp.pipe_names == ["ner"]


def test_layers_that_names_are_found_by_stay() -> None:
    """Where the recognizer reads the shared layers, they run."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    nlp.add_pipe("morphologizer")
    nlp.add_pipe("ner", config={"model": {"tok2vec": LISTENER}}).add_label("PERSON")
    Pipeline(nlp)
    assert nlp.pipe_names == ["tok2vec", "ner"]


def test_components_that_names_may_stand_on_stay() -> None:
    """Rules may ask for parts of speech, and what is not known may do anything: then all of it runs."""
    for other in ("entity_ruler", "merge_noun_chunks"):
        nlp = statistical("tagger", other)
        Pipeline(nlp)
        assert nlp.pipe_names == ["tagger", other, "ner"]


def test_the_score_is_the_precision_that_was_measured() -> None:
    """SpaCy does not say how sure it is: what its makers measured for the label stands for it."""
    nlp = pipeline()
    text = "Maria Zakharova left the United States."
    assert {one.score for one in Pipeline(nlp).find(text)} == {0.85}
    nlp.meta["performance"] = {"ents_p": 0.5, "ents_per_type": {"PERSON": {"p": 0.75}, "GPE": None}}
    assert {one.kind: one.score for one in Pipeline(nlp).find(text)} == {"person": 0.75, "place": 0.5}


class Tokenizer:
    """Counts words as tokens, and keeps no more than its limit."""

    is_fast = True
    added = 2

    def __init__(self, most: int) -> None:
        self.model_max_length = most

    def num_special_tokens_to_add(self) -> int:
        """How many stand around every text."""
        return self.added

    def __call__(self, text: str, *, add_special_tokens: bool = True, verbose: bool = True) -> dict[str, list[int]]:
        """One token a word."""
        assert not add_special_tokens
        return {"input_ids": [1] * len(text.split())}


def limited(tokenizer: Tokenizer, text: str, beside: int = 0) -> str:
    """What a model sees of a text: the words that its tokenizer keeps."""
    most = tokenizer.model_max_length - tokenizer.added - beside
    return " ".join(text.split(" ")[:most]) if len(text.split()) > most else text


class Classify:
    """A token classification pipeline that knows two names, and sees no more than its tokenizer keeps."""

    labels = ("O", "B-PER", "I-PER", "B-LOC", "B-MISC")

    def __init__(self, tokenizer: Tokenizer, positions: int = 514) -> None:
        self.tokenizer = tokenizer
        config = SimpleNamespace(max_position_embeddings=positions, id2label=dict(enumerate(self.labels)))
        self.model = SimpleNamespace(config=config)

    def __call__(self, text: str) -> list[dict[str, Any]]:
        """The names that it knows, in what it sees."""
        assert "\n" not in text
        seen = limited(self.tokenizer, text)
        groups = {"Merkel": ("PER", 0.9), "Genf": ("LOC", 0.8), "Airbus": ("MISC", 0.9), "Bonn": ("LOC", 0.4)}
        return [
            {"entity_group": group, "score": score, "word": name, "start": one.start(), "end": one.end()}
            for name, (group, score) in groups.items()
            for one in re.finditer(name, seen)
        ]


LONG = (
    "Es wurde viel gesagt.\n" * 40
    + "Merkel sprach\nin Genf über Airbus und Bonn. "
    + "und weiter " * 60
    + "Merkel ging."
)


def test_a_long_text_is_read_to_its_end_by_a_classifier() -> None:
    """Names far behind what the model takes at once are found where they stand; unsure and other ones are not."""
    names = [(LONG[one.start : one.end], one.kind) for one in Classifier(Classify(Tokenizer(20))).find(LONG)]
    assert names == [("Merkel", "person"), ("Genf", "place"), ("Merkel", "person")]


@pytest.mark.parametrize(("positions", "limit", "most"), [(514, 512, 510), (512, 10**30, 508), (None, 10**30, 510)])
def test_the_limit_is_the_lower_of_positions_and_tokenizer(positions: int | None, limit: int, most: int) -> None:
    """A tokenizer that names no limit, or a model that names no positions, is taken at what is usual."""
    assert most_tokens(SimpleNamespace(max_position_embeddings=positions), Tokenizer(limit)) == most


class Transformers:
    """The library, as far as the tier uses it; it remembers whether it was kept from the network."""

    def __init__(self, tokenizer: Tokenizer, labels: tuple[str, ...] = Classify.labels) -> None:
        self.classify = Classify(tokenizer)
        self.classify.model.config.id2label = dict(enumerate(labels))
        self.local: list[bool] = []
        self.AutoTokenizer = SimpleNamespace(from_pretrained=self._loads(tokenizer))
        self.AutoModelForTokenClassification = SimpleNamespace(from_pretrained=self._loads(self.classify.model))

    def _loads(self, what: Any) -> Callable[..., Any]:
        def load(path: str, *, local_files_only: bool) -> Any:
            self.local.append(local_files_only)
            return what

        return load

    def pipeline(self, task: str, *, model: Any, tokenizer: Any, aggregation_strategy: str) -> Classify:
        """The pipeline of a model."""
        assert (task, model, tokenizer) == ("token-classification", self.classify.model, self.classify.tokenizer)
        assert aggregation_strategy != "none"
        return self.classify


def model_folder(path: Path, *files: str) -> Path:
    """A folder that looks as if a model were in it."""
    path.mkdir()
    for file in files:
        (path / file).write_text("{}")
    return path


def test_a_transformers_model_finds_names_in_any_language(tmp_path: Path) -> None:
    """The tier is named for its folder, reads every language, and loads from files alone."""
    library = Transformers(Tokenizer(20))
    path = model_folder(tmp_path / "wikineural", "config.json")
    tier = choose(f"transformers:{path}", lambda _: library)
    assert (tier.name, tier.languages) == ("transformers:wikineural", None)
    assert library.local == [True, True]
    assert {one.name: len(one.mentions) for one in found(tier, LONG, "de").values()} == {"Merkel": 2, "Genf": 1}


class Slow(Tokenizer):
    """A tokenizer that does not keep offsets."""

    is_fast = False


@pytest.mark.parametrize(
    ("library", "says"),
    [
        (Transformers(Slow(20)), "does not say where words stand"),
        (Transformers(Tokenizer(20), ("LABEL_0", "LABEL_1")), r"\(its labels: LABEL_0, LABEL_1\)"),
    ],
)
def test_a_transformers_model_that_cannot_serve_is_refused(tmp_path: Path, library: Transformers, says: str) -> None:
    """Without offsets, or without a type that is known, nothing could be made of its answers."""
    path = model_folder(tmp_path / "model", "config.json")
    with pytest.raises(SettingsError, match=says):
        choose(f"transformers:{path}", lambda _: library)


class Gliner:
    """A GLiNER model that knows two names; words and tokens over its limits it leaves out, as the real one."""

    def __init__(self, words: int, tokens: int) -> None:
        self.config = SimpleNamespace(max_len=words)
        self.data_processor = SimpleNamespace(transformer_tokenizer=Tokenizer(tokens))
        self.asked: set[str] = set()

    def predict_entities(self, text: str, labels: list[str], *, threshold: float) -> list[dict[str, Any]]:
        """What it sees of the labels that it is asked for."""
        assert len(text.split()) <= self.config.max_len
        self.asked.update(labels)
        seen = limited(self.data_processor.transformer_tokenizer, text, beside=3 * len(labels))
        return [
            {"start": one.start(), "end": one.end(), "text": name, "label": label, "score": 0.9}
            for name, label in (("Merkel", "person"), ("Genf", "city"), ("gesagt", "event"))
            for one in re.finditer(name, seen)
        ]


@pytest.mark.parametrize(("words", "tokens"), [(30, 10**30), (384, 44), (30, 60)])
def test_a_long_text_is_read_to_its_end_by_gliner(words: int, tokens: int) -> None:
    """Neither its limit of words nor its tokenizer's hides a name; it is asked for every type."""
    model = Gliner(words, tokens)
    names = [(LONG[one.start : one.end], one.kind) for one in Asked(model).find(LONG)]
    assert [name for name in names if name[1] != "event"] == [
        ("Merkel", "person"),
        ("Genf", "place"),
        ("Merkel", "person"),
    ]
    assert model.asked == set(KINDS)
    assert set(KINDS.values()) == {"person", "organisation", "place", "event"}


@pytest.mark.parametrize(
    ("files", "by_onnx"),
    [
        (["pytorch_model.bin"], False),
        (["model.safetensors", "model.onnx"], False),
        (["model.onnx"], True),
    ],
)
def test_a_gliner_model_is_loaded_from_its_folder_alone(tmp_path: Path, files: list[str], by_onnx: bool) -> None:
    """Nothing is fetched; a folder that holds an ONNX model only is run by that."""
    path, said = model_folder(tmp_path / "small", "gliner_config.json", *files), {}

    def load(folder: str, **how: Any) -> Gliner:
        said.update(how, folder=folder)
        return Gliner(30, 60)

    tier = choose(f"gliner:{path}", lambda _: SimpleNamespace(GLiNER=SimpleNamespace(from_pretrained=load)))
    assert said == {"folder": str(path), "local_files_only": True, "load_onnx_model": by_onnx}
    assert (tier.name, tier.languages) == ("gliner:small", None)
    assert {one.name: one.type for one in found(tier, LONG, "de").values()} == {"Merkel": "person", "Genf": "place"}
