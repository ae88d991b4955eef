"""What a run of the bench found, to be shown, written as JSON and judged."""

from __future__ import annotations

import json
import os
import platform
import resource
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from tests.bench.figures import Ratio, Round, Spread, ratios, spreads
from tests.bench.gate import Verdict

_PACKAGES = ("kafka-python", "confluent-kafka", "aiokafka", "faust-streaming", "elasticsearch", "spacy")


@dataclass
class Measured:
    """One stage's rounds, what is to be said of them, and why there are not all of them, if so."""

    name: str
    about: str
    rounds: list[Round]
    wanted: Sequence[Ratio] = ()
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    failure: str = ""

    @property
    def figures(self) -> dict[tuple[str, str], Spread]:
        """Each measure of each contender."""
        return spreads(self.rounds)

    @property
    def ratios(self) -> dict[str, Spread]:
        """Each ratio that could be had."""
        return ratios(self.wanted, self.rounds)


def machine() -> dict[str, Any]:
    """Where this runs, and how busy that is with other work."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def processor_seconds() -> int:
    """Processor time that this process and all that it started have taken, once these have ended."""
    taken = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(sum(one.ru_utime + one.ru_stime for one in taken))


def busy(load: float, cores: int) -> str:
    """What to say when other work goes on, so that figures are rough; empty when none does."""
    if load <= cores / 4:
        return ""
    return f"load {load:.1f} on {cores} cores before the start: other work goes on here, and the figures are rough"


def as_json(measured: Iterable[Measured], verdicts: Sequence[Verdict], about: dict[str, Any]) -> dict[str, Any]:
    """All of it as plain data: every round as it was, spreads, ratios with their verdicts, machine and versions."""
    stages = {
        one.name: {
            "about": one.about,
            "seconds": round(one.seconds, 1),
            "notes": one.notes,
            "rounds": one.rounds,
            "figures": [
                {"contender": contender, "measure": measure, **asdict(spread)}
                for (contender, measure), spread in one.figures.items()
            ],
        }
        for one in measured
    }
    told = [
        {
            "name": one.name,
            "now": asdict(one.now) if one.now else None,
            "kept": one.kept,
            "is_worse": one.is_worse,
            "verdict": one.words,
        }
        for one in verdicts
    ]
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"made_at": made_at, **about, "versions": _versions(), "stages": stages, "ratios": told}


def write(path: Path, found: dict[str, Any]) -> None:
    """Writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
