"""`wiredesk tail` on a real Kafka."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from producers.publish import feed, open_publisher
from schemas.settings import Settings, environment
from tests.fakes import raw_article
from tests.integration.pipeline import made


def test_what_is_published_is_told_as_it_passes(settings: Settings) -> None:
    """Who follows a stream sees the articles of the sources asked for, one JSON object each, and ends at the limit."""
    command = [sys.executable, "-m", "desk.cli", "tail", "raw", "--source", "her*", "--limit", "2", "--json"]
    with made(settings) as here, open_publisher(here) as publisher:
        told = subprocess.Popen(
            command, env={**os.environ, **environment(here)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline, number = time.monotonic() + 60, 0
        while told.poll() is None and time.monotonic() < deadline:
            number += 1
            text = f"The ministers met in Geneva for the {number}th time."
            feed([raw_article(text, title=f"Talks {number}"), raw_article(f"{text} Again.", source="other")], publisher)
            time.sleep(0.2)
        out, complaints = told.communicate(timeout=10)
    assert told.returncode == 0, complaints
    lines = [json.loads(line) for line in out.splitlines()]
    assert [one["source"] for one in lines] == ["herald", "herald"]
    assert all(one["stage"] == "raw" and one["words"].startswith("Talks ") for one in lines)
