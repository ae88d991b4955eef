"""Snapshots of the index in a repository of Elasticsearch, and restoring one beside what is there.

https://www.elastic.co/docs/deploy-manage/tools/snapshot-and-restore
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from desk.failure import Exit, Failure
from desk.places import Log
from desk.rebuilding.indexes import Indexes
from desk.rebuilding.renew import positions
from desk.rebuilding.state import Renewal
from processors.index import reason
from schemas.settings import Settings
from schemas.streams import streams

REPOSITORY = "wiredesk"
_ALIAS, _SINCE = "wiredesk_alias", "wiredesk_since"
_ASKED_EVERY = 0.3
# Milliseconds by which the clocks of the machines may differ.
_MARGIN = 60_000

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot: of which index, when, and whether it is whole.

    `since` is the moment, in milliseconds since 1970, from which articles on the streams may not be in it.
    """

    name: str
    index: str
    state: str
    at: datetime
    seconds: float
    since: int


class Snapshots:
    """The snapshots of one alias in one repository.

    Args:
        elasticsearch: who makes them.
        settings: names.
        repository: its name; where Elasticsearch knows none of this name, a folder below its `path.repo` becomes it.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """

    def __init__(self, elasticsearch: Elasticsearch, settings: Settings, repository: str = REPOSITORY) -> None:
        self._elasticsearch, self._settings, self._repository = elasticsearch, settings, repository
        self._indexes = Indexes(elasticsearch, settings)

    def ensure(self) -> None:
        """Makes the repository where it is not there yet.

        Raises:
            Failure: Elasticsearch has no folder for it.
        """
        try:
            self._elasticsearch.snapshot.get_repository(name=self._repository)
        except NotFoundError:
            wanted = {"type": "fs", "settings": {"location": self._repository, "compress": True}}
            with self._explained():
                self._elasticsearch.snapshot.create_repository(name=self._repository, repository=wanted)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            if error.error != "repository_exception":
                raise
            raise Failure(
                f"Elasticsearch cannot have a repository {self._repository}: {reason(error)}",
                "set path.repo in its elasticsearch.yml, or register a repository of that name yourself",
                Exit.FINDING,
            ) from None

    def list(self) -> list[Snapshot]:
        """The snapshots of this alias, the oldest first; none where there is no repository."""
        try:
            found = self._elasticsearch.snapshot.get(repository=self._repository, snapshot="*")["snapshots"]
        except NotFoundError:
            return []
        mine = [one for one in found if (one.get("metadata") or {}).get(_ALIAS) == self._indexes.alias]
        return sorted(map(_snapshot, mine), key=lambda one: one.at)

    def get(self, name: str) -> Snapshot:
        """The snapshot of that name; the last one for `latest`.

        Raises:
            Failure: there is none.
        """
        found = [one for one in self.list() if name in (one.name, "latest") and one.state == "SUCCESS"]
        if not found:
            what = f"of {self._indexes.alias} in repository {self._repository}"
            raise Failure(f"there is no whole snapshot {name} {what}", "wiredesk snapshot list", Exit.NOT_FOUND)
        return found[-1]

    def take(self, log: Log, tell: Tell, name: str = "") -> Snapshot:
        """Takes a snapshot of the index that is searched, while all goes on.

        Args:
            log: tells how far the sink is.
            tell: is told how many bytes of how many are written.
            name: of the snapshot; made from alias and time where none is given.

        Raises:
            Failure: there is no index, there is such a snapshot, or a part of the index could not be read.
        """
        current = self._indexes.current()
        if current is None:
            raise Failure(f"there is no index {self._indexes.alias}", "wiredesk setup", Exit.NOT_FOUND)
        self.ensure()
        name = name or f"{self._indexes.alias}-{datetime.now(UTC):%Y%m%d-%H%M%S}".lower()
        if any(one.name == name for one in self.list()):
            raise Failure(f"there is a snapshot {name} already", "wiredesk snapshot list", Exit.FINDING)
        self._elasticsearch.snapshot.create(
            repository=self._repository,
            snapshot=name,
            indices=current,
            include_global_state=False,
            metadata={_ALIAS: self._indexes.alias, _SINCE: unfinished_since(self._settings, log)},
        )
        return self._whole(self._wait(name, tell))

    def _wait(self, name: str, tell: Tell) -> dict[str, Any]:
        """What is known of a snapshot once nothing is written to it any more."""
        while True:
            [found] = self._elasticsearch.snapshot.get(repository=self._repository, snapshot=name)["snapshots"]
            if found["state"] != "IN_PROGRESS":
                return dict(found)
            [now] = self._elasticsearch.snapshot.status(repository=self._repository, snapshot=name)["snapshots"]
            sizes = {one: now["stats"].get(one, {}).get("size_in_bytes", 0) for one in ("processed", "incremental")}
            tell(sizes["processed"], sizes["incremental"])
            time.sleep(_ASKED_EVERY)

    def _whole(self, found: dict[str, Any]) -> Snapshot:
        made = _snapshot(found)
        if made.state != "SUCCESS":
            why = "; ".join(str(one.get("reason")) for one in found.get("failures", ())[:3])
            raise Failure(f"snapshot {made.name} is {made.state}: {why}", "wiredesk snapshot take", Exit.FINDING)
        return made

    def restore(self, log: Log, name: str, tell: Tell) -> Renewal:
        """Restores a snapshot into a new index beside what is there, to be brought up to date and moved to.

        Args:
            log: finds the articles that came since.
            name: of the snapshot, or `latest`.
            tell: is told how much percent is there.

        Raises:
            Failure: there is no such snapshot, it cannot be restored whole, or another index is being made.
        """
        if target := self._indexes.target():
            raise Failure(f"{target} is being made", "wiredesk rebuild --status", Exit.FINDING)
        snapshot = self.get(name)
        renewal = Renewal(
            kind="restore", target=self._indexes.next_name(), origin=self._indexes.current(), phase="follow"
        )
        self._elasticsearch.snapshot.restore(
            repository=self._repository,
            snapshot=snapshot.name,
            indices=snapshot.index,
            rename_pattern=".+",
            rename_replacement=renewal.target,
            include_aliases=False,
            include_global_state=False,
        )
        self._recovered(renewal.target, tell)
        renewal.enriched = _since(self._settings, log, snapshot.since)
        self._indexes.take_up(renewal)
        return renewal

    def _recovered(self, target: str, tell: Tell) -> None:
        while True:
            shards = self._elasticsearch.indices.recovery(index=target).body.get(target, {}).get("shards", ())
            primaries = [one for one in shards if one["primary"]]
            done = sum(float(one["index"]["size"]["percent"].rstrip("%")) for one in primaries)
            tell(round(done), 100 * max(1, len(primaries)))
            if primaries and all(one["stage"] == "DONE" for one in primaries):
                break
            time.sleep(_ASKED_EVERY)
        self._elasticsearch.cluster.health(index=target, wait_for_status="yellow", timeout="60s")


def _snapshot(found: dict[str, Any]) -> Snapshot:
    since = found["start_time_in_millis"]
    return Snapshot(
        found["snapshot"],
        next(iter(found["indices"]), ""),
        found["state"],
        datetime.fromtimestamp(since / 1000, UTC),
        found.get("duration_in_millis", 0) / 1000,
        int((found.get("metadata") or {}).get(_SINCE, since)),
    )


def unfinished_since(settings: Settings, log: Log) -> int:
    """When the oldest message of the enriched stream came that the sink has not finished, else now; milliseconds."""
    stream, moments = streams(settings).enriched.name, [int(time.time() * 1000)]
    for number, offset in positions(settings, log).items():
        if record := log.at(stream, number, offset):
            moments.append(record.timestamp)
    return min(moments)


def _since(settings: Settings, log: Log, milliseconds: int) -> dict[int, int]:
    """Where each partition of the enriched stream stood at a moment."""
    stream = streams(settings).enriched.name
    found = {number: log.since(stream, number, milliseconds - _MARGIN) for number in log.partitions(stream)}
    return {number: log.bounds(stream, number)[1] if at is None else at for number, at in found.items()}
