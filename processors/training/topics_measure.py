"""Measures the topics enricher on labelled passages: `python -m processors.training.topics_measure FILE...`.

A file has one JSON object a line: `title`, `text`, `top` (the right top-level codes) and `second` (right codes of the
level below). Reported are the share of passages whose first topic has a right top level, the share with a right
second level among all their topics and in the first one, and the share with no topic.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from processors.enrichers.topics import find_topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.article import Topic

Passage = dict[str, Any]


def read_passages(path: Path) -> list[Passage]:
    """The labelled passages of one file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def levels(topic: Topic) -> tuple[str, ...]:
    """The codes from the top level down to the topic's own."""
    return (*topic.parents, topic.id)


def judge(passage: Passage, found: tuple[Topic, ...]) -> Counter[str]:
    """What is right about the topics found for one passage: each of the counts is 0 or 1."""
    first = levels(found[0]) if found else ()
    seconds = {code for topic in found for code in levels(topic)[1:2]}
    return Counter(
        passages=1,
        top=bool(set(passage["top"]) & set(first[:1])),
        top_anywhere=bool(set(passage["top"]) & {levels(topic)[0] for topic in found}),
        second_first=bool(set(passage["second"]) & set(first[1:2])),
        second=bool(set(passage["second"]) & seconds),
        none=not found,
        topics=len(found),
    )


def report(name: str, counts: Counter[str]) -> str:
    """One line of figures."""
    total = counts["passages"]
    shares = ("top", "top_anywhere", "second", "second_first", "none")
    figures = "  ".join(f"{share} {counts[share] / total:.3f}" for share in shares)
    return f"{name}: {total} passages  {figures}  topics each {counts['topics'] / total:.1f}"


def wrong(passages: Iterable[Passage]) -> Iterable[str]:
    """A line for every passage whose first topic has a wrong top level."""
    for passage in passages:
        found = find_topics(passage["title"], passage["text"])
        if not judge(passage, found)["top"]:
            said = "; ".join(f"{topic.name} {topic.score} {list(topic.terms)}" for topic in found) or "none"
            yield f"  {','.join(passage['top'])} {passage['title']} -> {said}"


def main(arguments: list[str]) -> int:
    """Prints the figures of each file; with `--wrong` also the passages that went wrong."""
    verbose = "--wrong" in arguments
    files = [Path(each) for each in arguments if each != "--wrong"]
    if not files:
        sys.stderr.write("usage: python -m processors.training.topics_measure [--wrong] FILE...\n")
        return 2
    for file in files:
        passages = read_passages(file)
        counts: Counter[str] = Counter()
        for passage in passages:
            counts.update(judge(passage, find_topics(passage["title"], passage["text"])))
        sys.stdout.write(report(file.stem, counts) + "\n")
        if verbose:
            sys.stdout.write("".join(f"{line}\n" for line in wrong(passages)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
