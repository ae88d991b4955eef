"""Runs many commands of Wiredesk from one start, each in a process of its own, and keeps what they say.

`python -m tests.security.many SECONDS AT_ONCE` reads jobs from its standard input, as JSON: words, environment, and the
file for what is said. Whoever is not done after so many seconds gets what Ctrl-C sends, and is killed five later.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from desk.cli import cli, main


def commands(group: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, by its words."""
    if not isinstance(group, click.Group):
        yield path
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        if found := group.get_command(context, name):
            yield from commands(found, (*path, name))


def run(jobs: list[dict[str, Any]], seconds: float, at_once: int) -> None:
    """Runs all jobs, so many at once."""
    running: dict[int, float] = {}
    while jobs or running:
        while jobs and len(running) < at_once:
            running[_started(jobs.pop(0))] = time.monotonic() + seconds
        for process, until in list(running.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                del running[process]
            elif time.monotonic() > until:
                _end(process, hard=time.monotonic() > until + 5)
        time.sleep(0.02)


def _started(job: dict[str, Any]) -> int:
    process = os.fork()
    if process:
        return process
    os.setsid()
    out = os.open(job["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(job["environment"])
    try:
        main(job["words"])
    except SystemExit as end:
        print(f"exit code {end.code}")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _end(process: int, *, hard: bool) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL if hard else signal.SIGINT)


if __name__ == "__main__":
    for module in ("schemas.settings", "desk.failure", "kafka", "elasticsearch", "deploy.ladder", "processors.index"):
        importlib.import_module(module)
    list(commands())
    run(json.load(sys.stdin), float(sys.argv[1]), int(sys.argv[2]))
