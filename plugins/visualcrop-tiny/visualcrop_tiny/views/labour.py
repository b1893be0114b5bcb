"""The same work on many items, by as many processes as are wished for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_I = TypeVar("_I")
_T = TypeVar("_T")


def shared(
    job: Callable[[_I], _T], items: Iterable[_I], processes: int, at_once: int = 8
) -> Iterator[_T]:
    """What *job* makes of each item, in their order; each process takes some *at_once*."""
    if processes == 1:
        yield from map(job, items)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(job, items, chunksize=at_once)
