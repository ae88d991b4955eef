"""What is asked of Elasticsearch serves for a while, and is asked anew in time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from elasticsearch import TransportError

from desk.search.snapshot import Remembered


class Client:
    """Something to remember values of."""


class Clock:
    """Tells the time that it is set to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def counting() -> Callable[[], int]:
    """Gives 1, 2, 3 …: how often it was asked."""
    numbers = iter(range(1, 100))
    return lambda: next(numbers)


def test_a_value_serves_until_it_is_too_old() -> None:
    """Within its seconds a value is not asked for again; after them it is."""
    clock, client, ask = Clock(), Client(), counting()
    remembered = Remembered(clock)
    assert [remembered.get(client, "a", 5, ask) for _ in range(3)] == [1, 1, 1]
    clock.now += 5.1
    assert remembered.get(client, "a", 5, ask) == 2


def test_clients_and_names_are_kept_apart() -> None:
    """What one client was told does not serve another one, nor under another name."""
    remembered, client, ask = Remembered(Clock()), Client(), counting()
    assert remembered.get(client, "a", 5, ask) == 1
    assert remembered.get(client, "b", 5, ask) == 2
    assert remembered.get(Client(), "a", 5, ask) == 3


def test_what_is_forgotten_is_asked_for_again() -> None:
    """Forgetting brings a new value at once."""
    remembered, client, ask = Remembered(Clock()), Client(), counting()
    remembered.get(client, "a", 5, ask)
    remembered.forget(client, "a")
    assert not remembered.holds(client, "a")
    assert remembered.get(client, "a", 5, ask) == 2


def test_an_ageing_value_serves_while_the_next_one_is_got() -> None:
    """Between the two ages nobody waits: the known value serves, and the next one is asked for once, beside."""
    clock, client = Clock(), Client()
    remembered, gate, got = Remembered(clock), threading.Event(), threading.Event()

    def slow() -> int:
        gate.wait(10)
        got.set()
        return 2

    assert remembered.get(client, "a", 1, lambda: 1, 5) == 1
    clock.now += 2
    assert [remembered.get(client, "a", 1, slow, 5) for _ in range(3)] == [1, 1, 1]
    gate.set()
    assert got.wait(10)
    clock.now += 10
    assert remembered.get(client, "a", 1, lambda: 3, 5) == 3


def test_an_error_is_told_to_who_waits_and_never_in_the_background() -> None:
    """When the next value cannot be had, who asks after that is told; the thread beside ends quietly."""
    clock, client, failed = Clock(), Client(), threading.Event()
    remembered = Remembered(clock)

    def down() -> int:
        failed.set()
        raise TransportError("away")

    remembered.get(client, "a", 1, lambda: 1, 5)
    clock.now += 2
    assert remembered.get(client, "a", 1, down, 5) == 1
    assert failed.wait(10)
    clock.now += 10
    with pytest.raises(TransportError):
        remembered.get(client, "a", 1, down, 5)


def test_it_does_not_grow_without_end() -> None:
    """However many names are asked for, only so many values are kept."""
    remembered, client, ask = Remembered(Clock()), Client(), lambda: 1
    for number in range(600):
        remembered.get(client, number, 5, ask)
    assert sum(remembered.holds(client, number) for number in range(600)) <= 256
