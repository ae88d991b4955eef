"""Labelled articles whose texts are not free to store: joins the labels with texts found in a folder.

A label line names where its text stands, relative to the folder, and the digest of the title and text that were read
when it was labelled, so that a label never meets another text. `tests/data/topics/README.md` says which packages hold
the texts and how the folder is laid out.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from lxml import etree, html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Label = dict[str, Any]
Passage = dict[str, Any]
# A title and a text.
Article = tuple[str, str]

# Shorter paragraphs of a page are mostly not its article.
LEAST_PARAGRAPH: Final = 60
# A sentence ends at a stop before a capital; what stops sooner is an initial or an abbreviation.
LEAST_SENTENCE: Final = 25
SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s*[\"'”’]?\s+(?=[\"'“‘]?[A-Z])")
SITE: Final = re.compile(r" (?:[|–—]|-|l) ")


def read_article(folder: Path, at: str) -> Article:
    """The title (may be empty) and the text that stand at `at`: a file in `folder`, after `#` a place in it.

    Raises:
        FileNotFoundError: the file or the place in it is not there; the message names both.
    """
    name, _, place = at.partition("#")
    file = folder / name
    try:
        return READERS[file.suffix](file, place)
    except (OSError, IndexError, KeyError) as error:
        raise FileNotFoundError(
            f"{at} is not in {folder}: lay the folder out as tests/data/topics/README.md says"
        ) from error


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _line(file: Path, place: str) -> Article:
    """One of many texts, each a line: `place` counts from 0."""
    return "", file.read_text(encoding="latin-1").split("\n")[int(place)]


def _reuters(file: Path, _: str) -> Article:
    tree = etree.parse(str(file))
    return _plain(tree.findtext(".//TITLE") or ""), _plain(tree.findtext(".//BODY") or "")


def _tokens(file: Path, _: str) -> Article:
    """The words in the third column of WebAnno lines."""
    lines = file.read_text(encoding="utf-8").split("\n")
    return "", " ".join(line.split("\t")[2] for line in lines if re.match(r"\d+-\d+\t", line))


def _sentences(file: Path, place: str) -> Article:
    """Two sentences, the number of the first being `place`: a word a line, sentence and word in columns 2 and 3."""
    found = _all_sentences(file)
    return "", " ".join(found[int(place)] + found.get(int(place) + 1, []))


@cache
def _all_sentences(file: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for line in file.read_text(encoding="latin-1").split("\n")[1:]:
        if "\t" in line:
            _, number, word = line.split("\t")[:3]
            found[int(float(number))].append(word)
    return dict(found)


def _tagged(file: Path, place: str) -> Article:
    """A member of an archive, its words tagged as in `word_NN`."""
    with zipfile.ZipFile(file) as archive:
        words = archive.read(place).decode("utf-8", "replace").split()
    return "", " ".join(word.rpartition("_")[0] or word for word in words)


def _expected(file: Path, _: str) -> Article:
    """What an extractor's test expects of a page."""
    expected = json.loads(file.read_text(encoding="utf-8"))["expected"]
    return _plain(expected.get("title") or ""), _plain(expected["cleaned_text"])


def _file(file: Path, _: str) -> Article:
    return "", _plain(file.read_text(encoding="utf-8"))


def _page(file: Path, _: str) -> Article:
    """The longer paragraphs of a page; the title of the metadata beside it, else its own without the site's name."""
    tree = html.fromstring(file.read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    etree.strip_elements(tree, "script", "style", "noscript", with_tail=False)
    paragraphs = (_plain(each.text_content()) for each in tree.iter("p"))
    text = "\n".join(each for each in paragraphs if len(each) >= LEAST_PARAGRAPH)
    metadata = file.with_name("expected-metadata.json")
    if metadata.exists():
        return _plain(json.loads(metadata.read_text(encoding="utf-8")).get("title") or ""), text
    return SITE.split(_plain(tree.findtext(".//title") or ""))[0], text


READERS: Final[dict[str, Callable[[Path, str], Article]]] = {
    ".cor": _line,
    ".xml": _reuters,
    ".tsv": _tokens,
    ".conll": _sentences,
    ".zip": _tagged,
    ".json": _expected,
    ".txt": _file,
    ".html": _page,
}


def digest(title: str, text: str) -> str:
    """The SHA-256 of title and text, a line each."""
    return hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()


def teaser(title: str, text: str) -> Article:
    """The article cut to two sentences: the title and the first one, or the first two where there is no title."""
    wanted = 1 if title else 2
    ends = (found.start() for found in SENTENCE_END.finditer(text))
    last = 0
    for end in ends:
        if end - last >= LEAST_SENTENCE:
            wanted, last = wanted - 1, end
        if not wanted:
            return title, text[:end]
    return title, text


def join(labels: list[Label], folder: Path) -> Iterator[Passage]:
    """The labelled passages with their texts, as `topics_measure` reads them.

    Raises:
        FileNotFoundError: a text is not in the folder.
        ValueError: a text is another one than was labelled.
    """
    for label in labels:
        title, text = read_article(folder, label["at"])
        if digest(title, text) != label["sha256"]:
            raise ValueError(f"{label['at']} in {folder} is not the text that was labelled: take the release named")
        yield {**label, "title": title, "text": text}


def teasers(passages: list[Passage]) -> list[Passage]:
    """The passages whose topic two sentences tell, cut to these."""
    told = [passage for passage in passages if passage.get("lead", True)]
    return [{**each, **dict(zip(("title", "text"), teaser(each["title"], each["text"]), strict=True))} for each in told]
