"""`python -m tests.bench`: how fast each stage and the whole are, beside what bounds them, and whether any got worse.

One run on real servers: those that the settings name, else some that are started for it. Contenders take turns on the
same articles, round by round. Figures go to standard output and to a JSON file, progress to standard error. The ratios
between contenders are held against those that the repository keeps: exit code 1 when one is worse by more than 25 %,
3 when something could not be measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from elasticsearch import ApiError, TransportError
from kafka.errors import KafkaError
from rich.console import Console

from deploy.errors import ServersError
from deploy.ladder import serve
from deploy.progress import Lines
from desk.failure import Failure
from schemas.settings import SettingsError, load
from schemas.streams import NoSuchStreamError
from tests.bench import gate, report, table
from tests.bench.articles import Corpus, NoArticlesError
from tests.bench.figures import FEWEST, Spread
from tests.bench.processes import BenchError, servers
from tests.bench.report import Measured
from tests.bench.rig import Bench
from tests.bench.stages import STAGES

_FAILURES = (BenchError, Failure, KafkaError, ApiError, TransportError, NoSuchStreamError, NoArticlesError)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__.split("\n\n")[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="everything small: under five minutes")
    parser.add_argument("--stages", default=",".join(STAGES), help=f"only these of {', '.join(STAGES)}")
    parser.add_argument("--rounds", type=int, default=FEWEST, help="of each stage (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, help="real articles, as JSON Lines, also .gz; else they are made up")
    parser.add_argument("--seed", type=int, default=1, help="of the articles that are made up")
    parser.add_argument("--spacy", default="", help="an installed spaCy pipeline to measure beside the enrichers")
    parser.add_argument("--enrichers", type=int, default=0, help="at work in the whole (default: as Wiredesk does)")
    parser.add_argument("--backlog", type=int, help="articles of the catch-up (default: 200,000; quick: 200)")
    parser.add_argument("--documents", type=int, help="in the index at the end of the growth (default: 1,000,000)")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go")
    parser.add_argument("--kept", type=Path, default=gate.KEPT, help="the file of the kept ratios")
    parser.add_argument("--keep", action="store_true", help="keep the ratios of this run")
    given = parser.parse_args(words)
    asked = [name.strip() for name in given.stages.split(",") if name.strip()]
    given.stages = [name for name in STAGES if name in asked]
    if unknown := [name for name in asked if name not in STAGES]:
        parser.error(f"there is no stage {unknown[0]!r}; the stages are {', '.join(STAGES)}")
    if given.rounds < 1:
        parser.error("--rounds takes at least 1")
    if given.corpus and not given.corpus.is_file():
        parser.error(f"--corpus: {given.corpus} is no file")
    try:
        gate.read(given.kept, "quick")
    except ValueError as error:
        parser.error(f"--kept: {error}")
    return given


@contextmanager
def ready(given: argparse.Namespace, progress: Lines) -> Iterator[Bench]:
    """Servers, and all that the stages stand on, while the block runs; what was started is stopped at its end.

    Raises:
        ServersError: there are no servers to be had.
        NoArticlesError: the corpus holds no article.
    """
    if given.corpus:
        Corpus(given.corpus).take(1)
    folder = Path(tempfile.mkdtemp(prefix="wiredesk-bench-"))
    folder.chmod(0o755)
    own = load(data_dir=folder, kafka_port=0, elasticsearch_port=0)
    thrown_away = folder
    try:
        with serve(own, progress) as found:
            named = {"kafka_servers": found.kafka, "elasticsearch_url": found.elasticsearch}
            bench = Bench(
                settings=own.model_copy(update=named),
                servers=servers(own),
                corpus=Corpus(given.corpus, given.seed),
                is_quick=given.quick,
                say=progress.note,
                spacy=given.spacy,
                enrichers=given.enrichers,
                backlog=given.backlog,
                documents=given.documents,
                is_thrown_away=found.rung == "local",
            )
            with bench.stack:
                yield bench
            if bench.has_failed:
                thrown_away = folder / "servers"  # the logs, which the failures name, stay
    finally:
        shutil.rmtree(thrown_away, ignore_errors=True)


def measured(name: str, bench: Bench, rounds: int) -> Measured:
    """One stage; what goes wrong in it is a note of its."""
    began, found = time.monotonic(), Measured(name, "", [])
    try:
        with STAGES[name](bench) as stage:
            found.about, found.wanted, found.notes = stage.about, stage.ratios, stage.notes
            wanted = min(rounds, stage.most or rounds)
            bench.say(f"{name}: {stage.about}")
            for one in stage.run(wanted):
                found.rounds.append(one)
                bench.say(f"{name}: round {len(found.rounds)} of {wanted}, {time.monotonic() - began:.0f} s so far")
    except _FAILURES as error:
        found.failure = f"{name} could not be measured: {error}"
        bench.say(found.failure)
        bench.has_failed = True
    found.seconds = time.monotonic() - began
    return found


def judged(given: argparse.Namespace, found: dict[str, Spread], ran: set[str], console: Console) -> list[gate.Verdict]:
    """The verdicts, shown; with `--keep` these ratios are the kept ones from now on."""
    size = "quick" if given.quick else "full"
    verdicts = gate.judged(found, gate.read(given.kept, size), ran)
    table.show_ratios(console, verdicts)
    cores, here = gate.cores(given.kept, size), os.cpu_count() or 1
    if cores not in (None, here):
        table.show_notes(console, [f"the kept ratios are of {cores} cores, and here are {here}: they may well differ"])
    if given.keep:
        gate.write(given.kept, size, found, here)
        again = "; ".join(gate.doubtful(found))
        table.show_notes(console, [f"kept in {given.kept}" + (f"; worth measuring again: {again}" if again else "")])
    return verdicts


def told(given: argparse.Namespace, all_of_it: list[Measured], about: dict[str, object]) -> int:
    """Shows and writes everything; gives the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    for one in all_of_it:
        table.show_stage(console, one.name, one.about, one.figures)
        table.show_notes(console, one.notes)
    found = {name: spread for one in all_of_it for name, spread in one.ratios.items()}
    verdicts = judged(given, found, {one.name for one in all_of_it}, console)
    failures = [one.failure for one in all_of_it if one.failure]
    report.write(given.json, report.as_json(all_of_it, verdicts, {**about, "failures": failures}))
    worse = [one for one in verdicts if one.is_worse and not given.keep]
    lines = [*failures, *(f"WORSE: {one.name}: {one.words}" for one in worse)]
    table.show_notes(console, [*lines, f"all rounds are in {given.json}"])
    return 1 if worse else 3 if failures else 0


