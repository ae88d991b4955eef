"""Writes batches of documents to Elasticsearch and does not give up on what time can cure."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from processors.bulk import Answer, Verdict, action, classify, classify_request, classify_single
from processors.message import Message
from processors.progress import Progress

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 10.0
SUCCESSES_TO_GROW = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a bulk request: HTTP status and parsed body, or status 0 with the reason where none came."""

    status: int
    body: Any = None
    failure: str = ""


class Send(Protocol):
    """Sends one bulk body."""

    def __call__(self, body: bytes) -> Reply:
        """The server's reply; never raises for what the server or the network does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document on its way: where it was read, its two lines of a bulk body, its article's id and version."""

    message: Message
    lines: bytes
    article_id: str
    version: int


def entry(message: Message, article_id: str, version: int) -> Entry:
    """The entry for a message whose value may stand in a bulk body (`processors.bulk.document_problem`)."""
    lines = b"%b\n%b\n" % (action(article_id, version), message.value or b"")
    return Entry(message, lines, article_id, version)


class BatchSize:
    """How many documents go into one request: halved when the server cannot hold them, grown back with success."""

    def __init__(self, most: int) -> None:
        self.most = self.now = most
        self._successes = 0

    def shrink(self, tried: int) -> None:
        """A request of that many documents was too much."""
        self.now, self._successes = max(1, min(self.now, tried) // 2), 0

    def succeeded(self) -> None:
        """A request was taken."""
        self._successes += 1
        if self.now < self.most and self._successes >= SUCCESSES_TO_GROW:
            self.now, self._successes = min(self.most, self.now * 2), 0


def backoff(attempt: int) -> float:
    """Seconds to wait before the next attempt: doubling, jittered by half, bounded."""
    wait: float = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempt, 16))
    return wait * random.uniform(0.5, 1.0)


class Store:
    """Brings batches to their end.

    Args:
        send: sends one bulk body.
        wait: waits so many seconds; true when the process is to stop.
        size: how many documents to put into one request.
        progress: where retries and what is waited for are told.
    """

    def __init__(self, send: Send, wait: Callable[[float], bool], size: BatchSize, progress: Progress) -> None:
        self._send, self._wait, self._size, self._progress = send, wait, size, progress

    def write(self, entries: Sequence[Entry]) -> list[Answer]:
        """What became of each entry, in order: stored, stale or dead; retry only where the process was stopped."""
        answers: dict[int, Answer] = {}
        attempt = 0
        while len(answers) < len(entries):
            before = len(answers), self._size.now
            last = self._round(entries, answers)
            if len(answers) == len(entries):
                break
            if last.verdict is Verdict.SPLIT and before[1] > self._size.now:
                continue
            attempt = attempt + 1 if len(answers) == before[0] else 0
            self._progress.waiting = last.detail
            if self._wait(backoff(attempt)):
                break
        self._progress.waiting = None
        return [answers.get(number, Answer(Verdict.RETRY, "stopped")) for number in range(len(entries))]

    def _round(self, entries: Sequence[Entry], answers: dict[int, Answer]) -> Answer:
        """Sends what has no answer yet; ends at the first request that fails, and returns why."""
        left = [number for number in range(len(entries)) if number not in answers]
        last = Answer(Verdict.STORED)
        for numbers in _chunks(left, self._size.now):
            answer = self._request([entries[number] for number in numbers], numbers, answers)
            if answer.verdict is not Verdict.STORED:
                last = answer
            if answer.verdict is Verdict.SPLIT or (answer.verdict is Verdict.RETRY and not answers.keys() & numbers):
                break
        return last

    def _request(self, chunk: list[Entry], numbers: list[int], answers: dict[int, Answer]) -> Answer:
        reply = self._send(b"".join(entry.lines for entry in chunk))
        if reply.status != 200:
            return self._failed(reply, numbers, answers)
        self._size.succeeded()
        items = reply.body.get("items") if isinstance(reply.body, dict) else None
        last = Answer(Verdict.STORED)
        for number, answer in zip(numbers, classify(items, len(chunk)), strict=True):
            if answer.verdict is Verdict.RETRY:
                self._progress.retries += 1
                last = answer
            else:
                answers[number] = answer
        return last

    def _failed(self, reply: Reply, numbers: list[int], answers: dict[int, Answer]) -> Answer:
        """A whole request failed: wait, or split, or find the one document at fault."""
        self._progress.retries += len(numbers)
        if reply.status == 0:
            return Answer(Verdict.RETRY, reply.failure)
        if len(numbers) > 1:
            answer = classify_request(reply.status, reply.body)
            if answer.verdict is Verdict.SPLIT:
                self._size.shrink(len(numbers))
            return answer
        answer = classify_single(reply.status, reply.body)
        if answer.verdict is Verdict.DEAD:
            answers[numbers[0]] = answer
            return replace(answer, verdict=Verdict.STORED)
        return answer


def _chunks(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]
