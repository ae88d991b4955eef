"""An Elasticsearch of pure Python for the answers a healthy node does not give: bulk, health, alias, settings."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

_RESET = struct.pack("ii", 1, 0)
REJECTED = (429, {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary operation"})
BREAKER = (429, {"type": "circuit_breaking_exception", "reason": "[parent] Data too large, data for [<http_request>]"})
UNAVAILABLE = (503, {"type": "unavailable_shards_exception", "reason": "primary shard is not active"})


@dataclass(frozen=True, slots=True)
class Action:
    """One document of a bulk request."""

    id: str
    version: int
    source: dict[str, Any]


Fault = tuple[int, dict[str, str]]
Whole = Fault | Literal["reset", "hang"] | None


class FakeElasticsearch(ThreadingHTTPServer):
    """One node with one alias. Use it as a context manager: it answers while the block runs.

    Attributes:
        documents: what is stored, by id.
        sent: how often each id came in a request that was answered with items.
        refused: how often each id was rejected in one.
        sizes: documents in each bulk request, in order, with what was answered: (count, HTTP status).
        stored_at: when documents were stored, by the monotonic clock.
        whole: gives the answer to a whole request of these documents; none lets it through.
        item: gives the answer to one document; none stores it.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.documents: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self.sent: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.sizes: list[tuple[int, int]] = []
        self.stored_at: list[float] = []
        self.whole: Callable[[list[Action]], Whole] = lambda _: None
        self.item: Callable[[Action], Fault | None] = lambda _: None
        self.healed = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="fake-elasticsearch", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.healed.set()
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def heal(self) -> None:
        """Everything is answered as a healthy node does, requests that hang included."""
        self.whole, self.item = lambda _: None, lambda _: None
        self.healed.set()

    def forget(self) -> None:
        """Is a healthy node that holds nothing."""
        self.heal()
        self.documents, self.versions = {}, {}
        self.sent, self.refused, self.sizes = Counter(), Counter(), []
        self.healed = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about."""

    def bulk(self, actions: list[Action]) -> dict[str, Any]:
        """Stores the documents as Elasticsearch does under external versions, and gives the answer."""
        with self._lock:
            items = [{"index": self._one(action)} for action in actions]
            self.sizes.append((len(actions), 200))
        return {"items": items}

    def _one(self, action: Action) -> dict[str, Any]:
        self.sent[action.id] += 1
        if fault := self.item(action):
            self.refused[action.id] += 1
            return {"status": fault[0], "error": fault[1]}
        if self.versions.get(action.id, -1) > action.version:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "a newer stands"}}
        status = 200 if action.id in self.documents else 201
        self.documents[action.id], self.versions[action.id] = action.source, action.version
        self.stored_at.append(time.monotonic())
        return {"status": status}

    def refuse(self, actions: list[Action], status: int) -> None:
        """Notes a request that was answered as a whole."""
        with self._lock:
            self.sizes.append((len(actions), status))


def _actions(body: bytes) -> list[Action]:
    lines = [json.loads(line) for line in body.splitlines()]
    heads = [line["index"] for line in lines[::2]]
    return [Action(head["_id"], head["version"], source) for head, source in zip(heads, lines[1::2], strict=True)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeElasticsearch

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/_cluster/health":
            self._answer(200, {"status": "green"})
        elif "/_settings" in path:
            self._answer(200, {"fake-000001": {"settings": {}}})
        elif "/_alias" in path:
            self._answer(200, {"fake-000001": {"aliases": {path.rpartition("/")[2]: {}}}})
        else:
            self._answer(200, {"name": "fake", "version": {"number": "9.4.3"}, "tagline": "You Know, for Search"})

    do_HEAD = do_GET  # noqa: N815 (the name is the base class's)

    def do_POST(self) -> None:
        actions = _actions(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        fault = self.server.whole(actions)
        if fault == "reset":
            self._reset()
        elif fault == "hang":
            self.server.healed.wait()
            self._reset()
        elif fault:
            if not self._is_refresh():
                self.server.refuse(actions, fault[0])
            self._answer(fault[0], {"error": fault[1], "status": fault[0]})
        elif self._is_refresh():
            self._answer(200, {})
        else:
            self._answer(200, self.server.bulk(actions))

    def _is_refresh(self) -> bool:
        return self.path.partition("?")[0].endswith("/_refresh")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        self.close_connection = True

    def _answer(self, status: int, found: dict[str, Any]) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Says nothing."""
