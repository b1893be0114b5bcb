"""Where memory runs out, fewer are run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def in_halves(run: Callable[[Sequence[_T]], Iterable[_R]], items: Sequence[_T]) -> list[_R]:
    """All at once, or where there is no room for that, one half after the other."""
    try:
        return list(run(items))
    except Exception as error:
        if len(items) == 1 or not _out_of_memory(error):
            raise
    _tidy_up()  # only here, where nothing holds on to the failed pass any more
    half = len(items) // 2
    return in_halves(run, items[:half]) + in_halves(run, items[half:])


def _out_of_memory(error: Exception) -> bool:
    from torch import OutOfMemoryError

    return isinstance(error, OutOfMemoryError | MemoryError) or "can't allocate" in str(error)


def _tidy_up() -> None:
    """Give memory back that torch keeps for the next pass, which will want other pieces."""
    from torch import cuda

    if cuda.is_available():
        cuda.empty_cache()
