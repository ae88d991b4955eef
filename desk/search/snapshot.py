"""A view of the index that does not change, shared by the searches of one moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from elasticsearch import Elasticsearch

# How long Elasticsearch keeps a view that nobody asks for.
KEPT = "5m"
_SHARED_SECONDS = 1.0
_LANGUAGE_SECONDS = 5.0
_MOST_VALUES = 256

_Value = TypeVar("_Value")


class Remembered:
    """Values asked of Elasticsearch that serve for a while, by client and name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: WeakKeyDictionary[Any, dict[Any, tuple[float, Any]]] = WeakKeyDictionary()

    def get(self, client: Any, name: Any, seconds: float, ask: Callable[[], _Value]) -> _Value:
        """The value of that name when it is not older than so many seconds, else what `ask` gives now."""
        with self._lock:
            held = self._held.setdefault(client, {})
            then, value = held.get(name, (float("-inf"), None))
        now = self._clock()
        if now - then <= seconds:
            known: _Value = value
            return known
        asked = ask()
        with self._lock:
            if len(held) >= _MOST_VALUES:
                held.clear()
            held[name] = (now, asked)
        return asked

    def forget(self, client: Any, name: Any) -> None:
        """Asks again the next time."""
        with self._lock:
            self._held.get(client, {}).pop(name, None)


remembered = Remembered()


def opened(elasticsearch: Elasticsearch, alias: str) -> str:
    """The id of a point in time at most a second old. It is shared: nobody closes it, Elasticsearch does in time.

    Raises:
        NotFoundError: there is no such alias.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """
    return remembered.get(elasticsearch, ("pit", alias), _SHARED_SECONDS, lambda: own(elasticsearch, alias))


def own(elasticsearch: Elasticsearch, alias: str) -> str:
    """The id of a new point in time, for who closes it."""
    pit: str = elasticsearch.open_point_in_time(index=alias, keep_alive=KEPT).body["id"]
    return pit


def lost(elasticsearch: Elasticsearch, alias: str) -> None:
    """Says that the shared point in time is not known to Elasticsearch any more."""
    remembered.forget(elasticsearch, ("pit", alias))


def languages(elasticsearch: Elasticsearch, alias: str) -> tuple[str, ...]:
    """The keys of `title` and `text` that any article uses, as known a few seconds ago."""
    name = ("languages", alias)
    return remembered.get(elasticsearch, name, _LANGUAGE_SECONDS, lambda: _languages(elasticsearch, alias))


def _languages(elasticsearch: Elasticsearch, alias: str) -> tuple[str, ...]:
    answer = elasticsearch.field_caps(index=alias, fields=["text.*", "title.*"], include_empty_fields=False)
    return tuple(sorted({name.partition(".")[2] for name in answer.body["fields"] if "." in name}))
