"""Web archives made by hand, for the tests that read them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What a server answered when an archive was made."""

    url: str
    body: bytes
    content_type: str = "text/html"
    status: str = "200 OK"
    encoding: str = ""
    date: str = "2026-02-27T08:00:00Z"


def record(answer: Answer) -> bytes:
    """The bytes of a response record."""
    body = gzip.compress(answer.body, mtime=0) if answer.encoding == "gzip" else answer.body
    encoding = f"Content-Encoding: {answer.encoding}\r\n" if answer.encoding else ""
    http = f"HTTP/1.1 {answer.status}\r\nContent-Type: {answer.content_type}\r\n{encoding}\r\n".encode() + body
    return _record("response", answer.url, answer.date, "application/http; msgtype=response", http)


def _record(kind: str, url: str, date: str, content_type: str, block: bytes) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
        f"WARC-Record-ID: <urn:uuid:{len(url):012}>\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def write(path: Path, answers: Iterable[Answer]) -> None:
    """An archive, packed record by record: what it is, then a request and a response for each answer."""
    date = "2026-02-27T08:00:00Z"
    parts = [_record("warcinfo", "urn:herald", date, "application/warc-fields", b"software: by hand\r\n")]
    for answer in answers:
        request = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
        parts += [
            _record("request", answer.url, answer.date, "application/http; msgtype=request", request),
            record(answer),
        ]
    path.write_bytes(b"".join(gzip.compress(part, mtime=0) for part in parts))
