"""Maps a function over items, ahead of their use, in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def map_ahead(
    function: Callable[[_T], _R], items: Iterable[_T], threads: int
) -> Generator[_R, None, None]:
    """
    Results of *function*, in the order of *items*, the next few of which are made meanwhile.

    At most *threads* results wait; with no threads, each is made when it is asked for. What the
    function raises is raised when its result is due.
    """
    if threads < 1:
        yield from map(function, items)
        return
    coming: deque[Future[_R]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="visualcrop-ahead") as pool:
        try:
            for item in items:
                coming.append(pool.submit(function, item))
                if len(coming) > threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()
