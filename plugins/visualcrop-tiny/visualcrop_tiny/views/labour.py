"""The same work on many seeds, by as many processes as are wished for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def shared(job: Callable[[int], _T], seeds: range, processes: int) -> Iterator[_T]:
    """What *job* makes of each seed, in their order."""
    if processes == 1:
        yield from map(job, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(job, seeds, chunksize=8)
