"""Maps a function over worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_processes(
    function: Callable[[_Item], _Result], items: Iterable[_Item], workers: int, chunksize: int = 8
) -> Iterator[_Result]:
    """Map *function* over *items* in order, in this process if there is one worker."""
    if workers == 1:
        yield from map(function, items)
        return
    # Not forked: torch's threads do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(function, items, chunksize)
