"""How labels are joined with texts that are not stored with them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from processors.enrichers.topics import table
from processors.training import topics_measure
from processors.training.topics_measure import read_passages
from processors.training.topics_real import digest, join, read_article, teaser, teasers

LABELS = Path(__file__).parents[1] / "data" / "topics"
LONG = "The minister opened the tunnel before a crowd of several hundred people."


def write(folder: Path, name: str, text: str) -> None:
    """A file in the folder, with the folders it lies in."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "stored", "at", "article"),
    [
        ("wire.cor", "First story.\nSecond story.\n", "wire.cor#1", ("", "Second story.")),
        (
            "acq/a.xml",
            "<R><TITLE>A &lt;B></TITLE><BODY>Two\n lines.</BODY></R>",
            "acq/a.xml",
            ("A <B>", "Two lines."),
        ),
        ("gum/a.tsv", "#Text=x\n1-1\t0-3\tIt\t_\n1-2\t4-7\trains\t_\n", "gum/a.tsv", ("", "It rains")),
        ("a.json", json.dumps({"expected": {"title": "T", "cleaned_text": "A  b"}}), "a.json", ("T", "A b")),
        ("a.txt", "One\n\ntwo ", "a.txt", ("", "One two")),
        (
            "a.conll",
            "\tn\tWord\n0\t1.0\tIt\n1\t2.0\tOne\n2\t3.0\ttwo\n3\t4.0\tNo\n",
            "a.conll#2",
            ("", "One two"),
        ),
        (
            "a/page.html",
            f"<title>News | Paper</title><p>short</p><script>x</script><p>{LONG}</p>",
            "a/page.html",
            ("News", LONG),
        ),
    ],
    ids=["lines", "reuters", "tokens", "expected", "plain", "sentences", "page"],
)
def test_every_kind_of_file_is_read(tmp_path: Path, name: str, stored: str, at: str, article: tuple[str, str]) -> None:
    """Title and text come out of each of the formats that the packages have."""
    write(tmp_path, name, stored)
    assert read_article(tmp_path, at) == article


def test_a_tagged_member_of_an_archive(tmp_path: Path) -> None:
    """The tags after the words go, words without one stay."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("b/c.txt", "It_PRP rains_VBZ , today_NN")
    assert read_article(tmp_path, "a.zip#b/c.txt") == ("", "It rains , today")


def test_the_title_of_the_metadata_goes_before_the_page_s_own(tmp_path: Path) -> None:
    """Beside a page its expected metadata tell the title."""
    write(tmp_path, "a/page.html", f"<title>Other</title><p>{LONG}</p>")
    write(tmp_path, "a/expected-metadata.json", '{"title": "Tunnel opens"}')
    assert read_article(tmp_path, "a/page.html") == ("Tunnel opens", LONG)


@pytest.mark.parametrize("at", ["absent.txt", "wire.cor#7", "a.zip#none.txt"])
def test_a_missing_text_is_named(tmp_path: Path, at: str) -> None:
    """What is not in the folder is named, with the folder and what to do."""
    write(tmp_path, "wire.cor", "only one")
    with zipfile.ZipFile(tmp_path / "a.zip", "w"):
        pass
    with pytest.raises(FileNotFoundError, match=f"{at} is not in .*README.md"):
        read_article(tmp_path, at)


def test_another_text_than_the_labelled_one_is_refused(tmp_path: Path) -> None:
    """A label meets its own text only."""
    write(tmp_path, "a.txt", LONG)
    label = {"at": "a.txt", "sha256": digest("", LONG), "top": ["medtop:11000000"], "second": [], "lead": True}
    assert [passage["text"] for passage in join([label], tmp_path)] == [LONG]
    write(tmp_path, "a.txt", LONG + " And more.")
    with pytest.raises(ValueError, match="not the text that was labelled"):
        list(join([label], tmp_path))


def test_a_teaser_has_two_sentences() -> None:
    """The title and a sentence, or two sentences; an initial ends none; a short text stays whole."""
    text = f"Mr. J. Smith of St. Ives won the local vote on Sunday. {LONG} He smiled."
    assert teaser("", text) == ("", f"Mr. J. Smith of St. Ives won the local vote on Sunday. {LONG}")
    assert teaser("Vote", text) == ("Vote", "Mr. J. Smith of St. Ives won the local vote on Sunday.")
    assert teaser("", "Short. Text.") == ("", "Short. Text.")


def test_articles_whose_lead_does_not_tell_are_left_out() -> None:
    """Cut to two sentences are those only whose topic these tell."""
    passages = [{"title": "", "text": LONG, "lead": lead} for lead in (True, False)]
    assert [each["lead"] for each in teasers(passages)] == [True]


@pytest.mark.parametrize("name", ["real", "real-pairs", "teasers", "build", "held-out"])
def test_labels_name_topics_in_use(name: str) -> None:
    """Every label is a top level in use, every second-level one lies under a top level that is right too."""
    concepts = table().concepts
    labels = read_passages(LABELS / f"{name}.jsonl")
    assert labels
    assert all(label["top"] and not concepts[code].parents for label in labels for code in label["top"])
    assert all(concepts[code].parents[0] in label["top"] for label in labels for code in label["second"])
    assert all(len(concepts[code].parents) == 1 for label in labels for code in label["second"])


@pytest.mark.parametrize("name", ["real", "real-pairs"])
def test_real_labels_hold_no_text(name: str) -> None:
    """Where a text stands and its digest are stored, once each and in both halves, but no text."""
    labels = read_passages(LABELS / f"{name}.jsonl")
    assert {tuple(sorted(label)) for label in labels} == {("at", "half", "lead", "second", "sha256", "top")}
    assert len({label["at"] for label in labels}) == len({label["sha256"] for label in labels}) == len(labels)
    assert min(sum(label["half"] == half for label in labels) for half in ("build", "held")) > 80


def test_measuring_joins_and_cuts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Texts come from the folder given, halves and classes are told apart; without the text the fault is printed."""
    article = "The striker scored twice in the cup final at Wembley. " + LONG
    write(tmp_path, "texts/wire.cor", f"{article}\n{LONG}")
    label = {"top": ["medtop:15000000"], "second": ["medtop:20000822"], "lead": True}
    labels = [
        {**label, "at": "wire.cor#0", "sha256": digest("", article), "half": "build"},
        {**label, "at": "wire.cor#1", "sha256": digest("", LONG), "half": "held"},
    ]
    write(tmp_path, "labels.jsonl", "".join(f"{json.dumps(each)}\n" for each in labels))
    options = ["--texts", str(tmp_path / "texts"), "--teasers", "--classes", str(tmp_path / "labels.jsonl")]
    assert topics_measure.main(options) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("labels build: 1 passages  top 1.000")
    assert printed[1] == "  medtop:15000000  passages 1  top 1  second 1"
    assert printed[2].startswith("labels held: 1 passages  top 0.000")
    assert topics_measure.main(["--half", "held", *options]) == 0
    assert "build" not in capsys.readouterr().out
    assert topics_measure.main(["--texts", str(tmp_path), str(tmp_path / "labels.jsonl")]) == 1
    assert "wire.cor#0 is not in" in capsys.readouterr().err
