"""Where memory runs out, the same is done in more goes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from visualcrop.models.engine.runner import run_in_halves

ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory."),
    MemoryError(),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate ..."),
]


def run(items: Sequence[int], room: int, error: Exception) -> tuple[list[int], list[int]]:
    """Double *items*, of which *room* may be done at once; and how many were."""
    sizes = []

    def double(some: Sequence[int]) -> list[int]:
        if sum(some) > room:
            raise error
        sizes.append(len(some))
        return [2 * item for item in some]

    return run_in_halves(double, items), sizes


@pytest.mark.parametrize("error", ERRORS)
class TestHalving:
    """Whatever an error of no memory is called."""

    def test_all_is_done_in_order(self, error: Exception) -> None:
        """No more at once than there is room for, and no less than half of that."""
        assert run([1] * 9, 4, error) == ([2] * 9, [4, 2, 3])
        assert run([1, 1, 5, 1], 5, error) == ([2, 2, 10, 2], [2, 1, 1])

    def test_what_fits_not_even_alone_fails(self, error: Exception) -> None:
        """With its own error."""
        with pytest.raises(type(error)) as raised:
            run([1, 1, 9, 1], 5, error)
        assert raised.value is error


def test_other_errors_are_not_tried_again() -> None:
    """They would come again."""
    calls = []

    def fail(items: Sequence[int]) -> list[int]:
        calls.append(items)
        raise ValueError(*items)

    with pytest.raises(ValueError, match="1"):
        run_in_halves(fail, [1, 2])
    assert len(calls) == 1


def test_nothing_is_done_at_once() -> None:
    """Without an item there is nothing to halve."""
    assert run([], 1, MemoryError()) == ([], [0])
