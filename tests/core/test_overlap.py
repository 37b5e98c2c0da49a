"""Overlapped work: order, bounded memory, errors of either side, context."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from latentlab.core.overlap import AHEAD, overlapped


def test_results_come_in_the_order_of_the_items():
    gates = [threading.Event() for _ in range(4)]
    gates[3].set()

    def work(number):
        gates[number].wait(5)
        if number:
            gates[number - 1].set()  # the last is done first
        return number * number

    assert list(overlapped(range(4), work, 4)) == [0, 1, 4, 9]


def test_work_runs_beside_the_making_of_the_next_item():
    begun = threading.Event()

    def items():
        yield 1
        assert begun.wait(5), "the first is worked on before the second is made"
        yield 2

    def work(number):
        begun.set()
        return number

    assert list(overlapped(items(), work, 1)) == [1, 2]


def test_no_more_items_are_under_way_than_memory_allows():
    made, taken, most = 0, 0, 0
    slow = threading.Event()

    def items():
        nonlocal made, most
        for number in range(40):
            made += 1
            most = max(most, made - taken)
            yield number

    def work(number):
        slow.wait(0.001)
        return number

    for _ in overlapped(items(), work, 2):
        taken += 1
    assert taken == 40
    assert most <= AHEAD * 2 + 1


def test_an_error_of_the_work_ends_it_and_what_was_not_begun_stays_undone():
    done = []

    def work(number):
        if number == 2:
            raise OSError("the disk is full")
        done.append(number)

    with pytest.raises(OSError, match="disk is full"):
        list(overlapped(range(1000), work, 1))
    assert set(done) >= {0, 1}
    assert len(done) < 10


def test_an_error_of_the_items_waits_for_what_is_under_way():
    done = []

    def items():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(overlapped(items(), done.append, 1))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("overlapped")]


def test_the_work_sees_the_context_of_whoever_asked():
    rule: ContextVar[str] = ContextVar("rule")
    rule.set("mine")
    assert list(overlapped([1], lambda _: rule.get(), 2)) == ["mine"]


def test_a_consumer_that_stops_leaves_no_thread():
    results = overlapped(range(100), lambda number: number, 2)
    assert next(results) == 0
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("overlapped")]
