"""What came of a rebuild, a replay or a snapshot, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pydantic takes longer to import than `--help` may take
    from desk.rebuilding.begin import Standing
    from desk.rebuilding.compare import Comparison
    from desk.rebuilding.renew import Report
    from desk.rebuilding.replay import Replay
    from desk.rebuilding.snapshots import Snapshot
    from desk.rebuilding.state import Renewal

KINDS: dict[str, str] = {
    "today": "made from the raw stream by today's enrichers",
    "as_is": "copied as it is",
    "back": "brought up to date to go back to",
    "restore": "restored from a snapshot",
}
STEPS: dict[str, str] = {
    "enrich": "Enriching",
    "follow": "Following new articles",
    "carry": "Bringing over what is missing",
    "compare": "Comparing",
    "ready": "Ready to be moved to",
    "settle": "Following the last articles",
    "done": "Done",
}


def of_report(report: Report) -> list[str]:
    """A report, with what to do next."""
    renewal = report.renewal
    counts = f"{renewal.remade:,} enriched, {renewal.copied:,} brought over as they were"
    told = [f"{renewal.target} was {KINDS[renewal.kind]} in {report.seconds:,.1f} s: {counts}{_refused(renewal)}"]
    if report.comparison:
        told += of_comparison(report.comparison, str(renewal.origin), renewal.target)
    if report.missing:
        named = ", ".join(list(report.listed)[:5])
        told.append(f"{report.missing:,} articles of {renewal.origin} are refused by {renewal.target}: {named}")
        return [*told, "the alias has not moved; next: wiredesk rebuild --give-up"]
    if not report.is_moved:
        return [*told, "the alias has not moved; next: wiredesk rebuild --resume moves it"]
    if report.late:
        told.append(f"{report.late:,} articles came while the alias moved and are refused; next: wiredesk reconcile")
    way_back = "; wiredesk rebuild --back moves it back, --drop-old deletes what was" if renewal.origin else ""
    return [*told, f"the alias stands on {renewal.target}{way_back}"]


def _refused(renewal: Renewal) -> str:
    return f", {renewal.refused:,} refused by today's enrichers or mapping" if renewal.refused else ""


def of_comparison(found: Comparison, before: str, after: str) -> list[str]:
    """What differs between two indices."""
    told = [f"{before} has {found.before:,} articles, {after} {found.after:,}"]
    if found.sampled:
        told.append(f"of {found.sampled:,} compared, {found.changed:,} differ")
    told += [f"  {name:<20} in {count:,}" for name, count in sorted(found.fields.items(), key=lambda one: -one[1])]
    seen = set[str]()
    for one in found.samples:
        if one.field not in seen:
            seen.add(one.field)
            told.append(f"  {one.field} of {one.article_id}: {one.before} -> {one.after}")
    return told


def of_index(one: Standing, alias: str) -> str:
    """One index on one line."""
    mark = f"{alias} stands on it" if one.is_searched else "being made" if one.is_made else "old"
    return f"{one.name}  {one.documents:>12,} articles  {mark}" + (f"  ({one.told})" if one.told else "")


def of_renewal(renewal: Renewal | None) -> str:
    """How far an index's making is."""
    if renewal is None:
        return ""
    of = f" beside {renewal.origin}" if renewal.origin else ""
    left = f", {renewal.to_enrich:,} raw messages left" if renewal.to_enrich else ""
    began = f"since {renewal.begun:%Y-%m-%d %H:%M}"
    return f"{KINDS[renewal.kind]}{of} {began}: {STEPS[renewal.phase].lower()}{left}"


def of_replay(done: Replay) -> str:
    """What a replay did."""
    return (
        f"{done.read:,} raw messages: {done.sent:,} enriched again and on their way to the index, "
        f"{done.passed:,} not meant or older than what stands, {done.refused:,} refused by today's enrichers"
    )


def of_snapshot(one: Snapshot) -> str:
    """One snapshot on one line."""
    return f"{one.name}  {one.at:%Y-%m-%d %H:%M:%S}  {one.index}  {one.state}  {one.seconds:,.1f} s"
