"""The labelled corpora, read into one form: running text with typed character spans.

The label set is that of news: a place is any place or country, a nationality is no entity, a title is no part of a
name, nor is a possessive or a leading article. Where a corpus leaves open whether something is a name, its characters
are *masked*: nothing is learned from them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

Span = tuple[int, int, str]
Row = tuple[str, str]

TITLES = frozenset(
    "president vice prime minister chancellor king queen prince princess pope sheikh emperor mr mrs ms dr sir lady "
    "lord mr. mrs. ms. dr. gen. col. capt. lt. sgt. maj. sen. rep. gov. rev. prof. general colonel captain lieutenant "
    "sergeant major senator representative governor reverend professor secretary foreign defense ambassador former "
    "mayor judge justice ayatollah archbishop bishop cardinal father sister chairman director chief premier "
    "deputy state staff congressman congresswoman".split()
)
_GROUPS = {
    "PER": "PER per person politician scientist writer musicalartist researcher",
    "ORG": "ORG org organisation organization politicalparty university band corporation group",
    "LOC": "LOC geo gpe location country place",
    "EVT": "eve event election",
    "?": "magazine academicjournal conference award misc_event",
}
TYPES = {name: kind for kind, names in _GROUPS.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Sentence:
    """Running text with its named spans and the stretches of which nothing is known (characters).

    `pages` names the Wikipedia page of a span, where the corpus does.
    """

    text: str
    spans: tuple[Span, ...] = ()
    masked: tuple[tuple[int, int], ...] = ()
    pages: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """Sentences that belong together, from the corpus named."""

    corpus: str
    sentences: tuple[Sentence, ...]


@dataclass(slots=True)
class _Joiner:
    """Puts words back into running text."""

    text: str = ""
    glue: bool = True
    quotes: int = 0
    offsets: list[tuple[int, int]] = field(default_factory=list)

    _CLOSING = frozenset(
        ". , ; : ! ? ) ] } % ' 's ’s n't n’t 'm 're 've 'll 'd ’re ’ve ’ll ’m ’d ... … ” ’ '' / - – N'T 'S".split()
    )
    _OPENING = frozenset("( [ { $ # “ ‘ ` `` / - – @".split())

    def add(self, word: str) -> None:
        closing = word in self._CLOSING
        opening = word in self._OPENING
        if word == '"':
            self.quotes += 1
            closing, opening = self.quotes % 2 == 0, self.quotes % 2 == 1
        if not (self.glue or closing):
            self.text += " "
        self.offsets.append((len(self.text), len(self.text) + len(word)))
        self.text += word
        self.glue = opening


def _types_of(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Word and bare label, with the "B-" kept where a new span starts."""
    before = "O"
    for word, label in rows:
        if label == "O" or "-" not in label:
            before = "O"
            yield word, "O"
            continue
        mark, kind = label.split("-", 1)
        new = mark == "B" or before != kind
        before = kind
        yield word, ("B-" if new else "I-") + kind


def sentence(rows: Iterable[Row]) -> Sentence:
    """Words with BIO (or IO) labels of any corpus as running text with spans of our types."""
    joiner = _Joiner()
    found: list[Span] = []
    for word, label in _types_of(rows):
        joiner.add(word)
        start, end = joiner.offsets[-1]
        if label.startswith("B-"):
            found.append((start, end, label[2:]))
        elif label.startswith("I-"):
            found[-1] = (found[-1][0], end, found[-1][2])
    return _typed(joiner.text, found)


def _typed(text: str, found: Iterable[Span]) -> Sentence:
    """The text with the spans whose label has a type of ours, trimmed; those left open are masked."""
    spans, masked = [], []
    for start, end, label in found:
        ours = TYPES.get(label)
        if ours == "?":
            masked.append((start, end))
        elif ours and (trimmed := trim(text, start, end, ours)):
            spans.append(trimmed)
    return Sentence(text, tuple(spans), tuple(masked))


def trim(text: str, start: int, end: int, kind: str) -> Span | None:
    """The span without leading article and titles and without a possessive; None where no name is left."""
    while True:
        inside = text[start:end]
        first = re.match(r"\S+\s+", inside)
        word = first.group().strip().lower() if first else ""
        if not (word in ("the", "a", "an") or (kind == "PER" and word in TITLES)):
            break
        start += first.end() if first else 0
    inside = re.sub(r"\s*(?:['’]s|['’])$", "", text[start:end])
    nameless = not inside or (kind == "PER" and inside.lower() in TITLES)
    return None if nameless else (start, start + len(inside), kind)


