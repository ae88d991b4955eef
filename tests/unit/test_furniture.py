"""Page furniture is cut, with its reason, and no sentence of the story is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.draft import Draft
from processors.enrichers.extract import EXTRACT
from processors.enrichers.furniture import FURNITURE
from processors.enrichers.repeated import line_id
from schemas.article import RawArticle
from schemas.repeated import RepeatedLine
from tests.drafts import SEED_PATHS
from tests.measure_furniture import passages, score

STORY = "The council approved the new harbour plan on Monday after four hours of debate in the town hall."
SECOND = "Work on the eastern quay will begin in spring, and the fishing boats move to the river until then."
LAST = "“We have waited for ten years,” said Ada Lind, who runs the fish market. “One more will not hurt us.”"


def raw(content: str) -> RawArticle:
    """An article as it was fetched."""
    return RawArticle(id="0" * 32, source="s", origin="o", fetched_at=datetime(2026, 1, 1, tzinfo=UTC), content=content)


def cleaned(*lines: str) -> Draft:
    """What the enricher makes of these extracted lines."""
    text = "\n".join(lines)
    return FURNITURE.run(Draft(raw=raw(text), extracted=text, text=text))


def cut_lines(draft: Draft) -> list[str]:
    """The lines that were cut."""
    return [cut.text for cut in draft.cuts]


def test_the_furniture_of_the_first_seed_is_cut() -> None:
    """Seed 000 loses exactly its prompts, its links and the headlines of other articles."""
    found = FURNITURE.run(EXTRACT.run(Draft(raw=raw(SEED_PATHS[0].read_text(encoding="utf-8")))))
    assert cut_lines(found) == [
        "No time to read?",
        "Get a summary",
        "No time to read?",
        "Get a summary",
        "Previous Article",
        "Poland's constitutional reform debate and democracy",
        "Next Article",
        "The First Berserker: Khazan — Soulslike Dungeon Fighter Narrative",
    ]
    assert found.text.startswith("Russia says talks on strategic stability")
    assert len(found.text.split("\n\n")) == 5


def test_nothing_of_the_second_seed_is_cut() -> None:
    """Seed 002 is all story."""
    found = FURNITURE.run(EXTRACT.run(Draft(raw=raw(SEED_PATHS[1].read_text(encoding="utf-8")))))
    assert found.cuts == ()
    assert found.text == found.extracted


@pytest.mark.parametrize(
    "line",
    [
        "Readers may subscribe to the new service from Monday.",
        "Related charges were brought against two of the builders.",
        "Next, the council will vote on the river.",
        "Next",
        "Cookies, the mayor said, are what the bakery by the quay lives on.",
        "The site told users that it may accept cookies, a policy that the court found unlawful in its judgment.",
        "Watch: the next vote is on Friday, and it may bring the mayor down.",
        "More: the river is to be dredged, too.",
        "The post was filled by Bo Ek, a lawyer from the old town.",
        "The post office on the quay will move as well",
        "The Posten line to the islands stays",
        "Tagged whales were seen off the harbour in May.",
        "Tagged whales seen off the harbour",
        "Become a member of the council, and you will see how slow it is, she said.",
        "Photo: that was the word she used for the plan, because nothing in it moves.",
        "Published: that is what the plan must be before a vote.",
        "Previous article of the treaty would have forbidden it.",
        "By Monday, Bo Ek had left the town.",
        "© was the sign on the wall.",
        "Home",
        "Twitter, Facebook and Google were fined.",
        "“Read more!” the teacher said.",
        "He said:",
        "“No comment.”",
        "«Реклама!»",
        "— “Read more!”",
    ],
)
def test_a_line_of_the_story_stays(line: str) -> None:
    """A line between two paragraphs that only holds a word of furniture, or is a sentence, is no furniture."""
    found = cleaned(STORY, line, SECOND, LAST)
    assert cut_lines(found) == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Read more", "phrase"),
        ("— ADVERTISEMENT —", "phrase"),
        ("Реклама", "phrase"),
        ("广告", "phrase"),
        ("اقرأ المزيد", "phrase"),
        ("Facebook | Twitter | WhatsApp | Email", "share-bar"),
        ("Photo: Ada Lind / Port Post", "begins"),
        ("Foto: Ada Lind", "begins"),
        ("Фото: Порт", "begins"),
        ("Watch: How the quay is built", "begins"),
        ("Sign up for our newsletter", "begins"),
    ],
)
def test_furniture_goes_wherever_it_stands(line: str, rule: str) -> None:
    """A line that is furniture by itself goes from between two paragraphs, with its rule and a reason."""
    found = cleaned(STORY, line, SECOND)
    assert [(cut.text, cut.rule) for cut in found.cuts] == [(line, rule)]
    assert found.cuts[0].reason
    assert found.text == f"{STORY}\n\n{SECOND}"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Home", "phrase"),
        ("Share", "phrase"),
        ("© 2026 Port Post. All rights reserved.", "copyright"),
        ("2026 Port Post, all rights reserved", "copyright"),
        ("We and our partners store cookies to improve your experience; you may accept or refuse them.", "cookies"),
        ("By Ada Lind and Bo Ek", "byline"),
        ("4 min read", "byline"),
        ("Stand: 12.03.2025, 14:05 Uhr", "byline"),
        ("12 марта 2025, 10:40", "byline"),
        ("Автор: Ирина Лунёва", "byline"),
        ("Home > News > Harbour", "breadcrumbs"),
        ("Comments (14)", "phrase"),
        ("Facebook", "share-bar"),
        ("Sign up for our newsletter and get the best of the harbour every Friday morning.", "begins"),
        ("The post Harbour plan approved appeared first on Port Post.", "feed-tail"),
    ],
)
def test_furniture_goes_from_the_edges(line: str, rule: str) -> None:
    """Before the first paragraph and after the last, notices, bylines and words of menus go."""
    for found in (cleaned(line, STORY, SECOND), cleaned(STORY, SECOND, line)):
        assert [(cut.text, cut.rule) for cut in found.cuts] == [(line, rule)]


@pytest.mark.parametrize(
    "label",
    ["Next Article", "Read also", "Nächster Artikel", "Article suivant", "Artículo siguiente", "Следующая статья",
     "下一篇", "関連記事", "다음 기사", "المقال التالي", "More from Port Post"],
)  # fmt: skip
def test_a_headline_goes_with_the_line_that_announces_it(label: str) -> None:
    """Below the story, the line that announces another article takes that article's headline with it."""
    assert cut_lines(cleaned(STORY, SECOND, label, "Another town builds")) == [label, "Another town builds"]


