"""Runs raw articles through today's enrichers, in processes of its own: for `rebuild` and `replay`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any, Self

from desk.failure import Exit, Failure
from desk.places import Log
from processors.message import Message, Outgoing
from processors.outcome import Enrich, outcome
from processors.progress import instance_name
from processors.tiers.check import check, is_named
from schemas.settings import Settings
from schemas.streams import streams

_MOST_MESSAGES = 50
_MOST_BYTES = 2 * 2**20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some messages of one partition of the raw stream, and the offset that comes after all that were read for it."""

    partition: int
    following: int
    read: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Remade:
    """A piece with what its messages became: enriched articles, and how many today's enrichers refuse."""

    piece: Piece
    articles: tuple[Outgoing, ...]
    refused: int


Chosen = Callable[[Sequence[Message]], Sequence[Message]]


def pieces(log: Log, stream: str, parts: Iterable[tuple[int, int, int]], chosen: Chosen) -> Iterator[Piece]:
    """The messages of a stream that are wanted, in pieces of bounded size, in the order of each partition.

    Args:
        log: reads them.
        stream: its name.
        parts: partition, first offset, and the one after the last; what the stream holds no more is left out.
        chosen: which of some messages are wanted.
    """
    for partition, start, end in parts:
        low, high = log.bounds(stream, partition)
        start, end = max(start, low), min(end, high)
        if start >= end:
            continue
        read: list[Message] = []
        for record in log.span(stream, partition, start, end):
            read.append(Message.of(record))
            if len(read) >= _MOST_MESSAGES or sum(len(one.value or b"") for one in read) >= _MOST_BYTES:
                yield _piece(partition, read[-1].offset + 1, read, chosen)
                read = []
        yield _piece(partition, end, read, chosen)


def _piece(partition: int, following: int, read: list[Message], chosen: Chosen) -> Piece:
    real = [message for message in read if not message.is_heartbeat]
    return Piece(partition, following, len(read), tuple(chosen(real)))


class Remaker:
    """So many processes that enrich, with the models loaded in each. Use it as a context manager.

    They end with the process that made them, however that ends.

    Args:
        settings: servers, names and the tagger.
        processes: how many.

    Raises:
        SettingsError: the tagger cannot be had.
    """

    def __init__(self, settings: Settings, processes: int) -> None:
        if is_named(settings):
            check(settings)
        self._most = processes * 2
        # On one core more threads of the linear algebra only wait for each other; it reads this when it is imported.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        spawning = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, spawning, initializer=_begin, initargs=(settings,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def remade(self, some: Iterable[Piece]) -> Iterator[Remade]:
        """What each piece became, in their order; no more are read ahead than the processes need.

        Raises:
            Failure: a process ended.
        """
        asked: deque[tuple[Piece, Future[list[Outgoing]]]] = deque()
        try:
            for piece in some:
                asked.append((piece, self._pool.submit(_remake, piece.messages)))
                if len(asked) > self._most:
                    yield self._answer(*asked.popleft())
            while asked:
                yield self._answer(*asked.popleft())
        except BrokenProcessPool:
            raise Failure(
                "an enriching process ended", "the same command again: it goes on where it was", Exit.FINDING
            ) from None

    def _answer(self, piece: Piece, answer: Future[list[Outgoing]]) -> Remade:
        articles = tuple(answer.result())
        return Remade(piece, articles, len(piece.messages) - len(articles))


_made: dict[str, Any] = {}


def _begin(settings: Settings) -> None:
    """Loads the models and what was learned of each source, once in each process."""
    from processors.enrich import chosen
    from processors.memory import Memory, follow

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's: it ends its processes
    threading.Thread(target=_end_with_parent, daemon=True).start()
    names = streams(settings)
    memory = Memory(names.repeated.name)
    follow(settings, memory)
    make = chosen(settings)
    enrich: Enrich = lambda raw: make(raw, repeated=memory.of(raw.source))  # noqa: E731 (a Callable of the contract)
    _made.update(names=names, make=enrich)


def _end_with_parent() -> None:
    """A process that waits for work would never hear that there is nobody left to give it some."""
    if parent := multiprocessing.parent_process():
        connection.wait([parent.sentinel])
        os._exit(1)


def _remake(messages: Sequence[Message]) -> list[Outgoing]:
    names = _made["names"]
    made = [outcome(message, names, instance_name(), _made["make"]) for message in messages]
    return [out for out in made if out.stream == names.enriched.name]
