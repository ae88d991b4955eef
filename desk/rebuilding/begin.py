"""Begins, goes on with, and gives up the making of an index; tells of all that there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from elasticsearch import Elasticsearch

from desk.failure import Exit, Failure
from desk.places import Log
from desk.rebuilding import words
from desk.rebuilding.indexes import Indexes
from desk.rebuilding.renew import Renewing, Report, Tell, check_alone, positions, raw_parts
from desk.rebuilding.state import Kind, Renewal
from processors import index
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Standing:
    """One index of the alias: how many articles it holds, whether it is searched, and how far its making is."""

    name: str
    documents: int
    is_searched: bool
    is_made: bool
    told: str


@contextmanager
def client(settings: Settings) -> Iterator[Elasticsearch]:
    """Elasticsearch, for as long as the block takes."""
    elasticsearch = index.client(settings)
    try:
        yield elasticsearch
    finally:
        elasticsearch.close()


def rebuild(settings: Settings, kind: Kind, tell: Tell, *, processes: int = 1, hold: bool = False) -> Report:
    """Makes a new index beside the one that is searched, or goes on with one, and moves the alias.

    Args:
        settings: servers and names.
        kind: `today`, or `as_is` where only the mapping changed.
        tell: is told how far it is.
        processes: how many enrich.
        hold: stop before the alias is moved; the same again without moves it.

    Raises:
        Failure: another kind of making is unfinished, or another process works on this one.
        NotFoundError: there is no index to begin from.
    """
    with client(settings) as elasticsearch, Log(settings) as log:
        indexes = Indexes(elasticsearch, settings)
        renewal = unfinished(indexes, kind) or _new(settings, indexes, log, kind)
        return Renewing(settings, elasticsearch, log, renewal, tell, processes).run(hold=hold)


def unfinished(indexes: Indexes, kind: Kind) -> Renewal | None:
    """What is kept of a making that was interrupted; none where none was.

    Raises:
        Failure: it is of another kind, or under way in another process.
    """
    target = indexes.target()
    renewal = indexes.load(target) if target else None
    if renewal is None:
        return None
    check_alone(renewal)
    if renewal.kind != kind and indexes.current() != target:
        raise Failure(
            f"{target} is being {words.KINDS[renewal.kind]}, and not finished",
            "wiredesk rebuild --resume goes on with it, wiredesk rebuild --give-up drops it",
            Exit.FINDING,
        )
    return renewal


def _new(settings: Settings, indexes: Indexes, log: Log, kind: Kind) -> Renewal:
    renewal = Renewal(kind=kind, target=indexes.next_name(), origin=_searched(indexes))
    renewal.enriched = positions(settings, log)
    if kind == "today":
        renewal.raw = raw_parts(settings, log)
    indexes.create(renewal)
    return renewal


def _searched(indexes: Indexes) -> str:
    current = indexes.current()
    if current is None:
        raise Failure(f"there is no index {indexes.alias}", "wiredesk setup", Exit.NOT_FOUND)
    return current


def back(settings: Settings, tell: Tell, *, hold: bool = False) -> Report:
    """Moves the alias back to the index that stood behind it before, once that has what came since.

    Raises:
        Failure: there is none, its mapping cannot hold today's articles, or another making is unfinished.
    """
    with client(settings) as elasticsearch, Log(settings) as log:
        indexes = Indexes(elasticsearch, settings)
        renewal = unfinished(indexes, "back")
        if renewal and renewal.kind != "back":  # the alias stands on it already, and only its end is left
            Renewing(settings, elasticsearch, log, renewal, tell, 1).run(hold=False)
            renewal = None
        if renewal is None:
            renewal = Renewal(kind="back", target=before(indexes), origin=_searched(indexes), phase="follow")
            renewal.enriched = positions(settings, log)
            indexes.take_up(renewal)
        return Renewing(settings, elasticsearch, log, renewal, tell, 1).run(hold=hold)


def resume(settings: Settings, tell: Tell, *, processes: int = 1, hold: bool = False) -> Report:
    """Goes on with what was begun and not finished, whatever it is.

    Raises:
        Failure: there is nothing unfinished, or another process works on it.
    """
    with client(settings) as elasticsearch, Log(settings) as log:
        indexes = Indexes(elasticsearch, settings)
        target = indexes.target()
        renewal = indexes.load(target) if target else None
        if renewal is None:
            raise Failure("there is nothing unfinished to go on with", "wiredesk rebuild --status", Exit.NOT_FOUND)
        check_alone(renewal)
        return Renewing(settings, elasticsearch, log, renewal, tell, processes).run(hold=hold)


def before(indexes: Indexes) -> str:
    """The index that the one which is searched was made from, or the last one beside it.

    Raises:
        Failure: there is no other.
    """
    current = _searched(indexes)
    kept = indexes.load(current)
    others = [name for name in indexes.family() if name != current]
    if not others:
        raise Failure(f"there is no other index than {current} to go back to", "wiredesk snapshot list", Exit.NOT_FOUND)
    return kept.origin if kept and kept.origin in others else others[-1]


def give_up(settings: Settings) -> str | None:
    """Drops what was begun and not finished, and returns its name; an index that was searched before stays as it is.

    Raises:
        Failure: another process works on it, or the alias stands on it already.
    """
    with client(settings) as elasticsearch:
        indexes = Indexes(elasticsearch, settings)
        target = indexes.target()
        if target is None:
            return None
        renewal = indexes.load(target)
        if renewal:
            check_alone(renewal)
        if target == indexes.current():
            raise Failure(f"{indexes.alias} stands on {target} already", "wiredesk rebuild ends it", Exit.FINDING)
        if renewal and renewal.kind == "back":
            indexes.finished(target)
        else:
            indexes.drop(target)
        return target


def standing(settings: Settings) -> list[Standing]:
    """Every index of the alias."""
    with client(settings) as elasticsearch:
        indexes = Indexes(elasticsearch, settings)
        current, target = indexes.current(), indexes.target()
        names = sorted({*indexes.family(), *([current] if current else [])})
        return [
            Standing(
                name, indexes.documents(name), name == current, name == target, words.of_renewal(indexes.load(name))
            )
            for name in names
        ]


def old(settings: Settings) -> list[str]:
    """The indices that are neither searched nor being made."""
    return [one.name for one in standing(settings) if not one.is_searched and not one.is_made]


def drop(settings: Settings, names: list[str]) -> None:
    """Deletes indices that are neither searched nor being made.

    Raises:
        Failure: one is.
    """
    with client(settings) as elasticsearch:
        indexes = Indexes(elasticsearch, settings)
        for name in names:
            if name in (indexes.current(), indexes.target()):
                raise Failure(f"{name} is in use by now", "wiredesk rebuild --status", Exit.FINDING)
            indexes.drop(name)


def plain(report: Report) -> dict[str, Any]:
    """A report as data for JSON."""
    renewal = report.renewal
    names = ("kind", "origin", "target", "remade", "refused", "copied")
    return {
        **{name: getattr(renewal, name) for name in names},
        "moved": report.is_moved,
        "missing": report.missing,
        "listed": report.listed,
        "late": report.late,
        "seconds": round(report.seconds, 3),
        "comparison": asdict(report.comparison) if report.comparison else None,
    }
