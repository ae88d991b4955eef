"""The tagger's parts: words, spans, and agreement over a document."""

from __future__ import annotations

from importlib.resources import files
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tagger.agree import Cluster, agreed, initials
from processors.tagger.features import shape
from processors.tagger.network import KEPT, MOST_WORDS, Network, default
from processors.tagger.rules import Span, applied
from processors.tagger.spans import candidates, tagged
from processors.tagger.tokens import LONGEST_WORD, tokenize

WEIGHTS = files("processors") / "models" / "tagger.npz"
TAGS = "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC B-EVT I-EVT".split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Russia’s U.S. envoy, Mr. O'Brien, left.",
            ["Russia", "’s", "U.S.", "envoy", ",", "Mr.", "O'Brien", ",", "left", "."],
        ),
        ("US-Russia talks", ["US", "-", "Russia", "talks"]),
        ("Acme Inc. of St. Louis", ["Acme", "Inc.", "of", "St.", "Louis"]),
        ("AT&T won 3,000.50", ["AT&T", "won", "3,000.50"]),
        ("G8 in the 1990s, E17", ["G8", "in", "the", "1990s", ",", "E17"]),
        ("J. Smith\n\nParis", ["J.", "Smith", "\n\n", "Paris"]),
    ],
)
def test_words_are_cut_as_the_press_writes_them(text: str, words: list[str]) -> None:
    """Abbreviations keep their dot, possessives and hyphens stand alone."""
    assert tokenize(text).words == words


@given(st.text(max_size=300))
def test_words_stand_where_they_say_and_in_order(text: str) -> None:
    """Each word is what stands between its offsets, and no two overlap."""
    tokens = tokenize(text)
    assert [
        text[start:end][:LONGEST_WORD] for start, end in zip(tokens.starts, tokens.ends, strict=True)
    ] == tokens.words
    assert all(end <= start for end, start in zip(tokens.ends, tokens.starts[1:], strict=False))


def test_a_name_can_stand_on_capitals_and_between_them() -> None:
    """Small words that link two capitals can be inside a name, others cannot."""
    words = "the Bank of England said Tuesday".split()
    assert candidates(words).tolist() == [1, 2, 3, 5]


def test_an_occasion_may_begin_with_a_year_and_end_small() -> None:
    """Year and small words beside a capital can belong to an event's name."""
    words = "in the 2019 Canadian federal election she won".split()
    assert candidates(words).tolist() == [2, 3, 4, 5]


def test_a_hyphen_can_hang_small_words_on_a_name() -> None:
    """Ban Ki-moon and al-Qaida are seen whole."""
    assert candidates(["Ban", "Ki", "-", "moon", "left"]).tolist() == [0, 1, 2, 3]
    assert candidates(["said", "al", "-", "Qaida"]).tolist() == [1, 2, 3]


def test_an_adjective_of_nation_is_no_name() -> None:
    """What the network takes for a place is dropped where it is only an adjective."""
    tokens = tokenize("Russian and North Korean envoys met in Russia")
    spans = [Span(0, 1, "place", 0.9), Span(2, 4, "place", 0.9), Span(7, 8, "place", 0.9)]
    assert applied(spans, tokens) == spans[2:]


def test_what_opens_a_sentence_is_no_candidate() -> None:
    """The commonest first words cannot be names, but may follow a capital inside one."""
    words = "The mayor left . He saw Over The Rhine".split()
    assert candidates(words).tolist() == [6, 7, 8]