def main() -> int:
    """Measures, shows, writes and judges."""
    given, progress = arguments(), Lines(sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    machine, began = report.machine(), time.monotonic()
    notes = list(filter(None, [report.busy(machine["load_before"], machine["cores"])]))
    all_of_it: list[Measured] = []
    try:
        with ready(given, progress) as bench:
            for name in given.stages:
                all_of_it.append(measured(name, bench, given.rounds))  # noqa: PERF401 (what there is counts when stopped)
    except KeyboardInterrupt:
        print("stopped: these are the stages that were measured, and nothing is kept", file=sys.stderr)
        given.keep = False
    except (ServersError, SettingsError, NoArticlesError) as error:
        print(f"no bench: {error}", file=sys.stderr)
        return 3 if isinstance(error, ServersError) else 2
    took = {"seconds": round(time.monotonic() - began), "processor_seconds": report.processor_seconds()}
    corpus = str(given.corpus) if given.corpus else f"made up, seed {given.seed}"
    about = {"is_quick": given.quick, **took, "corpus": corpus, "machine": machine}
    code = told(given, all_of_it, {**about, "notes": notes})
    said = f"took {took['seconds']} s, and {took['processor_seconds']} s of processor time"
    print(*(f"note: {one}" for one in notes), said, sep="\n")
    return code if len(all_of_it) == len(given.stages) else 130


if __name__ == "__main__":
    sys.exit(main())
