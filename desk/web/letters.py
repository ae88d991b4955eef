"""The dead letters for who asks over HTTP: the same code as `wiredesk dead`; made by hand in tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from processors.dead import Selection, undertaking
from processors.register import OpenLetter, Register
from schemas.dead import DeadLetter
from schemas.settings import Settings


class Letters:
    """Looks at dead letters, retries and drops them; any thread may ask.

    Every method but `close` raises `KafkaError` where Kafka does not answer.

    Args:
        settings: which Kafka, and the names of the streams.
        register: knows which letters are open; one of its own where none is given.
    """

    def __init__(self, settings: Settings, register: Register | None = None) -> None:
        self._settings, self._register = settings, register or Register(settings)

    def open(self, selection: Selection) -> list[OpenLetter]:
        """The open letters that are meant, the oldest first, without their originals."""
        return selection.among(self._register.open())

    def whole(self, letters: Iterable[OpenLetter]) -> Iterator[DeadLetter]:
        """These letters with their originals, in the same order, some megabytes of them at a time."""
        return self._register.whole(letters)

    def one(self, letter_id: str) -> DeadLetter | None:
        """The open letter of an id with its original; none where there is none."""
        return next(self.whole(one for one in self.open(Selection((letter_id,))) if one.id == letter_id), None)

    def retry(self, letter: DeadLetter) -> None:
        """Sends the original bytes again; a `ValueError` says that the letter does not hold them."""
        with undertaking(self._settings) as undertaker:
            undertaker.retry(letter)

    def drop(self, letter: DeadLetter) -> None:
        """Closes the letter for good."""
        with undertaking(self._settings) as undertaker:
            undertaker.drop(letter)

    def close(self) -> None:
        """Ends the connection."""
        self._register.close()


async def letters_of(request: Request) -> Letters:
    """The dead letters of this desk, the same for every request: what was read of their stream is not read again."""
    state = request.app.state
    if not hasattr(state, "letters"):
        state.letters = Letters(state.desk.settings)
    letters: Letters = state.letters
    return letters


@contextlib.asynccontextmanager
async def closing(app: FastAPI) -> AsyncIterator[None]:
    """Ends the connection of this desk's dead letters with the desk."""
    yield
    if hasattr(app.state, "letters"):
        await run_in_threadpool(app.state.letters.close)


TheLetters = Annotated[Letters, Depends(letters_of)]
