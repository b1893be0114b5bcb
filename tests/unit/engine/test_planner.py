"""What goes into one pass."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visualcrop.models.engine.batch import pad_right
from visualcrop.models.engine.planner import batch_by_length


@given(st.lists(st.integers(1, 900), max_size=30), st.integers(1, 3000))
def test_batches_hold_all_within_the_limit(lengths: list[int], most: int) -> None:
    """Each prompt once, with little padding; a prompt longer than the limit is alone."""
    found = list(batch_by_length(lengths, most))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        longest, shortest = (f(lengths[place] for place in batch) for f in (max, min))
        assert longest * len(batch) <= most or len(batch) == 1
        assert longest - shortest <= 128


def test_alike_prompts_are_one_batch() -> None:
    """Eight crops of a few words more or less."""
    assert [len(batch) for batch in batch_by_length([600, 603, 598, 601] * 2, 8192)] == [8]
    assert [len(batch) for batch in batch_by_length([600] * 8, 2400)] == [4, 4]
    assert list(batch_by_length([], 100)) == []


@pytest.mark.torch
def test_rows_are_filled_up_at_the_right() -> None:
    """With a value, or with their own last."""
    rows = [torch.tensor([[1, 2, 3]]), torch.tensor([[4]])]
    assert pad_right(rows, 0).tolist() == [[1, 2, 3], [4, 0, 0]]
    assert pad_right(rows).tolist() == [[1, 2, 3], [4, 4, 4]]
