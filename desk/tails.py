"""Streams that are read whole, folded as they go on: dead letters, what processes tell, receipts of the sinks."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from desk import flow
from desk.accounting import KEY as ACCOUNT_KEY
from desk.flow import Change
from desk.heartbeat import ARTICLE_ID
from desk.heartbeat import KEY as HEARTBEAT_KEY
from processors.register import OpenLetter, OpenLetters
from schemas.dead import DeadLetter
from schemas.receipt import Receipt
from schemas.status import Account, Heartbeat, StageStatus

STATUS_KEPT = timedelta(hours=1)


class Letters:
    """The dead letters that are open, as their stream goes on, without their originals."""

    def __init__(self) -> None:
        self._letters = OpenLetters()
        self._buried: set[str] = set()

    def take(self, record: Any) -> None:
        """Takes one record; one of a later version than this software knows is left alone."""
        one = self._letters.take(record)
        if isinstance(one, DeadLetter) and one.stage == "enrich":
            self._buried.add(one.id)

    @property
    def open(self) -> list[OpenLetter]:
        """The letters that nobody retried or dropped."""
        return self._letters.open

    @property
    def buried(self) -> int:
        """How many messages the enrichers gave up on, ever."""
        return len(self._buried)


class Statuses:
    """What the processes told last, what changed among them, and the heartbeats, as their stream goes on."""

    def __init__(self) -> None:
        self._newest: dict[bytes, StageStatus] = {}
        self._beats: dict[tuple[bytes, bool], Heartbeat] = {}
        self.changes: deque[Change] = deque(maxlen=200)
        self.account: Account | None = None

    def take(self, record: Any) -> None:
        """Takes one record; one of a version that this software does not know is left alone."""
        try:
            if record.key.startswith(ACCOUNT_KEY):
                told = Account.model_validate_json(record.value or b"")
                self.account = max((told, self.account or told), key=lambda one: one.at)
            elif record.key.startswith(HEARTBEAT_KEY):
                beat = Heartbeat.model_validate_json(record.value or b"")
                self._beats[record.key, beat.searchable_ms is not None] = beat
            else:
                self._took(record.key, StageStatus.model_validate_json(record.value or b""))
        except ValidationError:
            return

    def _took(self, key: bytes, status: StageStatus) -> None:
        before = self._newest.get(key)
        self._newest[key] = status
        if before is None:
            self.changes.append(Change(status.started, status.stage, status.instance, "started"))
        if before is not None and before.partitions != status.partitions:
            numbers = ", ".join(map(str, status.partitions)) or "none"
            self.changes.append(Change(status.at, status.stage, status.instance, f"reads partitions {numbers}"))

    def lately(self, now: datetime) -> list[StageStatus]:
        """What each process told last, of those that told something within the last hour."""
        self._newest = {key: one for key, one in self._newest.items() if one.at >= now - STATUS_KEPT}
        return list(self._newest.values())

    def all_changes(self, now: datetime) -> list[Change]:
        """What changed, silence included."""
        gone = (status for status in self._newest.values() if status.at < now - flow.ALIVE)
        return [*self.changes, *(Change(one.at, one.stage, one.instance, "fell silent") for one in gone)]

    @property
    def beats(self) -> list[Heartbeat]:
        """The last heartbeat of each who publishes some, and the last of each that was found."""
        return list(self._beats.values())


class Receipts:
    """How many articles the sinks brought to their end lately, as their stream goes on; heartbeats are none."""

    def __init__(self) -> None:
        self._lately: deque[tuple[datetime, int]] = deque()

    def take(self, record: Any) -> None:
        """Takes one record."""
        try:
            receipt = Receipt.model_validate_json(record.value or b"")
        except ValidationError:
            return
        self._lately.append((receipt.at, sum(item.id != ARTICLE_ID for item in receipt.items)))

    def since(self, moment: datetime) -> int:
        """How many since a moment; what is older is forgotten."""
        while self._lately and self._lately[0][0] < moment:
            self._lately.popleft()
        return sum(count for at, count in self._lately if at >= moment)
