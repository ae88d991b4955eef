"""Everything that a search finds, written to a file."""

from __future__ import annotations

from typing import IO
from urllib.parse import urlencode

from elasticsearch import Elasticsearch

from desk.exports.about import About
from desk.exports.formats import FormatName, pieces
from desk.search.found import Ask
from desk.search.walk import walking
from schemas.settings import Settings


def export(elasticsearch: Elasticsearch, settings: Settings, ask: Ask, name: FormatName, out: IO[bytes]) -> About:
    """Writes all articles that a search finds at this moment, copies included, and says what was written.

    Raises:
        QueryError: its text cannot be understood.
        IncompleteError: a part of the index did not answer; what was written is not whole.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
        OSError: the file cannot be written.
    """
    desk = f"http://{settings.web_host}:{settings.web_port}"
    address = f"{desk}/?{urlencode({'q': ask.text})}"
    with walking(elasticsearch, settings.index_alias, ask.text, ask.sort) as walk:
        about = About(ask.text, walk.read_as, walk.total, walk.at, desk, address)
        out.writelines(pieces(name, about, walk.articles))
    return about
