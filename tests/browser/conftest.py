"""A real browser, and the desk served to it on real servers with articles of its own."""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from elasticsearch.helpers import bulk
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from deploy.ladder import Servers
from desk.web.app import create
from processors import index
from processors.setup import setup
from schemas.settings import Settings, load
from tests.browser.articles import hostile_articles, plain_articles

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SLOW_MS = 20_000


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver; while it is there its event loop counts as running, so it goes before other modules come."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Headless Chromium, once for a module; without one the tests are skipped, or fail where one is demanded."""
    path = os.environ.get("WIREDESK_TEST_BROWSER") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or not Path(path).exists():
        told = f"no browser for the tests: {path or 'chromium'} is not there; apt-get install chromium"
        if os.environ.get("WIREDESK_TEST_BROWSER") or os.environ.get("CI"):
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    found = playwright.chromium.launch(executable_path=path, args=QUIET)
    yield found
    found.close()


@pytest.fixture(scope="session")
def desk_settings(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a desk of the tests' own, with its streams made and its articles in the index."""
    name = f"t{uuid.uuid4().hex[:10]}"
    settings = load(
        kafka_servers=servers.kafka,
        elasticsearch_url=servers.elasticsearch,
        stream_prefix=f"{name}.",
        index_alias=f"{name}-articles",
        data_dir=tmp_path_factory.mktemp("data"),
        web_port=0,
    )
    setup(settings)
    client = index.client(settings)
    documents = [*plain_articles(), *hostile_articles()]
    sources = ((one.id, one.model_dump(mode="json")) for one in documents)
    bulk(client, ({"_index": settings.index_alias, "_id": key, "_source": body} for key, body in sources), refresh=True)
    client.close()
    return settings


class Served(uvicorn.Server):
    """The desk in a thread of the tests' process."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """A desk on these settings while the block runs; gives its address."""
    server = Served(uvicorn.Config(create(settings), port=0, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.started
    try:
        yield server.address
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="session")
def desk(desk_settings: Settings) -> Iterator[str]:
    """The address of the desk."""
    with served(desk_settings) as address:
        yield address


class Watched:
    """Pages of one context, with all that they complained of and whatever they asked for elsewhere."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self._home = urlsplit(home).netloc
        context.set_default_timeout(SLOW_MS)
        context.on("console", lambda message: self._said(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("dialog", lambda dialog: (self.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        context.on("request", lambda request: self._asked(request.url))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != self._home:
            self.outside.append(url)


@pytest.fixture
def context(browser: Browser, desk: str) -> Iterator[BrowserContext]:
    """A fresh profile on the desk; whatever a page complains of, and any request to elsewhere, fails the test."""
    found = browser.new_context(base_url=desk, viewport={"width": 1280, "height": 1000})
    watched = Watched(found, desk)
    yield found
    found.close()
    assert watched.complaints == []
    assert watched.outside == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One page of that profile."""
    return context.new_page()
