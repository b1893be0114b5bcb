"""Retrying with half the batch where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def run_in_halves(run: Callable[[Sequence[_T]], Iterable[_R]], items: Sequence[_T]) -> list[_R]:
    """*run* all *items* at once; where memory runs out, one half after the other."""
    try:
        return list(run(items))
    except Exception as error:
        if len(items) == 1 or not _is_out_of_memory(error):
            raise
    _free_cached_memory()  # after the handler, whose traceback holds the failed pass's tensors
    half = len(items) // 2
    return run_in_halves(run, items[:half]) + run_in_halves(run, items[half:])


def _is_out_of_memory(error: Exception) -> bool:
    from torch import OutOfMemoryError

    return isinstance(error, OutOfMemoryError | MemoryError) or "can't allocate" in str(error)


def _free_cached_memory() -> None:
    """Return cached blocks to CUDA: they are of the failed pass's sizes."""
    from torch import cuda

    if cuda.is_available():
        cuda.empty_cache()