class Told:
    """A network that gives the candidates the rows of tag probabilities that it was told."""

    def __init__(self, *rows: dict[str, float]) -> None:
        self._rows = [[row.get(tag, 0) for tag in TAGS] for row in rows]

    def probabilities(self, words: list[str], at: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """The rows, one for each candidate."""
        assert len(at) == len(self._rows)
        return np.array(self._rows, np.float32)


def read(text: str, *rows: dict[str, float]) -> list[Span]:
    """The spans of a text whose candidates have those probabilities."""
    return tagged(tokenize(text), cast(Network, Told(*rows)))


@pytest.mark.parametrize(("text", "count"), [("the Boer War", 1), ("the Summer Line", 0)])
def test_an_event_says_what_it_is(text: str, count: int) -> None:
    """What is taken for an event is dropped where no word of it is one for an event."""
    assert len(read(text, {"B-EVT": 1}, {"I-EVT": 1})) == count


def test_a_name_has_one_type_for_all_its_words() -> None:
    """A name that begins as a place and goes on as a body is one name, of the type likelier for the whole."""
    (span,) = read("Manchester United won", {"B-LOC": 0.5, "B-ORG": 0.4}, {"I-ORG": 0.9})
    assert span[:3] == (0, 2, "organisation")


def test_who_has_a_mister_is_a_person() -> None:
    """A name after Mr. is found, and of one that is found the type is mended."""
    tokens = tokenize("Mr. Kumaratunga met Mr. Maliki in Baghdad and left")
    found = applied([Span(4, 5, "place", 0.8), Span(6, 7, "place", 0.9)], tokens)
    assert found == [Span(1, 2, "person", 0.7), Span(4, 5, "person", 0.8), Span(6, 7, "place", 0.9)]


def test_a_double_given_name_is_one_person() -> None:
    """A bare hyphen joins two persons, one with blanks does not."""
    spans = [Span(0, 1, "person", 0.8), Span(2, 4, "person", 0.6)]
    assert len(applied(spans, tokenize("Abdul-Aziz Hakim spoke"))) == 1
    assert len(applied(spans, tokenize("Abdul - Aziz Hakim spoke"))) == 2
    particles = tokenize("Abdel Fattah al-Sisi spoke")
    assert len(applied([Span(0, 2, "person", 0.9), Span(4, 5, "person", 0.9)], particles)) == 1


def test_a_hyphened_place_is_one() -> None:
    """Two places with a hyphened small word between them are one; with a bare hyphen they are two."""
    spans = [Span(0, 1, "place", 0.9), Span(4, 5, "place", 0.7)]
    assert [span[:2] for span in applied(spans, tokenize("Port-au-Prince fell"))] == [(0, 5)]
    assert len(applied([spans[0], Span(2, 3, "place", 0.9)], tokenize("Iran-Iraq talks"))) == 2


def test_a_name_does_not_end_at_new() -> None:
    """York belongs to New whether it was found, as what, or not."""
    tokens = tokenize("as New York beat")
    whole = (1, 3, "organisation")
    assert [span[:3] for span in applied([Span(1, 2, "organisation", 0.6)], tokens)] == [whole]
    both = [Span(1, 2, "place", 0.6), Span(2, 3, "organisation", 0.8)]
    assert [span[:3] for span in applied(both, tokens)] == [whole]


def test_a_body_called_by_its_owner_keeps_the_possessive() -> None:
    """Moody's is a name, Siemens's is not."""
    tokens = tokenize("Moody's and Siemens's debt")
    spans = [Span(0, 1, "organisation", 0.9), Span(3, 4, "organisation", 0.9)]
    assert [span[:2] for span in applied(spans, tokens)] == [(0, 2), (3, 4)]


def test_the_outline_of_a_word_keeps_case_and_digits() -> None:
    """Runs of the same kind are cut at three."""
    assert [shape(word) for word in ("Putin", "NATO", "F-16", "ван")] == ["Xxxx", "XXX", "X-dd", "xxx"]


def clusters(text: str, *marked: tuple[str, str, float]) -> list[Cluster]:
    """Agreement over a text in which the tagger saw the given names, each at its next place."""
    tokens = tokenize(text)
    spans, position = [], 0
    for name, kind, score in marked:
        position = text.index(name, position)
        first = tokens.starts.index(position)
        position += len(name)
        spans.append(Span(first, tokens.ends.index(position) + 1, kind, score))
    return agreed(spans, tokens, text)


def test_a_surname_joins_the_full_name_before_it() -> None:
    """The mention says whose surname it is and where the full name stood."""
    (one,) = clusters(
        "Maria Zakharova spoke. Zakharova left.", ("Maria Zakharova", "person", 0.9), ("Zakharova", "person", 0.8)
    )
    assert [mention.evidence for mention in one.mentions] == ["tagger", "surname of Maria Zakharova (first named at 0)"]


def test_an_acronym_joins_its_expansion() -> None:
    """Small words may count in the acronym or not."""
    (one,) = clusters(
        "The Bank of England (BOE) met. BOE said no.",
        ("Bank of England", "organisation", 0.9), ("BOE", "organisation", 0.7), ("BOE", "organisation", 0.7),
    )  # fmt: skip
    assert (one.name, len(one.mentions)) == ("Bank of England", 3)
    assert initials(("Bank", "of", "England")) == {"BOE", "BE"}


def test_a_ministry_without_its_nation_is_the_one_named_with_it() -> None:
    """Of one foreign ministry the short name is enough; of two it says nothing."""
    kind = "organisation"
    (one,) = clusters(
        "The Russian Foreign Ministry spoke. The Foreign Ministry left.",
        ("Russian Foreign Ministry", kind, 0.9), ("Foreign Ministry", kind, 0.8),
    )  # fmt: skip
    assert one.mentions[1].evidence == "short for Russian Foreign Ministry (named in full at 4)"
    three = clusters(
        "The Russian Foreign Ministry and the Polish Foreign Ministry spoke. The Foreign Ministry left.",
        ("Russian Foreign Ministry", kind, 0.9),
        ("Polish Foreign Ministry", kind, 0.9),
        ("Foreign Ministry", kind, 0.8),
    )  # fmt: skip
    assert len(three) == 3


def test_a_company_without_its_form_is_the_company() -> None:
    """Apple after Apple Inc. is found, and is the same."""
    (one,) = clusters("Apple Inc. fell. Analysts said Apple would rise.", ("Apple Inc.", "organisation", 0.9))
    assert [mention.start for mention in one.mentions] == [0, 31]
    assert one.mentions[1].evidence == "short for Apple Inc. (named in full at 0)"


def test_a_surname_before_the_full_name_joins_it() -> None:
    """A headline's surname belongs to the one person of that name in the text."""
    (one,) = clusters("Annan leaves. Kofi Annan spoke.", ("Annan", "person", 0.9), ("Kofi Annan", "person", 0.9))
    assert one.name == "Kofi Annan"
    assert [mention.start for mention in one.mentions] == [0, 14]


def test_the_same_string_has_one_type() -> None:
    """The type that the mentions speak for most stands for all."""
    (one,) = clusters(
        "Georgia won. Georgia lost. Georgia drew.",
        ("Georgia", "place", 0.9),
        ("Georgia", "organisation", 0.6),
        ("Georgia", "place", 0.9),
    )
    assert (one.kind, len(one.mentions)) == ("place", 3)


def test_a_name_passed_over_elsewhere_is_found_again() -> None:
    """A sure name is one wherever it stands word for word."""
    (one,) = clusters("Hamas said so. That is Hamas again.", ("Hamas", "organisation", 0.95))
    assert [mention.start for mention in one.mentions] == [0, 23]


def test_an_unsure_surname_is_the_person_named_in_full() -> None:
    """A surname taken for a body, or passed over, is the person's; one that the tagger is sure of stays."""
    text = "Tyra Stockdale spoke. Stockdale left. In the end Stockdale came."
    (one,) = clusters(text, ("Tyra Stockdale", "person", 0.9), ("Stockdale", "organisation", 0.6))
    assert [mention.start for mention in one.mentions] == [0, 22, 49]
    sure = clusters(text, ("Tyra Stockdale", "person", 0.9), ("Stockdale", "organisation", 0.95))
    assert {one.kind for one in sure} == {"person", "organisation"}


def test_an_unsure_acronym_has_the_type_of_its_expansion() -> None:
    """WFP after the World Food Programme is a body as that is."""
    (one,) = clusters(
        "The World Food Programme met. WFP said so.",
        ("World Food Programme", "organisation", 0.9), ("WFP", "place", 0.6),
    )  # fmt: skip
    assert (one.kind, len(one.mentions)) == ("organisation", 2)


def test_two_people_of_one_surname_stay_two() -> None:
    """Full names never merge; the bare surname goes to the one named last before it."""
    found = clusters(
        "George Bush met Laura Bush. Bush smiled.",
        ("George Bush", "person", 0.9), ("Laura Bush", "person", 0.9), ("Bush", "person", 0.9),
    )  # fmt: skip
    assert [(one.name, len(one.mentions)) for one in found] == [("George Bush", 1), ("Laura Bush", 2)]


def test_a_word_is_the_same_in_any_company() -> None:
    """Which words are new to the network together changes no bit of the answer."""
    words = "Envoy Maria Zakharova of the Foreign Ministry flew from Minsk to Geneva".split()
    at = np.arange(len(words), dtype=np.intp)
    one, other = Network.read(WEIGHTS), Network.read(WEIGHTS)
    other.probabilities([f"Word{number}" for number in range(50)] + words[::-2], np.arange(9, dtype=np.intp))
    assert np.array_equal(one.probabilities(words, at), other.probabilities(words, at))


def test_probabilities_do_not_depend_on_what_was_read_before() -> None:
    """A word met earlier changes nothing in the answer."""
    words = "President Vladimir Putin met Maria Zakharova in Moscow".split()
    at = np.arange(len(words), dtype=np.intp)
    before = default().probabilities(words, at)
    default().probabilities(["Something", "Else", "Entirely"], np.arange(3, dtype=np.intp))
    assert np.array_equal(before, default().probabilities(words, at))
    assert np.allclose(before.sum(1), 1, atol=1e-5)


def test_what_is_forgotten_is_made_again_the_same() -> None:
    """More words than are kept, in many documents and in the largest one, change no answer: it is as at the start."""
    network, wordy = Network.read(WEIGHTS), [f"Word{number}" for number in range(KEPT + MOST_WORDS)]
    words = "President Vladimir Putin met Maria Zakharova in Moscow".split()
    at = np.arange(len(words), dtype=np.intp)
    before = network.probabilities(words, at)
    for begin in range(0, KEPT, 1000):
        some = [*words, *wordy[begin : begin + 1000]]
        network.probabilities(some, np.arange(len(some), dtype=np.intp))
    assert np.array_equal(before, network.probabilities(words, at))
    network.probabilities(wordy[-MOST_WORDS:], np.arange(MOST_WORDS, dtype=np.intp))
    assert np.array_equal(before, network.probabilities(words, at))
