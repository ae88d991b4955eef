"""Attacks by XML: no answer makes a reader of listings open a file or a connection, take long, or take much memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from producers import opml
from producers.items import NotAListing
from producers.sources import LISTINGS
from schemas.source import SourceKind, SourceSpec
from tests.table import Row

URL = "https://www.herald.example/feed"
SECRET = "the canary sings"
PATIENCE = 60
MEGABYTES = 50
ROOTS = {
    "rss": "<rss version='2.0'><channel><title>{use}</title><item><title>{use}</title><link>https://a.example/{use}</link>"
    "<description>{use}</description></item></channel></rss>",
    "feed": "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>{use}</title><link href='https://a.example/'/>"
    "<content type='html'>{use}</content></entry></feed>",
    "urlset": "<urlset><url><loc>https://a.example/{use}</loc></url></urlset>",
    "sitemapindex": "<sitemapindex><sitemap><loc>https://a.example/{use}</loc></sitemap></sitemapindex>",
    "opml": "<opml><body><outline text='x{use}' xmlUrl='https://a.example/{use}'/></body></opml>",
}
KINDS: dict[str, SourceKind] = {"rss": "feed", "feed": "feed", "urlset": "sitemap", "sitemapindex": "sitemap"}


def document(root: str, subset: str, use: str = "&x;") -> bytes:
    """A document of one form with a DTD of its own, that uses an entity wherever text may stand."""
    return f'<?xml version="1.0"?>\n<!DOCTYPE {root} [{subset}]>\n{ROOTS[root].format(use=use)}'.encode()


def read(root: str, body: bytes) -> str:
    """All that a reader says of a document."""
    if root == "opml":
        return repr(opml.read(body, "list.opml"))
    kind = KINDS[root]
    try:
        return repr(LISTINGS[kind](body, URL, "text/xml", SourceSpec(name="herald", kind=kind, url=URL)))
    except NotAListing as refused:
        return str(refused)


def laughs() -> str:
    """A billion laughs: ten entities, each ten times the one before."""
    steps = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!ENTITY x0 "{"ha" * 10}">{steps}<!ENTITY x "{"&x9;" * 10}">'


# Each is a DTD, and how the text uses it.
BOMBS = {
    "billion laughs": (laughs(), "&x;"),
    "quadratic blowup": (f'<!ENTITY x "{"a" * 100_000}">', "&x;" * 5_000),
    "an entity in itself": ('<!ENTITY x "&y;"><!ENTITY y "&x;">', "&x;"),
    "parameter entities that grow": (
        '<!ENTITY % a "<!ENTITY x \'xxxxxxxx\'>"><!ENTITY % b "%a;%a;%a;%a;"><!ENTITY % c "%b;%b;%b;%b;">%c;%c;%c;',
        "&x;",
    ),
    "attributes by default": ('<!ATTLIST item x CDATA "' + "a" * 100_000 + '">', "x"),
    "deep nesting": ("", "<a>" * 20_000),
    "deep nesting that closes": ("", "<a>" * 10_000 + "</a>" * 10_000),
    "thousands of attributes": ("", "<a " + " ".join(f"x{n}='1'" for n in range(10_000)) + "/>"),
    "open sections without end": ("", "<![CDATA[" * 10_000),
    "open comments without end": ("", "<!--" * 20_000),
    "open instructions without end": ("", "<?x " * 20_000),
    "open tags without end": ("", "<" * 50_000),
    "references without end": ("", "&#x" * 10_000 + "&#1114112;" * 5_000 + "&#xd800;" * 5_000),
    "ampersands": ("", "&" * 50_000),
    "a DTD that never ends": ("<!ENTITY a 'b" * 50_000, "x"),
    "namespaces": ("", "".join(f"<n{n}:a/>" for n in range(5_000))),
}


@pytest.fixture(scope="module")
def hits() -> Iterator[list[str]]:
    """A canary server on the loopback, and what was asked of it."""
    asked: list[str] = []

    class Canary(BaseHTTPRequestHandler):
        """Notes what it is asked."""

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f'<!ENTITY x "{SECRET}">'.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Canary)
    asked.append(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield asked
    server.shutdown()
    server.server_close()


_opened: list[list[object]] = []
sys.addaudithook(lambda event, args: _opened[-1].append(args[0]) if event == "open" and _opened else None)


@contextlib.contextmanager
def opened_files() -> Iterator[list[object]]:
    """What Python opens meanwhile; what libxml2 opens by itself shows in the file's own time of access."""
    _opened.append([])
    try:
        yield _opened[-1]
    finally:
        _opened.pop()


