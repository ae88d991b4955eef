"""Builds the tables of the topics enricher: `python -m processors.training.topics DATA`.

DATA holds `iptc/mediatopics-en-GB-*.json`, the IPTC Media Topics (CC BY 4.0). The terms are those of
`processors/models/topics-seeds.txt` and the concepts' own labels.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from processors.enrichers.topics import MARK
from processors.enrichers.words import tokens
from processors.training.topics_words import near_words

if TYPE_CHECKING:
    from collections.abc import Iterable

MODELS: Final = Path(__file__).parent.parent / "models"
SEEDS: Final = MODELS / "topics-seeds.txt"
TABLE: Final = MODELS / "topics.json.gz"
WEIGHTS: Final = {"!": 2.0, "~": 0.6, "?": 0.15}
PLAIN_WEIGHT: Final = 1.0
LABEL_WEIGHT: Final = 1.0
NEAR_WEIGHT: Final = 0.9
PREFIX: Final = "medtop:"
# How much the evidence for a top level counts: few words speak for a disaster, many for politics and business, which
# come up in articles of all kinds. Fitted to the build halves of the labelled passages, with a pull towards 1.
GAINS: Final = {
    "02": 1.1,
    "03": 1.3,
    "04": 0.9,
    "05": 1.1,
    "06": 1.1,
    "07": 1.1,
    "08": 1.3,
    "10": 1.25,
    "11": 0.85,
    "16": 1.4,
    "17": 1.1,
}


Record = dict[str, Any]
Terms = dict[str, dict[str, float]]


def read_concepts(data: Path) -> dict[str, Record]:
    """The newest export of the Media Topics in `data`, by code.

    Raises:
        FileNotFoundError: there is none; the message says what is looked for.
    """
    exports = sorted(data.glob("iptc/mediatopics-en-GB-*.json"))
    if not exports:
        raise FileNotFoundError(f"no iptc/mediatopics-en-GB-*.json in {data}: name the folder that holds iptc/")
    concepts: dict[str, Record] = json.loads(exports[-1].read_text(encoding="utf-8"))
    return concepts


def lineage(record: Record) -> list[str]:
    """The codes from the top level down to the concept itself."""
    levels = (record.get(f"Level{level}/NewsCode") for level in range(1, 7))
    return [code for code in levels if isinstance(code, str)]


def is_retired(record: Record) -> bool:
    """Whether IPTC has withdrawn the concept (the export writes NaN where there is no date)."""
    return isinstance(record.get("RetiredDate"), str)


def replacements(concepts: dict[str, Record]) -> dict[str, str]:
    """For every retired code the one to use: the same name or Wikidata item, else the nearest one above it."""
    active = {code for code, record in concepts.items() if not is_retired(record)}
    by_name = {_name(concepts[code]): code for code in active}
    by_item = {item: code for code in active if isinstance(item := concepts[code]["Wikidata mapping"], str)}
    found = {}
    for code, record in concepts.items():
        if code not in active:
            above = [each for each in reversed(lineage(record)) if each in active]
            same = by_name.get(_name(record)) or by_item.get(record["Wikidata mapping"])
            found[code] = same or above[0]
    return found


def _name(record: Record) -> str:
    return str(record["Name (en-GB)"]).strip()


def read_seeds(text: str, replaced: dict[str, str]) -> Terms:
    """The weights of the hand-written terms, by term and code; a term's plural stands beside it."""
    terms: Terms = defaultdict(dict)
    for line in text.splitlines():
        head, colon, listed = line.partition(":")
        if line.startswith("#") or not colon:
            continue
        code = PREFIX + head.split()[0]
        code = replaced.get(code, code)
        for term in filter(None, map(str.strip, listed.split(","))):
            _add(terms, term, code)
    return terms


def _add(terms: Terms, written: str, code: str) -> None:
    weight = WEIGHTS.get(written[0], PLAIN_WEIGHT)
    singular = " ".join(tokens(written.lstrip("!~?")))
    for form in dict.fromkeys((singular, singular if written.endswith(".") else plural(singular))):
        terms[form][code] = max(weight, terms[form].get(code, 0.0))


