"""What is wrong, by the facts of the flow: each finding with a code for programs and words for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]
Finding = dict[str, str]

CODES = (
    "kafka_down",
    "elasticsearch_down",
    "index_missing",
    "index_blocked",
    "worker_gone",
    "stage_waits",
    "stage_stalled",
    "lag_growing",
    "dead_growing",
    "not_fresh",
    "heartbeat_lost",
    "partitions_offline",
    "articles_lost",
    "articles_missing",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a fact becomes a finding.

    Attributes:
        freshness: seconds from published to searchable, for 95 of 100 articles and for the oldest that waits.
        stalled: seconds that the oldest message may wait while nothing is finished.
        growing: seconds that the oldest message may wait while more comes in than is finished.
        dead: new dead letters within ten minutes.
        heartbeat: seconds since the last heartbeat that a search found.
    """

    freshness: float = 60.0
    stalled: float = 60.0
    growing: float = 30.0
    dead: int = 0
    heartbeat: float = 180.0


LIMITS = Limits()


def wrong(facts: Facts, limits: Limits = LIMITS) -> list[Finding]:
    """What is wrong, what stands in the way of everything first.

    A stage that was not seen for Kafka's being away is not held to anything.
    """
    found = [*_servers(facts), *_index(facts)]
    for name, stage in facts["stages"].items():
        found += _stage(name, stage, limits)
    for look in (_dead, _freshness, _heartbeat, _kafka_itself):
        found += look(facts, limits)
    return sorted(found, key=lambda one: CODES.index(one["code"]))


def verdict(facts: Facts) -> str:
    """One sentence that says whether it flows, and what stands in the way, by the facts with their `wrong`."""
    if facts["wrong"]:
        return str(facts["wrong"][0]["words"])
    lag = sum(stage["lag"] for stage in facts["stages"].values())
    return f"flowing, {lag:,} articles on the way" if lag else "everything that was published is through"


def _finding(code: str, where: str, words: str) -> Finding:
    return {"code": code, "where": where, "words": words}


def _servers(facts: Facts) -> Iterator[Finding]:
    for name, title in (("kafka", "Kafka"), ("elasticsearch", "Elasticsearch")):
        server = facts["servers"][name]
        if not server["ok"]:
            words = f"{title} does not answer since {server['since']}: {server['words']}"
            yield _finding(f"{name}_down", name, words)


def _index(facts: Facts) -> Iterator[Finding]:
    index = facts["index"]
    if index["exists"] is False:
        yield _finding(
            "index_missing", index["alias"], f"there is no index {index['alias']}: make it with `wiredesk setup`"
        )
    elif index["problem"]:
        yield _finding("index_blocked", index["alias"], f"nothing can be written: {index['problem']}")


def _stage(name: str, stage: Facts, limits: Limits) -> Iterator[Finding]:
    lag, waits = stage["lag"], stage["lag_seconds"] or 0.0
    if lag and not stage["instances"]:
        yield _finding("worker_gone", name, f"{name} does not run, and {lag:,} articles wait for it")
    elif stage["missing"]:
        yield _finding("worker_gone", name, f"{stage['missing']} of {name}'s processes fell silent")
    if stage["waiting"]:
        yield _finding("stage_waits", name, f"{name} waits: {stage['waiting']}")
    elif lag and stage["instances"] and waits > limits.stalled and stage["per_minute"] == 0:
        yield _finding("stage_stalled", name, f"{name} stands still: {lag:,} articles wait, the oldest {waits:,.0f} s")
    elif _grows(stage, limits):
        more = stage["arrived_per_minute"] - stage["per_minute"]
        words = f"{name} falls behind: {lag:,} articles wait, {more:,} more each minute, the oldest {waits:,.0f} s"
        yield _finding("lag_growing", name, words)


def _grows(stage: Facts, limits: Limits) -> bool:
    if (
        not (stage["lag"] and stage["instances"] and stage["per_minute"])
        or (stage["lag_seconds"] or 0.0) <= limits.growing
    ):
        return False
    return bool(stage["arrived_per_minute"] > 1.1 * stage["per_minute"])


def _dead(facts: Facts, limits: Limits) -> Iterator[Finding]:
    new = facts["dead"]["new"] or 0
    if new > limits.dead:
        letters = "1 article" if new == 1 else f"{new:,} articles"
        yield _finding("dead_growing", "dead", f"{letters} became dead letters in 10 minutes: see `wiredesk dead list`")


def _freshness(facts: Facts, limits: Limits) -> Iterator[Finding]:
    p95 = facts["freshness"].get("p95", 0.0)
    oldest = max((stage["lag_seconds"] or 0.0 for stage in facts["stages"].values()), default=0.0)
    if p95 > limits.freshness:
        words = f"5 of 100 articles took {p95:,.0f} s or longer to be searchable, over {limits.freshness:,.0f} s"
        yield _finding("not_fresh", "index", words)
    elif oldest > limits.freshness:
        yield _finding("not_fresh", "index", f"an article waits for {oldest:,.0f} s, over {limits.freshness:,.0f} s")


def _heartbeat(facts: Facts, limits: Limits) -> Iterator[Finding]:
    beat = facts["heartbeat"]
    if beat and beat["age_seconds"] > limits.heartbeat:
        words = f"no heartbeat came through for {beat['age_seconds']:,.0f} s, over {limits.heartbeat:,.0f} s"
        yield _finding("heartbeat_lost", "heartbeat", words)


def _kafka_itself(facts: Facts, _: Limits) -> Iterator[Finding]:
    if facts["partitions"] and facts["partitions"]["offline"]:
        words = f"{facts['partitions']['offline']:,} partitions of the streams have no leader"
        yield _finding("partitions_offline", "kafka", words)
    if facts["reconcile"] and facts["reconcile"]["gap"]:
        words = f"{facts['reconcile']['gap']:,} raw articles were read and became nothing"
        yield _finding("articles_lost", "enrich", words)
    if facts["account"] and facts["account"]["missing"]:
        count = facts["account"]["missing"]
        what = "1 article of a day is" if count == 1 else f"{count:,} articles of a day are"
        yield _finding("articles_missing", "index", f"{what} nowhere: see `wiredesk reconcile --since 1d`")
