"""Title, authors and text out of whatever a source gave."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.enrichers.draft import Draft
from processors.enrichers.extract import EXTRACT, LONGEST_CONTENT, LONGEST_TEXT
from schemas.article import RawArticle
from tests.drafts import SEED_PATHS

STORY = "The council approved the new harbour plan on Monday after four hours of debate in the town hall."
SECOND = "Work on the eastern quay will begin in spring, and the fishing boats move to the river until then."
PAGE = f"""<!doctype html><html><head><title>Harbour plan approved - Port Post</title>
<meta name="author" content="Ada Lind; Bo Ek">
<meta property="article:published_time" content="2026-02-03T04:05:06Z">
<style>.styleword {{}}</style><script>var a = "scriptword";</script></head><body>
<nav><a href="/">Home</a> <a href="/n">Navword</a></nav>
<article><h1>Harbour plan approved</h1><p>{STORY}</p><p>{SECOND} It was <b>very</b> long.</p></article>
<footer>Footerword</footer><script>scriptword()</script></body></html>"""


def extracted(content: str, **stated: Any) -> Draft:
    """What the enricher makes of an article with this content."""
    raw = RawArticle(
        id="0" * 32, source="s", origin="o", fetched_at=datetime(2026, 1, 1, tzinfo=UTC), content=content, **stated
    )
    return EXTRACT.run(Draft(raw=raw))


def test_the_first_line_of_the_first_seed_is_its_title() -> None:
    """Seed 000 has its title on the first line, before a blank one, and the text without it."""
    found = extracted(SEED_PATHS[0].read_text(encoding="utf-8"))
    assert found.title == "Russia sets terms for U.S. talks on strategic stability"
    assert found.extracted.startswith("No time to read?\nGet a summary\n\nRussia says talks")
    assert found.extracted == found.text


def test_the_first_line_of_the_second_seed_is_its_title() -> None:
    """Seed 002 has its title right above the first paragraph."""
    found = extracted(SEED_PATHS[1].read_text(encoding="utf-8"))
    assert found.title == "US-Russia Arms Control Dialogue Faces Scrutiny and Contradictions"
    assert found.text.startswith("The United States faces sharp questions")


@pytest.mark.parametrize(
    "line",
    [
        "The council met on Monday.",
        "He said this:",
        "In the town hall,",
        "and then they left",
        "委员会周一开会。",
        "No time to read?",
        "Advertisement",
        "—",
        "x" * 201,
        "word " * 31,
    ],
)
def test_a_line_that_is_no_title_stays_in_the_text(line: str) -> None:
    """A sentence, a fragment, furniture, a mark and a whole paragraph are no titles, though they stand first."""
    found = extracted(f"{line}\n\n{STORY}")
    assert found.title == ""
    assert found.text == f"{line.strip()}\n\n{STORY}"


@pytest.mark.parametrize(
    "line", ["Can the harbour wait?", "“We will not wait”", "Talks move to the U.S.", "2026 begins"]
)
def test_questions_quotations_and_abbreviations_may_be_titles(line: str) -> None:
    """A title may end with a question mark, a quotation mark or an abbreviation, or begin with a number."""
    assert extracted(f"{line}\n\n{STORY}").title == line


def test_a_text_of_one_line_has_no_title() -> None:
    """What has no second line is text."""
    found = extracted("Harbour plan approved")
    assert (found.title, found.text) == ("", "Harbour plan approved")


@pytest.mark.parametrize(
    ("stated", "line", "title"),
    [
        ("Harbour plan approved", "Harbour plan approved", "Harbour plan approved"),
        ("Harbour Plan Approved!", "Harbour plan approved", "Harbour Plan Approved!"),
        ("Harbour plan approved | Port Post", "Harbour plan approved", "Harbour plan approved"),
        ("Harbour plan approved - Port Post", "Harbour plan approved", "Harbour plan approved"),
    ],
)
def test_a_stated_title_is_taken_out_of_the_text(stated: str, line: str, title: str) -> None:
    """The first line goes when it says the same as the stated title, but for the name of a site."""
    found = extracted(f"{line}\n\n{STORY}", title=stated)
    assert (found.title, found.text) == (title, STORY)


def test_a_stated_title_takes_no_other_line_with_it() -> None:
    """A first line that says something else than the stated title stays."""
    found = extracted(f"Another line\n\n{STORY}", title="Harbour plan approved")
    assert (found.title, found.text) == ("Harbour plan approved", f"Another line\n\n{STORY}")


@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
def test_a_page_is_read_as_a_page(content_type: str) -> None:
    """Title, authors, time and story come out of a page, called so or not; scripts, styles and menus do not."""
    found = extracted(PAGE, content_type=content_type)
    assert found.title == "Harbour plan approved"
    assert found.authors == ("Ada Lind", "Bo Ek")
    assert found.published_hint == "2026-02-03T04:05:06Z"
    assert found.text == f"{STORY}\n{SECOND} It was very long."


def test_what_the_source_says_wins_over_the_page() -> None:
    """Title and authors given by the source stand, whatever the page says."""
    found = extracted(PAGE, content_type="text/html", title="Quay to be rebuilt", authors=("Cy Holm", " Cy  Holm", ""))
    assert (found.title, found.authors) == ("Quay to be rebuilt", ("Cy Holm",))


def test_a_fragment_is_read_whole() -> None:
    """Each block of a feed's HTML is a line, entities are characters, and nothing of it is left out."""
    fragment = "<p>One &amp; two</p><p>Three<br>four <b>bold</b></p><script>scriptword</script>"
    assert extracted(fragment, content_type="text/html").text.split() == ["One", "&", "two", "Three", "four", "bold"]


