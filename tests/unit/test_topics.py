"""What articles are about: Media Topics by the terms that speak for them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.topics import TOPICS, find_topics, table
from processors.training.topics_measure import judge, read_passages
from tests.drafts import SEED_PATHS, draft, seed_draft

PASSAGES = Path(__file__).parents[1] / "data" / "topics"
DIPLOMACY, DISARMAMENT, POLITICS = "medtop:20000639", "medtop:20000078", "medtop:11000000"


@pytest.mark.parametrize("path", SEED_PATHS, ids=lambda path: path.name)
def test_the_seed_articles_are_about_diplomacy(path: Path) -> None:
    """Both given articles are politics, and conflict at most; diplomacy is found by `arms control`."""
    found = {topic.id: topic for topic in TOPICS.run(seed_draft(path)).topics}
    assert next(iter(found.values())).parents[0] == POLITICS
    assert "arms control" in found[DIPLOMACY].terms
    assert {topic.parents[0] for topic in found.values()} <= {POLITICS, "medtop:16000000"}


def test_one_term_speaks_for_topics_of_two_fields() -> None:
    """Arms control is both diplomacy and disarmament."""
    found = {topic.id: topic for topic in find_topics("", "Diplomats met for arms control talks.")}
    assert "arms control talks" in found[DIPLOMACY].terms
    assert "arms control talks" in found[DISARMAMENT].terms


@pytest.mark.parametrize(
    ("name", "top", "second"),
    [("build", 0.95, 0.9), ("held-out", 0.93, 0.85), ("teasers", 0.9, 0.85)],
    ids=["build", "held-out", "teasers"],
)
def test_labelled_passages(name: str, top: float, second: float) -> None:
    """Of hand-labelled passages nine in ten have a right top level first, and most a right second level."""
    counts: Counter[str] = Counter()
    for passage in read_passages(PASSAGES / f"{name}.jsonl"):
        counts.update(judge(passage, find_topics(passage["title"], passage["text"])))
    assert counts["passages"] >= 60
    assert counts["top"] / counts["passages"] >= top
    assert counts["second"] / counts["passages"] >= second


def test_every_top_level_has_labelled_passages() -> None:
    """The labelled passages are of all 17 top levels."""
    passages = [each for name in ("build", "held-out") for each in read_passages(PASSAGES / f"{name}.jsonl")]
    assert len({code for passage in passages for code in passage["top"]}) == 17


@pytest.mark.parametrize(
    "text", ["", "...", "🎉🎉", "The thing that they had done was not what it had been.", "٣٤ שלום"]
)
def test_no_evidence_no_topic(text: str) -> None:
    """A text in which nothing speaks for a topic has none."""
    assert find_topics("", text) == ()


@pytest.mark.parametrize("language", ["fr", "ru", None, ""])
def test_no_topic_in_a_language_without_terms(language: str | None) -> None:
    """A language that no terms are known of has no topics rather than wrong ones."""
    assert TOPICS.run(draft("Arms control talks", "Ministers met for arms control talks.", language)).topics == ()


def test_a_region_of_english_is_english() -> None:
    """`en-GB` is read as English is."""
    text = "The striker scored in the cup final at Wembley."
    assert find_topics("", text, "en-GB") == find_topics("", text, "en") != ()


def test_an_acronym_is_no_pronoun() -> None:
    """`WHO` speaks for a health organisation, `who` for nothing."""
    said = "officials {} the vaccine trial doctors praised"
    upper, lower = (find_topics("", said.format(word)) for word in ("WHO", "who"))
    assert "medtop:20000463" in {topic.id for topic in upper}
    assert "medtop:20000463" not in {topic.id for topic in lower}


def test_no_phrase_across_a_full_stop() -> None:
    """Words on both sides of a full stop make no term."""
    within = find_topics("", "Dozens of missing soldiers were sought in the war.")
    across = find_topics("", "Dozens are missing. Soldiers searched in the war.")
    assert any("missing soldiers" in topic.terms for topic in within)
    assert not any("missing soldiers" in topic.terms for topic in across)


def test_the_longer_term_wins() -> None:
    """Inside a longer term a shorter one does not count: a trade union is no trade."""
    found = find_topics("", "The trade union met. The trade union voted.")
    assert not any("trade" in topic.terms for topic in found)
    assert any("trade union" in topic.terms for topic in found)


def test_a_word_with_and_without_capitals_is_one_term() -> None:
    """`Bonds` and `bonds` in one article are one piece of evidence."""
    found = find_topics("", "Bonds fell. Investors sold bonds as yields rose.")
    assert all(len(set(topic.terms)) == len(topic.terms) for topic in found)


def test_the_first_topic_is_of_the_strongest_field() -> None:
    """Whatever concepts are named, the first topic lies under the top level with the most evidence."""
    text = "The coach praised the team. The players won the match and the league title. A judge looked on."
    assert (*find_topics("", text)[0].parents, find_topics("", text)[0].id)[0] == "medtop:15000000"


def test_what_stands_in_front_counts_more() -> None:
    """The same two stories make an article of the one that comes first."""
    sport, law = "The striker scored in the cup final at Wembley.", "The jury found the burglar guilty of theft."
    between = " The thing that they had done was not what it had been." * 40
    tops = [find_topics("", first + between + " " + last)[0].parents[0] for first, last in ((sport, law), (law, sport))]
    assert tops == ["medtop:15000000", "medtop:02000000"]


def test_only_the_start_is_read() -> None:
    """What stands after the first 20,000 characters changes nothing."""
    text = "The striker scored in the cup final. " * 600
    assert find_topics("", text + "The parliament passed the budget. " * 2000) == find_topics("", text)


def test_the_table_has_all_top_levels_and_parents() -> None:
    """The 17 top levels are there, and every concept's parents lead from one of them."""
    concepts = table().concepts
    tops = {code for code, concept in concepts.items() if not concept.parents}
    assert len(tops) == 17
    assert tops == table().gains.keys()
    assert all(concept.parents[0] in tops for concept in concepts.values() if concept.parents)
    assert all(parent in concepts for concept in concepts.values() for parent in concept.parents)


words = st.sampled_from(
    ["nuclear", "talks", "WHO", "Twins", "goal", "shares", "the", ".", "🎉", "война", "\n", "judge"]
)


@given(st.lists(words, max_size=60).map(" ".join), st.lists(words, max_size=10).map(" ".join) | st.text(max_size=50))
def test_topics_are_ranked_and_evident(text: str, title: str) -> None:
    """Topics are distinct, best first, each with terms and known parents, and the same for the same draft."""
    found = TOPICS.run(draft(title, text)).topics
    scores = [topic.score for topic in found]
    assert scores == sorted(scores, reverse=True)
    assert len({topic.id for topic in found}) == len(found) <= 6
    assert len({(*topic.parents, topic.id)[0] for topic in found}) <= 3
    assert min(scores, default=1.0) >= 0.6 * max(scores, default=1.0)
    assert all(topic.terms and topic.parents == table().concepts[topic.id].parents for topic in found)
    assert found == TOPICS.run(draft(title, text)).topics
