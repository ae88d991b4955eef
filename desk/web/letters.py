"""The dead letters for who asks over HTTP: the same code as `wiredesk dead`; made by hand in tests."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from processors.dead import Selection, open_letters, undertaking
from schemas.dead import DeadLetter
from schemas.settings import Settings


class Letters:
    """Looks at dead letters, retries and drops them.

    Every method raises `KafkaError` where Kafka does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def open(self, selection: Selection) -> list[DeadLetter]:
        """The open letters that are meant, the oldest first."""
        return open_letters(self._settings, selection)

    def retry(self, letter: DeadLetter) -> None:
        """Sends the original bytes again; a `ValueError` says that the letter does not hold them."""
        with undertaking(self._settings) as undertaker:
            undertaker.retry(letter)

    def drop(self, letter: DeadLetter) -> None:
        """Closes the letter for good."""
        with undertaking(self._settings) as undertaker:
            undertaker.drop(letter)


def letters_of(request: Request) -> Letters:
    """The dead letters of this desk."""
    return Letters(request.app.state.desk.settings)


TheLetters = Annotated[Letters, Depends(letters_of)]