def _columns(path: Path, word: int, label: int, separator: str | None = None) -> Iterator[list[Row]]:
    """Sentences of a column file; blank lines part them, comments are left out."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for blank, block in groupby(lines, key=lambda line: not line.strip() or line.startswith(("-DOCSTART-", "# "))):
        if blank:
            continue
        cells = [line.rstrip("\r").split(separator) for line in block]
        rows = [(cell[word], cell[label]) for cell in cells if len(cell) > max(word, label)]
        if rows:
            yield rows


def _packed(corpus: str, sentences: Iterable[Sentence], size: int = 1) -> list[Document]:
    kept = [one for one in sentences if one.text]
    return [Document(corpus, tuple(kept[i : i + size])) for i in range(0, len(kept), size)]


def crossner(
    data: Path, part: str, domains: Iterable[str] = ("politics", "science", "literature", "music", "ai")
) -> list[Document]:
    """CrossNER: sentences of Wikipedia, the only corpus here with elections and events."""
    found = []
    for domain in domains:
        path = data / f"ner/crossner/{domain}/{part}.txt"
        found += _packed("crossner", map(sentence, _columns(path, 0, 1, "\t")))
    return found


def wnut(data: Path) -> list[Document]:
    """WNUT 17: emerging entities in user text."""
    names = ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    return [
        one
        for name in names
        for one in _packed("wnut", map(sentence, _columns(data / "ner/wnut17" / name, 0, 1, "\t")))
    ]


def btc(data: Path, sections: Iterable[str] = "abefgh") -> list[Document]:
    """Broad Twitter Corpus; sections f and g are news and public figures."""
    return [
        one
        for name in sections
        for one in _packed("btc", map(sentence, _columns(data / f"ner/btc/{name}.conll", 0, 1, "\t")))
    ]


def sec_filings(data: Path) -> list[Document]:
    """Loan agreements; lower-case roles ("lender") are labelled in it and are masked here."""
    found = []
    for name in ("FIN3.txt", "FIN5.txt"):
        for rows in _columns(data / "ner/sec_filings" / name, 0, 3, " "):
            one = sentence(rows)
            if len(one.text) > 3:
                named = tuple(span for span in one.spans if re.search(r"[A-Z]", one.text[span[0] : span[1]]))
                lower = tuple(span[:2] for span in one.spans if span not in named)
                found.append(Sentence(one.text, named, lower))
    return _packed("sec", found, 4)


def ewt(data: Path, part: str) -> list[Document]:
    """English Web Treebank with Universal NER labels, by document. `part` is dev or test."""
    path = data / f"ner/uner_ewt/en_ewt-ud-{part}.iob2"
    documents: list[list[Sentence]] = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = block.split("\n")
        if any(line.startswith("# newdoc") for line in lines) or not documents:
            documents.append([])
        text = next((line[9:] for line in lines if line.startswith("# text = ")), "")
        rows = [line.split("\t") for line in lines if line and line[0].isdigit()]
        if rows:
            documents[-1].append(_aligned(text, [(row[1], row[2]) for row in rows]))
    return [Document("ewt", tuple(one)) for one in documents if one]


def _aligned(text: str, rows: list[Row]) -> Sentence:
    """Labelled words laid over the text they came from."""
    position = 0
    found: list[Span] = []
    for word, label in _types_of(rows):
        start = text.find(word, position)
        if start < 0:
            return sentence(rows)
        position = start + len(word)
        if label.startswith("B-"):
            found.append((start, position, label[2:]))
        elif label.startswith("I-"):
            found[-1] = (found[-1][0], position, found[-1][2])
    return _typed(text, found)


def gmb(data: Path) -> list[Document]:
    """Voice of America news. Its `gpe` holds countries and nationalities: only the first are kept."""
    lines = (data / "ner/gmb/GMB_dataset.txt").read_text(encoding="utf-8", errors="replace").split("\n")[1:]
    cells = [line.rstrip("\r").split("\t") for line in lines if line.count("\t") >= 4]
    nations = {cell[2] for cell in cells if cell[4] == "B-gpe" and cell[3] in ("JJ", "NNS")}
    found = []
    for _, block in groupby(cells, key=lambda cell: cell[1]):
        rows = []
        for _, _, word, tag, label in block:
            nation = label.endswith("gpe") and (tag in ("JJ", "NNS", "NNPS") or word in nations)
            other = label.endswith(("tim", "art", "nat"))
            rows.append((word, "O" if nation or other else label))
        found.append(sentence(rows))
    return _packed("gmb", found)


def silver(data: Path) -> list[Document]:
    """Sentences labelled by a model (en_core_web_md), one document each twelve; of those without a name every third."""
    every = map(sentence, _columns(data / "ner/silver_en.iob", 0, 1, "\t"))
    kept = (one for number, one in enumerate(every) if one.spans or number % 3 == 0)
    return _packed("silver", kept, 12)


def gum(data: Path, genres: Iterable[str] | None = None) -> dict[str, Document]:
    """GUM by document name. A mention with a Wikipedia identity is a name; other words with a capital are open."""
    paths = sorted((data / "ner/gum/tsv").glob("*.tsv"))
    wanted = [path for path in paths if genres is None or path.stem.split("_")[1] in set(genres)]
    return {path.stem: Document("gum", tuple(_gum_sentences(path))) for path in wanted}


def _gum_sentences(path: Path) -> Iterator[Sentence]:
    mentions: dict[str, str] = {}
    blocks = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        cells = [line.split("\t") for line in block.split("\n") if re.match(r"\d+-\d+\t", line)]
        if cells:
            blocks.append(cells)
            for cell in cells:
                mentions.update((number, name) for name, number in re.findall(r"([^|\[\]]+)\[(\d+)\]", cell[6]))
    small = {cell[2] for cells in blocks for cell in cells if cell[2].islower()}
    for cells in blocks:
        yield _gum_sentence(cells, mentions, small)


_GUM = {"person": "PER", "organization": "ORG", "place": "LOC", "event": "EVT"}
_PRONOUNS = frozenset("i we you he she it they his her its their my our your this that these those".split())
_NAME = re.compile(r"^[A-Z0-9][^ ]*(?: (?:(?:of|the|and|for|de|la|del|von|van|in|on|al|bin|&|-|') ?)*[A-Z0-9][^ ]*)*$")


def _gum_sentence(cells: list[list[str]], identities: dict[str, str], small: set[str]) -> Sentence:
    """One sentence. Open is a word with a capital outside a name, unless the document also writes it without one."""
    joiner = _Joiner()
    extent: dict[str, list[int]] = {}
    kinds: dict[str, str] = {}
    for cell in cells:
        joiner.add(cell[2])
        start, end = joiner.offsets[-1]
        for kind, number in re.findall(r"([a-z]+)\[(\d+)\]", cell[3]):
            extent.setdefault(number, [start, end])[1] = end
            kinds[number] = kind
    mentions = [
        (start, end, _GUM[kinds[n]]) for n, (start, end) in extent.items() if kinds[n] in _GUM and n in identities
    ]
    named = (one for one in mentions if joiner.text[one[0] : one[1]].lower() not in small | _PRONOUNS)
    spans = _outermost(joiner.text, sorted(named, key=lambda one: (one[0], -one[1])))
    masked = (
        match.span()
        for match in re.finditer(r"\b[A-Z][\w.&’'-]*", joiner.text)
        if match.group().lower() not in small and not any(start <= match.start() < end for start, end, _ in spans)
    )
    pages = (
        (*trimmed[:2], identities[number])
        for number, (start, end) in extent.items()
        if number in identities
        and kinds[number] in _GUM
        and (trimmed := trim(joiner.text, start, end, _GUM[kinds[number]]))
    )
    return Sentence(joiner.text, tuple(spans), tuple(masked), tuple(pages))


def _outermost(text: str, mentions: Iterable[Span]) -> list[Span]:
    """The mentions that are names once trimmed, none inside another."""
    spans: list[Span] = []
    for start, end, kind in mentions:
        trimmed = trim(text, start, end, kind)
        if trimmed and _NAME.match(text[trimmed[0] : trimmed[1]]) and not (spans and trimmed[0] < spans[-1][1]):
            spans.append(trimmed)
    return spans


def plain_texts(data: Path) -> list[Document]:
    """Text without labels: MASC and the presidents' addresses, in documents of a few sentences."""
    found: list[Document] = []
    with zipfile.ZipFile(data / "text/masc_tagged.zip") as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".txt") and name.count("/") == 2:
                found += _packed("masc", _untagged(archive.read(name).decode("utf-8", "replace")), 12)
    for part in ("state_union", "inaugural"):
        with zipfile.ZipFile(data / f"text/{part}.zip") as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".txt") and int(name.split("/")[-1][:4]) > 1900:
                    text = archive.read(name).decode("latin-1")
                    found += _packed(part, map(Sentence, _sentences(text)), 12)
    return found


def _untagged(text: str) -> Iterator[Sentence]:
    for line in text.split("\n"):
        words = [word.rpartition("_")[0] for word in line.split() if "_" in word]
        if words:
            yield sentence((word, "O") for word in " ".join(words).replace("- ", "-").split())


def _sentences(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n|\r\n", text):
        yield from filter(None, re.split(r"(?<=[a-z)][.!?])\s+(?=[A-Z])", " ".join(paragraph.split())))