def test_many_headlines_go_after_a_label_in_the_plural() -> None:
    """Below the story, every headline after `Related articles` goes."""
    headlines = ["Another town builds", "The river rises", "A bakery by the quay"]
    assert cut_lines(cleaned(STORY, SECOND, "Related articles", *headlines)) == ["Related articles", *headlines]


def test_one_headline_goes_within_the_story() -> None:
    """Between paragraphs a label takes one headline, and no subheading or paragraph after it."""
    found = cleaned(STORY, "Read also", "Another town builds", "The river", SECOND)
    assert cut_lines(found) == ["Read also", "Another town builds"]
    assert cut_lines(cleaned(STORY, "Read also", SECOND)) == ["Read also"]


def test_a_repeated_paragraph_goes_once() -> None:
    """The second of two equal paragraphs goes; short lines may come again."""
    found = cleaned(STORY, SECOND, STORY, "Yes.", "Yes.")
    assert [(cut.text, cut.rule, cut.start) for cut in found.cuts] == [(STORY, "repeated", len(STORY + SECOND) + 2)]


@pytest.mark.parametrize("lines", [("Read more",), ("Subscribe", "Read more", "Next Article", "A headline"), ()])
def test_what_is_furniture_only_is_left_whole(lines: tuple[str, ...]) -> None:
    """Where nothing would be left, nothing is cut."""
    found = cleaned(*lines)
    assert (found.cuts, found.text) == ((), found.extracted)


LINES = st.sampled_from(
    [STORY, SECOND, LAST, "Next Article", "Read more", "Another town builds", "Home", "  ", "", " Реклама ", "©", "🙂"]
)


@given(st.lists(LINES | st.text(max_size=40), max_size=25).map("\n".join))
def test_cuts_account_for_every_character(text: str) -> None:
    """Cuts stand in order without overlap, say what stands there, and with the clean text make up what there was."""
    found = FURNITURE.run(Draft(raw=raw(text), extracted=text, text=text))
    ends = [0]
    kept = []
    for cut in found.cuts:
        assert ends[-1] <= cut.start < cut.end
        assert text[cut.start : cut.end] == cut.text
        kept.append(text[ends[-1] : cut.start])
        ends.append(cut.end)
    assert "".join([*kept, text[ends[-1] :]]).split() == found.text.split()
    assert found.extracted == text
    assert bool(found.text.strip()) == bool(text.strip())


def test_what_is_cut_from_pages_held_out_is_furniture() -> None:
    """On the held-out passages cuts are right, take most of the furniture and spare the story."""
    found = score(passages("held"))
    assert found.precision >= 0.97
    assert found.f1 >= 0.9
    assert found.damaged <= 0.02


def test_the_labelled_passages_are_many_and_mixed() -> None:
    """There are 200 passages in twelve languages and more, a half of them held out, and clean ones in each half."""
    build, held = passages("build"), passages("held")
    assert len(build) + len(held) >= 200
    for half in (build, held):
        assert len({passage.language for passage in half}) >= 12
        assert sum(all(label == "s" for label, _ in passage.lines) for passage in half) >= 5
    assert not {passage.lines for passage in build} & {passage.lines for passage in held}


