"""Results are made ahead, in order, and not too many."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.waiting import until
from visualcrop.utils.ahead import map_ahead


@pytest.mark.parametrize("threads", [0, 1, 3, 50])
class TestMapAhead:
    """With no thread, few, and more than there are items."""

    def test_results_are_in_order(self, threads: int) -> None:
        """Whichever is ready first."""
        assert list(map_ahead(str, range(20), threads)) == [*map(str, range(20))]
        assert list(map_ahead(str, [], threads)) == []

    def test_errors_come_in_order(self, threads: int) -> None:
        """After the results before them."""
        results = map_ahead(lambda number: 6 // number, [3, 2, 0, 1], threads)
        assert [next(results), next(results)] == [2, 3]
        with pytest.raises(ZeroDivisionError):
            next(results)

    def test_who_stops_early_leaves_no_thread(self, threads: int) -> None:
        """What was not begun is not made."""
        made = list[int]()
        results = map_ahead(made.append, range(1000), threads)
        next(results)
        results.close()
        until(lambda: not [t for t in threading.enumerate() if "visualcrop-ahead" in t.name])
        assert len(made) <= 2 * threads + 1

    def test_few_wait(self, threads: int) -> None:
        """No more items are taken than are used and waited for."""
        taken = list[int]()

        def items() -> Iterator[int]:
            for number in range(99):
                taken.append(number)
                yield number

        results = map_ahead(str, items(), threads)
        for used, _ in enumerate(results, start=1):
            assert len(taken) <= used + threads


def test_the_next_is_made_while_one_is_used() -> None:
    """Before it is asked for."""
    begun = threading.Event()
    results = map_ahead(lambda number: begun.set() if number == 1 else None, range(3), 1)
    next(results)
    until(begun.is_set)
    list(results)