OUTSIDE = [
    '<!ENTITY x SYSTEM "{}">',
    '<!ENTITY x PUBLIC "-//x//x" "{}">',
    '<!ENTITY % p SYSTEM "{}">%p;',
    '<!ENTITY % p SYSTEM "{}"><!ENTITY % q "<!ENTITY x SYSTEM \'{}\'>">%q;',
    '<!NOTATION n SYSTEM "{}"><!ENTITY x SYSTEM "{}" NDATA n>',
]


@pytest.mark.parametrize("subset", OUTSIDE)
@pytest.mark.parametrize("root", ROOTS)
def test_no_file_is_read(root: str, subset: str, tmp_path: Path, attack: Row) -> None:
    """An entity that names a file brings nothing of it into what is read, and the file is not opened."""
    attack("XML").did("documents that name files and addresses", 1, 40)
    canary = tmp_path / "canary.txt"
    canary.write_text(SECRET)
    os.utime(canary, ns=(0, 0))  # an atime that any reading would move, even where the system notes few
    untouched = canary.stat().st_atime_ns
    for address in (str(canary), canary.as_uri()):
        with opened_files() as opened:
            said = read(root, document(root, subset.replace("{}", address)))
        assert SECRET not in said
        attack.is_exactly("files opened", sum(str(canary) in str(name) for name in opened), 0)
    assert canary.stat().st_atime_ns == untouched


@pytest.mark.parametrize("subset", OUTSIDE)
@pytest.mark.parametrize("root", ROOTS)
def test_no_connection_is_opened(root: str, subset: str, hits: list[str], attack: Row) -> None:
    """An entity, a DTD, a style sheet, an inclusion or a schema that names an address makes nobody ask there."""
    attack("XML").did("documents that name files and addresses", 5, 40)
    read(root, document(root, subset.replace("{}", f"{hits[0]}/entity")))
    whole = ROOTS[root].format(use=f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{hits[0]}/include'/>")
    read(root, f'<!DOCTYPE {root} SYSTEM "{hits[0]}/dtd">{whole}'.encode())
    read(root, f'<?xml-stylesheet type="text/xsl" href="{hits[0]}/xsl"?>{whole}'.encode())
    located = f"xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='a {hits[0]}/xsd'"
    read(root, whole.replace(root, f"{root} {located}", 1).encode())
    attack.is_exactly("connections", len(hits) - 1, 0)


@pytest.mark.parametrize("root", ["rss", "feed", "urlset", "opml"])
def test_what_a_dtd_defines_is_not_put_in(root: str) -> None:
    """The text of an entity that a document defines stands nowhere in what is read, and the document is still read."""
    said = read(root, document(root, f'<!ENTITY x "{SECRET}">'))
    assert SECRET not in said
    assert "https://a.example/" in said


MEASURE = """
import json, pathlib, sys, time
from tests.security.test_xml import BOMBS, document, read
root, bomb = sys.argv[1:]
read(root, document(root, "", "x"))
body = document(root, *BOMBS[bomb]) if BOMBS[bomb][0] else document(root, "", BOMBS[bomb][1])
# getrusage's peak is handed on by the parent; the kernel's own can be set back to what is used now.
def peak():
    return int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
pathlib.Path("/proc/self/clear_refs").write_text("5")
before, began = peak(), time.process_time()
read(root, body)
print(json.dumps([peak() - before, time.process_time() - began]))
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_does_not_go_off(bomb: str, attack: Row) -> None:
    """A small document that would grow without end is done with, within 50 MB.

    Each is read by a process of its own, as memory is counted by its peak, and ended when it does not come back.
    """
    attack("XML").did("bombs", 1, 4)
    for root in ("rss", "opml"):
        command = [sys.executable, "-c", MEASURE, root, bomb]
        here = Path(__file__).parents[2]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=here, timeout=PATIENCE)
        grown, seconds = json.loads(done.stdout)
        attack.is_at_most("megabytes", grown, MEGABYTES)
        attack.is_at_most("seconds of one processor", seconds, 1)
        assert grown < MEGABYTES, (root, grown)
