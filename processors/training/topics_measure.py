"""Measures the topics enricher on labelled passages: `python -m processors.training.topics_measure FILE...`.

A file has one JSON object a line: `title`, `text`, `top` (the right top-level codes, the main one first) and `second`
(right codes of the level below); `--texts FOLDER` where the lines only name their texts, see
`processors.training.topics_real`. For each file, and each half of it where lines name one, a line of shares:

- `top`: the first topic's top level is right; `desk`: it is so when the top levels are folded to four desks (business
  and labour; sport; science, health and environment; all else); `anywhere`: some topic's top level is right;
- `second`: some topic is of a right second level; `second first`: the first topic is; `none`: there are no topics;
- `precision`: of all topics given, those whose top level is right; `precision second`: of all topics below the second
  level or on it, those of a right one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from processors.enrichers.topics import find_topics
from processors.training.topics_real import join, teasers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.article import Topic

Passage = dict[str, Any]
DESKS: Final = {
    "medtop:04000000": "business",
    "medtop:09000000": "business",
    "medtop:15000000": "sport",
    "medtop:06000000": "science",
    "medtop:07000000": "science",
    "medtop:13000000": "science",
}
SHARES: Final = ("top", "desk", "anywhere", "second", "second first", "none")


def read_passages(path: Path, texts: Path | None = None) -> list[Passage]:
    """The labelled passages of one file, with their texts from the folder `texts` where it only names them."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return lines if texts is None else list(join(lines, texts))


def levels(topic: Topic) -> tuple[str, ...]:
    """The codes from the top level down to the topic's own."""
    return (*topic.parents, topic.id)


def judge(passage: Passage, found: tuple[Topic, ...]) -> Counter[str]:
    """What is right about the topics found for one passage: the shares are 0 or 1, the rest counts of topics."""
    first = levels(found[0]) if found else ()
    tops = [levels(topic)[0] for topic in found]
    seconds = [levels(topic)[1] for topic in found if topic.parents]
    right, below = set(passage["top"]), set(passage["second"])
    desks = {DESKS.get(code, "other") for code in right}
    return Counter(
        {
            "passages": 1,
            "top": bool(right & set(first[:1])),
            "desk": bool(found) and DESKS.get(first[0], "other") in desks,
            "anywhere": bool(right & set(tops)),
            "second": bool(below & set(seconds)),
            "second first": bool(below & set(first[1:2])),
            "none": not found,
            "topics": len(found),
            "right topics": sum(code in right for code in tops),
            "seconds": len(seconds),
            "right seconds": sum(code in below for code in seconds),
        }
    )


def report(name: str, counts: Counter[str]) -> str:
    """One line of figures."""
    total = counts["passages"]
    figures = "  ".join(f"{share} {counts[share] / total:.3f}" for share in SHARES)
    precision = counts["right topics"] / max(counts["topics"], 1)
    below = counts["right seconds"] / max(counts["seconds"], 1)
    each = counts["topics"] / total
    return (
        f"{name}: {total} passages  {figures}  precision {precision:.3f}  precision second {below:.3f}  each {each:.1f}"
    )


def by_class(judged: Iterable[tuple[Passage, Counter[str]]]) -> Iterator[str]:
    """For each main top level the passages of it, how many have a right top level and a right second level."""
    classes: dict[str, Counter[str]] = defaultdict(Counter)
    for passage, counts in judged:
        classes[passage["top"][0]].update(counts)
    for code, counts in sorted(classes.items()):
        yield f"  {code}  passages {counts['passages']}  top {counts['top']:d}  second {counts['second']:d}"


def wrong(passages: Iterable[Passage]) -> Iterator[str]:
    """A line for every passage whose first topic has a wrong top level."""
    for passage in passages:
        found = find_topics(passage["title"], passage["text"])
        if not judge(passage, found)["top"]:
            said = "; ".join(f"{topic.name} {topic.score} {list(topic.terms)}" for topic in found) or "none"
            yield f"  {','.join(passage['top'])} {passage['title'] or passage['text'][:80]} -> {said}"


def halves(passages: list[Passage]) -> Iterator[tuple[str, list[Passage]]]:
    """The passages by the half they belong to; all at once where none is named."""
    ordered = sorted(passages, key=lambda passage: str(passage.get("half", "")))
    for half, each in groupby(ordered, key=lambda passage: str(passage.get("half", ""))):
        yield half, list(each)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processors.training.topics_measure")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--texts", type=Path, help="the folder with the texts that the lines name")
    parser.add_argument("--half", help="only this half")
    parser.add_argument("--teasers", action="store_true", help="cut each passage to two sentences")
    parser.add_argument("--classes", action="store_true", help="figures for each top level too")
    parser.add_argument("--wrong", action="store_true", help="list the passages that went wrong")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Prints the figures of each file and half; more where asked for."""
    options = _options(arguments)
    for file in options.files:
        try:
            passages = read_passages(file, options.texts)
        except (OSError, ValueError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        for half, each in halves(teasers(passages) if options.teasers else passages):
            if options.half in (None, half):
                _print(f"{file.stem} {half}".strip(), each, options)
    return 0


def _print(name: str, passages: list[Passage], options: argparse.Namespace) -> None:
    judged = [(each, judge(each, find_topics(each["title"], each["text"]))) for each in passages]
    total: Counter[str] = Counter()
    for _, counts in judged:
        total.update(counts)
    lines = [report(name, total)]
    if options.classes:
        lines += by_class(judged)
    if options.wrong:
        lines += wrong(passages)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