def plural(term: str) -> str:
    """The regular English plural of the term's last word; itself where it looks plural already."""
    if len(term) < 3 or not term[-1].isalpha() or term.endswith("s"):
        return term
    if term.endswith("y") and term[-2] not in "aeiou":
        return term[:-1] + "ies"
    return term + ("es" if term.endswith(("x", "z", "ch", "sh")) else "s")


def marked_words(terms: Iterable[str]) -> dict[str, str]:
    """How a word of a text is marked that some term asks for with capitals: `Twins` and `TWINS` as `twins^`."""
    marks = {}
    for word in sorted({word for term in terms for word in term.split() if word != word.lower()}):
        for surface in (word, word.upper()):
            marks[surface] = word.lower() + MARK
    return marks


def patterns(terms: Terms) -> Terms:
    """The terms as they are looked for: words in lower case, with a mark where capitals are asked for.

    A term in lower case is looked for both ways where another asks for capitals: `bonds` begins sentences too.
    """
    cased = {mark.removesuffix(MARK) for mark in marked_words(terms).values()}
    found: Terms = defaultdict(dict)
    for term, weights in terms.items():
        ways = (
            [_way(word)] if word != word.lower() else [word, word + MARK][: 1 + (word in cased)]
            for word in term.split()
        )
        for way in product(*ways):
            for code, weight in weights.items():
                forms = found[" ".join(way)]
                forms[code] = max(weight, forms.get(code, 0.0))
    return found


def _way(word: str) -> str:
    return word.lower() + MARK


def add_labels(terms: Terms, concepts: dict[str, Record]) -> None:
    """Adds the labels of two words and more that no seed names: one word alone is too often a common one."""
    for code, record in concepts.items():
        label = " ".join(tokens(_name(record).partition("(")[0].lower()))
        if " " in label and not is_retired(record) and not {"and", "or"} & set(label.split()):
            for form in (label, plural(label)):
                terms.setdefault(form, {code: LABEL_WEIGHT})


def add_near_words(terms: Terms, concepts: dict[str, Record], data: Path) -> None:
    """Adds the words that lie near the terms of a top level, as weak terms of it."""
    top_of = {code: lineage(record)[0] for code, record in concepts.items()}
    by_top: Terms = {}
    for term, weights in terms.items():
        tops = by_top.setdefault(term, {})
        for code, weight in weights.items():
            tops[top_of[code]] = max(weight, tops.get(top_of[code], 0.0))
    for word, (top, share) in near_words(data, by_top, sorted(set(top_of.values()))).items():
        terms[word] = {top: round(NEAR_WEIGHT * share, 2)}


def build(data: Path) -> Record:
    """The table that the enricher reads: concepts in order, retired codes, and terms with their weights."""
    concepts = read_concepts(data)
    replaced = replacements(concepts)
    terms = read_seeds(SEEDS.read_text(encoding="utf-8"), replaced)
    active = [code for code, record in concepts.items() if not is_retired(record)]
    unknown = sorted({code for weights in terms.values() for code in weights} - set(active))
    if unknown:
        raise ValueError(f"{SEEDS.name} names codes that IPTC does not have: {', '.join(unknown)}")
    add_labels(terms, concepts)
    add_near_words(terms, concepts, data)
    looked_for = patterns(terms)
    order = {code: at for at, code in enumerate(active)}
    return {
        "concepts": [[code, _name(concepts[code]), lineage(concepts[code])[:-1]] for code in active],
        "retired": replaced,
        "marks": marked_words(terms),
        "gains": {code: GAINS.get(code[7:9], 1.0) for code in active if not lineage(concepts[code])[1:]},
        "terms": [
            [term, sorted([order[code], weight] for code, weight in looked_for[term].items())]
            for term in sorted(looked_for)
        ],
    }


def main(arguments: list[str]) -> int:
    """Builds and writes the table; says what it holds."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m processors.training.topics DATA\n")
        return 2
    try:
        table = build(Path(arguments[0]))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    packed = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    TABLE.write_bytes(gzip.compress(packed, mtime=0))
    counts = ", ".join(f"{len(table[part])} {part}" for part in ("concepts", "retired", "terms"))
    sys.stdout.write(f"{TABLE.name}: {counts}, {TABLE.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