@pytest.mark.parametrize(
    "line",
    [
        "Copyright law is older than the printing press in this town, and it shows.",
        "He printed all rights reserved on every page and sued whoever copied one.",
        "© was the sign that he drew on the wall before he left the town.",
        "Users must accept cookies before they read our paper, the court said, and the policy must change.",
        "“We use cookies, you accept them, and that is our policy,” she joked.",
        "By Monday Night, everything was over.",
        "Text: that is all it was, and nobody read it.",
        "The post of harbour master will be filled by Monday.",
        "Become a member of the council and you will see how slow it is.",
        "More boats came on Tuesday.",
    ],
)
def test_a_story_keeps_its_last_sentence_and_its_first(line: str) -> None:
    """A sentence at the edge that shares words with notices stays."""
    assert cut_lines(cleaned(line, STORY, SECOND)) == []
    assert cut_lines(cleaned(STORY, SECOND, line)) == []


@pytest.mark.parametrize(
    "line", ["More in Sorrow Than Anger", "More by accident than design", "More on the way", "More on Ada Lind?"]
)
def test_a_subheading_that_begins_with_more_stays(line: str) -> None:
    """`More` introduces links only before a name."""
    assert cut_lines(cleaned(STORY, line, SECOND)) == []


@pytest.mark.parametrize("line", ["It is over. Who pays now?", "委员会周一开会。", "すべて終わった」。"])
def test_a_sentence_after_a_label_stays(line: str) -> None:
    """What follows a label goes only when it reads as a headline."""
    assert cut_lines(cleaned(STORY, "Read also", line, SECOND)) == ["Read also"]


def known(*lines: str) -> dict[str, RepeatedLine]:
    """What was learned of a source that prints these lines."""
    return {
        line_id(line): RepeatedLine(source="s", line=line_id(line), text=line, seen=9, articles=12) for line in lines
    }


def test_a_line_that_the_source_repeats_goes_with_its_count() -> None:
    """A learned label goes from within the story too, and the reason says in how many articles it stood."""
    text = "\n".join([STORY, "Port Post Plus", SECOND, LAST])
    found = FURNITURE.run(Draft(raw=raw(text), extracted=text, text=text, repeated=known("Port Post Plus")))
    assert [(cut.text, cut.rule) for cut in found.cuts] == [("Port Post Plus", "repeated-in-source")]
    assert "9 of 12 articles" in found.cuts[0].reason


def test_a_repeated_sentence_goes_from_the_edges_alone() -> None:
    """A sentence that was learned goes below the last paragraph; between paragraphs it is the story's."""
    notice = "The Port Post has brought news from the harbour to its readers since the pier was built."
    below = "\n".join([STORY, SECOND, notice])
    within = "\n".join([STORY, notice, SECOND])
    for text, gone in ((below, [notice]), (within, [])):
        found = FURNITURE.run(Draft(raw=raw(text), extracted=text, text=text, repeated=known(notice)))
        assert cut_lines(found) == gone


MENU = ["Skip", "Front page", "Harbour", "Town", "Sport", "Weather", "Opinion", "Puzzles", "Archive", "My account"]
TEASERS = ["Bakery wins prize", "Old pier to be sold", "Ferry late again", "School gets a roof", "Market moves north"]


def test_menus_and_teasers_around_a_whole_page_go() -> None:
    """On a whole page what stands above and below the story goes, each cut with where it stood; the story stays."""
    paragraphs = [STORY, SECOND, LAST, *(f"{SECOND[:-1]}, part {name}." for name in "abcde")]
    around = [f"{word} {name}" for name in "abcdefgh" for word in (*MENU, *TEASERS)]
    found = cleaned(*around, *paragraphs, *around)
    assert set(paragraphs) <= set(found.text.split("\n"))
    assert len(found.cuts) > len(around)  # more than a half of both sides
    assert {"above-story", "below-story"} <= {cut.rule for cut in found.cuts}
    assert all(cut.reason.startswith("outside the story") for cut in found.cuts if cut.rule.endswith("-story"))


def test_a_story_with_subheadings_is_no_page() -> None:
    """A clean article keeps its subheadings and its list."""
    article = [
        STORY,
        "The quay",
        SECOND,
        "The boats",
        LAST,
        "What comes next",
        STORY + " Again.",
        "In short",
        SECOND + " So.",
    ]
    assert cut_lines(cleaned(*article)) == []


def test_a_list_without_end_is_left_alone_with_a_note() -> None:
    """A text of more lines than any article has is not judged, and the article says so."""
    found = cleaned(*["Read more"] * 40_002)
    assert found.cuts == ()
    assert [note.enricher for note in found.notes] == ["furniture"]


def test_a_caption_that_stands_twice_goes_once_and_a_refrain_stays() -> None:
    """A paragraph is cut as said before only right after its copy, or where that was the standfirst."""
    assert cut_lines(cleaned(STORY, SECOND, LAST, "It went on for hours.", SECOND + " Yes.", LAST)) == [LAST]
    long = [f"{STORY[:-1]}, part {name}." for name in "abcdef"]
    assert cut_lines(cleaned(*long, long[3])) == []
