"""The model of languages finds the longest runs of bytes, and says what the model it was made from says."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from processors.enrichers.langmodel import Automaton, Model, automaton, model
from processors.enrichers.language import BY_MODEL, NO_LANGUAGE, ONLY_LANGUAGE
from processors.enrichers.scripts import main_script
from processors.training.language import build
from tests.measure_language import measured, sentences


def of_runs(runs: set[bytes]) -> tuple[Automaton, list[bytes]]:
    """The automaton of runs and all their beginnings, each its own feature, and the list of them."""
    listed = sorted(
        {run[:length] for run in runs | {b""} for length in range(len(run) + 1)}, key=lambda run: (len(run), run)
    )
    sizes = np.bincount([len(run) for run in listed]).tolist()
    parents = np.array([listed.index(run[:-1]) for run in listed])
    last = np.array([0, *(run[-1] for run in listed[1:])], dtype=np.uint8)
    return automaton(sizes, parents, last, np.arange(len(listed))), listed


SOME_BYTES = st.binary(max_size=12).map(lambda made: bytes(each % 4 + 97 for each in made))


@settings(deadline=None)
@given(st.sets(SOME_BYTES, max_size=8), SOME_BYTES)
def test_the_longest_run_that_ends_at_each_byte_is_found(runs: set[bytes], text: bytes) -> None:
    """At every byte the run found is the longest of all that end there."""
    machine, listed = of_runs(runs)
    longest = [max((run for run in listed if text[:end].endswith(run)), key=len) for end in range(1, len(text) + 1)]
    assert [listed[at] for at in machine.found(text)] == longest


@pytest.fixture(scope="module")
def original() -> LanguageIdentifier:
    """The model that ours was made from."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def test_a_reduced_model_says_what_the_whole_one_says(original: LanguageIdentifier) -> None:
    """In scripts that several languages share, the shares of languages are in the proportions of the whole model."""
    ours = model()
    for listed in sentences().values():
        script = main_script(listed[0])
        if not script or script.name not in BY_MODEL:
            continue
        text = " ".join(script.words)
        shares, whole = ours.shares(text), dict(original.rank(text))
        theirs = np.array(
            [whole[code] if ours.languages.index(code) == at else 0 for at, code in enumerate(ours.languages)]
        )
        assert shares == pytest.approx(theirs / theirs.sum(), abs=1e-4)


def test_columns_that_no_text_can_need_are_left_out() -> None:
    """A language that its script tells has no column; what stands for no language has one."""
    assert not set(model().languages) & set(ONLY_LANGUAGE.values())
    assert NO_LANGUAGE in model().languages


def test_text_of_no_known_run_leaves_all_languages_alike() -> None:
    """An empty text says nothing for any language."""
    shares = model().shares("")
    assert shares.sum() == pytest.approx(1.0)
    assert np.unique(shares[shares > 0]).size <= 2  # a language of two columns has twice the share


class Tiny:
    """A model of three features and four columns: `a`, `ab`, and one in a script that tells the language."""

    nb_classes = ("en", "zh", "en", "deu")
    nb_pc = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    nb_ptc = np.array([[-1, -2, -3, -4], [-2, -2, -2, -2], [-5, -1, -5, -1]], dtype=np.float16)

    def __init__(self) -> None:
        names = [b"", b"a", b"ab", "中".encode()[:1], "中".encode()[:2], "中".encode()]
        steps = np.zeros((len(names), 256), dtype=np.int64)
        for state, name in enumerate(names):
            for byte in range(256):
                ends = [other for other in names if (name + bytes([byte])).endswith(other)]
                steps[state, byte] = names.index(max(ends, key=len))
        self.tk_nextmove, self.tk_row = steps.ravel(), list(range(len(names)))
        self.tk_output = [-1, 0, 1, -1, -1, 2]


def test_the_table_holds_what_text_can_visit(tmp_path: Path) -> None:
    """Runs of a script that tells its language, and columns without a two-letter code, are left out; values stay."""
    made = build(cast("LanguageIdentifier", Tiny()))
    assert made["languages"].tolist() == ["en", "en"]
    assert len(made["parents"]) == 3
    assert made["rows"].tolist() == [-1, 0, 1]
    np.savez(tmp_path / "tiny.npz", **made)
    loaded: Model = model.__wrapped__(tmp_path / "tiny.npz")
    assert loaded.table.tolist() == [[-1, -3], [-2, -2]]
    assert loaded.again == ((0, 1),)
    assert loaded.runs.found(b"xab") == [-1, 0, 1]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_shares_that_add_up(text: str) -> None:
    """Whatever the text, no share is negative or undefined, and together they are one."""
    shares = model().shares(text.encode("utf-8", "ignore").decode())
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1.0, abs=1e-4)


def test_languages_are_told_as_well_as_wanted() -> None:
    """Of 34 languages at least 98 in 100 texts of 60 characters are told right, and 99 of 200; few others get any."""
    reached = measured()
    assert reached["languages"] >= 34
    assert reached["accuracy_60"] >= 0.98
    assert reached["accuracy_200"] >= 0.99
    assert reached["none_right"] >= 0.9