def test_tags_that_are_visible_in_plain_text_go() -> None:
    """Tags in plain text become line ends or nothing; signs of comparison are no tags."""
    assert extracted("A <b>bold</b> line &amp; more<br/>where 3 < 4.").text == "A bold line & more\nwhere 3 < 4."
    assert extracted("if a < b and c > d &amp; so").text == "if a < b and c > d &amp; so"


@pytest.mark.parametrize("unclosed", ["script", "style"])
def test_words_survive_a_page_that_is_broken(unclosed: str) -> None:
    """Where no reader finds a story, what stands outside closed scripts is taken."""
    found = extracted(f"<{unclosed}>gone</{unclosed}>{STORY}<{unclosed}>", content_type="text/html")
    assert found.text == STORY


def test_long_text_is_cut_at_a_word_with_a_note() -> None:
    """Over a million characters are cut at a word's end; the article and a note say so."""
    found = extracted("harbour " * (LONGEST_TEXT // 5))
    assert found.truncated
    assert LONGEST_TEXT - 10 <= len(found.text) <= LONGEST_TEXT
    assert found.text.endswith("harbour")
    assert [note.enricher for note in found.notes] == ["extract"]
    assert "1,599,999 characters" in found.notes[0].message


def test_plain_text_beyond_the_bound_is_not_read() -> None:
    """Of content without end only so much is read as can be kept with white space around it."""
    found = extracted("harbour\n" * (LONGEST_CONTENT // 4))
    assert len(found.text) <= LONGEST_TEXT
    assert found.truncated


STATED = "<script type='application/ld+json'>{}</script>"
BODY = "".join(f"<p>{STORY} Part {name} of it.</p>" for name in "abcdefgh")


def test_the_body_that_a_page_states_is_taken_where_the_reading_lost_it() -> None:
    """A body in the page's JSON-LD wins over a reading that has little of it."""
    stated = STATED.format(json.dumps({"@graph": [{"articleBody": BODY}]}))
    page = f"<html><head>{stated}</head><body><article><p>{SECOND}</p></article></body></html>"
    assert extracted(page, content_type="text/html").text.count("Part") == 8


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("Ada Lind", ("Ada Lind",)),
        ({"@type": "Person", "name": "Ada Lind"}, ("Ada Lind",)),
        ([{"name": "Ada Lind"}, {"name": "Bo Ek"}, {"url": "https://a.example"}, 7], ("Ada Lind", "Bo Ek")),
        ("https://a.example/ada", ()),
    ],
)
def test_authors_are_read_from_what_the_page_states(author: object, names: tuple[str, ...]) -> None:
    """Names in JSON-LD are the authors, however they are put there; addresses are not."""
    stated = STATED.format(json.dumps({"@type": "NewsArticle", "author": author}))
    head = f"<head><meta property='og:title' content='Harbour plan approved'>{stated}</head>"
    found = extracted(f"<html>{head}<body><article>{BODY}</article></body></html>", content_type="text/html")
    assert (found.title, found.authors) == ("Harbour plan approved", names)
    assert found.text.count("Part") == 8


def test_a_short_statement_of_the_body_does_not_replace_the_story() -> None:
    """What a page states as its article's body is left alone where the page has more."""
    stated = STATED.format(json.dumps({"articleBody": "Half a sentence"}))
    page = f"<html><head>{stated}</head><body><article>{BODY}</article></body></html>"
    assert extracted(page, content_type="text/html").text.count("Part") == 8


@pytest.mark.parametrize("body", [["no string"], {"a": 1}, 7, "<" * 1000, "&amp;" * 10])
def test_a_body_that_is_none_does_no_harm(body: object) -> None:
    """Whatever stands where a body should, the page is read."""
    stated = STATED.format(json.dumps({"articleBody": body, "mainEntity": [[[[[[]]]]]]}))
    page = f"<html><head>{stated}</head><body><article>{BODY}</article></body></html>"
    assert extracted(page, content_type="text/html").text.count("Part") == 8


def test_text_of_usual_length_has_no_note() -> None:
    """A text within the bound is whole, without a note."""
    found = extracted(STORY)
    assert (found.truncated, found.notes) == (False, ())


@pytest.mark.parametrize(
    "content",
    [
        "x" * 5_000_000,
        "<" * 1_000_000,
        "<script>" * 60_000,
        "<!--" * 100_000,
        "A title\n\n" + "a." * 500_000 + "bc.",
        "a" + "\u0301" * 1_000_000,
        " \n" * 500_000 + "end",
        "<html><body>" + "<div>" * 100_000 + "deep",
        "text<br>" * 200_000,
        ".,;:!?-\n" * 200_000,
        "<a " * 300_000,
        "مرحبا 🙂 " * 100_000,
    ],
    ids=[
        "letters",
        "signs",
        "scripts",
        "comments",
        "abbreviations",
        "marks",
        "spaces",
        "nested",
        "lines",
        "punctuation",
        "open tags",
        "right to left",
    ],
)
@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
@pytest.mark.timeout(120)
def test_hostile_text_ends_within_bounds(content: str, content_type: str) -> None:
    """What takes quadratic time elsewhere comes back, no longer than the bound."""
    assert len(extracted(content, content_type=content_type).text) <= LONGEST_TEXT


@pytest.mark.parametrize("content", ["", " \n\t", "\x00\x01\x02", "\ufeff\u200b", "<html></html>"])
@pytest.mark.parametrize("content_type", ["text/html", "text/plain"])
def test_nothing_to_read_is_an_empty_text(content: str, content_type: str) -> None:
    """Content without a word is an empty article, and no error."""
    found = extracted(content, content_type=content_type)
    assert (found.title, found.text, found.authors, found.notes) == ("", "", (), ())


def test_invisible_characters_go_and_joiners_stay() -> None:
    """Controls, soft hyphens and bidi embeddings go; what Persian and emoji are joined with stays."""
    assert extracted("har\xadbour\x07 \u202eopen\u202c").text == "harbour open"
    assert extracted("می‌خواهم 👩\u200d👩\u200d👧").text == "می‌خواهم 👩\u200d👩\u200d👧"
    assert extracted("cafe\u0301\r\nopen\u2028now").text == "café\nopen\nnow"


def test_right_to_left_titles_are_found() -> None:
    """A title in Arabic is found as one in English is."""
    story = "وافق المجلس على خطة الميناء الجديدة يوم الاثنين بعد أربع ساعات من النقاش في قاعة المدينة الكبيرة."
    found = extracted(f"المجلس يوافق على خطة الميناء\n\n{story}")
    assert (found.title, found.text) == ("المجلس يوافق على خطة الميناء", story)


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("<>/pb\n \x00\u0301"), max_size=300))
def test_any_text_is_regular_afterwards(content: str) -> None:
    """Whatever came in, no line end but `\\n` is in the text, no run of spaces, and no white space at its ends."""
    found = extracted(content).text
    assert found == found.strip()
    assert not [part for part in ("\x00", "\r", "\t", "  ", " \n", "\n ", "\n\n\n") if part in found]
