"""A view of the index that does not change, shared by the searches of one moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from elasticsearch import ApiError, Elasticsearch, TransportError

# How long Elasticsearch keeps a view that nobody asks for.
KEPT = "5m"
_SHARED_SECONDS = 2.0
_LASTING_SECONDS = 5.0
_LANGUAGE_SECONDS = 5.0
_MOST_VALUES = 256

_Value = TypeVar("_Value")


class Remembered:
    """Values asked of Elasticsearch that serve for a while, by client and name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._renewed: set[Any] = set()
        self._held: WeakKeyDictionary[Any, dict[Any, tuple[float, Any]]] = WeakKeyDictionary()

    def get(self, client: Any, name: Any, seconds: float, ask: Callable[[], _Value], lasting: float = 0.0) -> _Value:
        """The value of that name.

        It is the one known, when that is not older than `seconds`. When it is not older than `lasting`, it still
        serves, while `ask` gets the next one in the background. Else it is what `ask` gives now.
        """
        with self._lock:
            held = self._held.setdefault(client, {})
            then, value = held.get(name, (float("-inf"), None))
            age = self._clock() - then
            is_due = seconds < age <= lasting and name not in self._renewed
            if is_due:
                self._renewed.add(name)
        if is_due:
            Thread(target=self._renew, args=(held, name, ask), daemon=True).start()
        if age <= max(seconds, lasting):
            known: _Value = value
            return known
        return self._put(held, name, ask)

    def _put(self, held: dict[Any, tuple[float, Any]], name: Any, ask: Callable[[], _Value]) -> _Value:
        now = self._clock()
        asked = ask()
        with self._lock:
            if len(held) >= _MOST_VALUES:
                held.clear()
            held[name] = (now, asked)
        return asked

    def _renew(self, held: dict[Any, tuple[float, Any]], name: Any, ask: Callable[[], Any]) -> None:
        try:
            self._put(held, name, ask)
        except (ApiError, TransportError):
            with self._lock:  # who asks next is told what is wrong
                held.pop(name, None)
        finally:
            with self._lock:
                self._renewed.discard(name)

    def holds(self, client: Any, name: Any) -> bool:
        """Whether there is a value of that name, of whatever age."""
        with self._lock:
            return name in self._held.get(client, {})

    def forget(self, client: Any, name: Any) -> None:
        """Asks again the next time."""
        with self._lock:
            self._held.get(client, {}).pop(name, None)


remembered = Remembered()


def opened(elasticsearch: Elasticsearch, alias: str, warm: Callable[[str], object] | None = None) -> str:
    """The id of a point in time, as a rule at most two seconds old, that searches share.

    Nobody closes it, Elasticsearch does in time. While searches come in, the next one is got beside them, and `warm`
    is done with it before it serves: what Elasticsearch makes for facets it makes anew for each point in time.

    Raises:
        NotFoundError: there is no such alias.
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """

    def ask() -> str:
        pit = own(elasticsearch, alias)
        if remembered.holds(elasticsearch, ("pit", alias)) and warm:
            warm(pit)
        return pit

    return remembered.get(elasticsearch, ("pit", alias), _SHARED_SECONDS, ask, _LASTING_SECONDS)


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
