"""What a processor gives is cut and batched by what it is of: tokens or images."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from visualcrop.models.engine.batch import PaddedBatch
from visualcrop.models.engine.prompting import TokenizedPrompt

pytestmark = pytest.mark.torch
NETWORK: Any = SimpleNamespace(config=SimpleNamespace(image_token_id=7), model=object())


def prompt(length: int, **inputs: Any) -> dict[str, Any]:
    """The inputs of a prompt of *length* tokens."""
    return {"input_ids": torch.full((1, length), length), **inputs}


def test_inputs_of_tokens_are_cut_and_those_of_images_are_not() -> None:
    """Whatever they are called; a picture as long as the prompt is still a picture."""
    given = prompt(
        9,
        some_type_ids=torch.ones(1, 9),
        pixel_values=torch.ones(1, 9),
        shapes=torch.ones(1, 2),
        several=[torch.ones(3)],
    )
    tokenized = TokenizedPrompt(given, "", np.array([2]), {})
    cut = tokenized.prefix_inputs(4)
    assert {name: value.shape for name, value in cut.items() if name != "several"} == {
        "input_ids": (1, 4),
        "some_type_ids": (1, 4),
        "pixel_values": (1, 9),
        "shapes": (1, 2),
    }
    assert cut["several"] is given["several"]


def test_types_of_tokens_are_padded_with_that_of_text() -> None:
    """Also those of a prompt without images, which has none; the mask is left to causality."""
    typed = prompt(3, type_ids=torch.ones(1, 3, dtype=torch.long), attention_mask=torch.ones(1, 3))
    batch = PaddedBatch.of(NETWORK, [typed, prompt(5)])
    assert batch.inputs["type_ids"].tolist() == [[1, 1, 1, 0, 0], [0] * 5]
    assert "attention_mask" not in batch.inputs


@pytest.mark.parametrize(
    ("shapes", "stacked"),
    [
        ([(2,), (1,)], (3,)),  # counts
        ([(1, 2), (3, 2)], (4, 2)),  # sizes
        ([(16, 1176), (4, 1176)], (20, 1176)),  # patches
        ([(1, 3, 8, 12), (2, 3, 10, 6)], (3, 3, 10, 12)),  # native sizes
        ([(1, 2, 3, 8, 8), (2, 5, 3, 8, 8)], (3, 5, 3, 8, 8)),  # tiles
    ],
)
def test_images_are_concatenated(shapes: list[tuple[int, ...]], stacked: tuple[int, ...]) -> None:
    """Along the first axis, with zeros after what is shorter on another."""
    parts = [torch.ones(shape) for shape in shapes]
    found = PaddedBatch.of(NETWORK, [prompt(4), *(prompt(4, seen=part) for part in parts)])
    whole = found.inputs["seen"]
    assert tuple(whole.shape) == stacked
    assert float(whole.sum()) == sum(part.numel() for part in parts)
    first = whole[tuple(slice(side) for side in shapes[0])]
    assert torch.equal(first, parts[0])


def test_lists_of_images_are_joined_and_moved() -> None:
    """As processors give them whose pictures have different shapes."""
    lists = [[torch.zeros(3, 4)], [torch.zeros(3, 2), torch.zeros(3, 1)]]
    batch = PaddedBatch.of(NETWORK, [prompt(4, seen=each) for each in lists])
    assert [each.shape[1] for each in batch.inputs["seen"]] == [4, 2, 1]
    moved = TokenizedPrompt(prompt(4, seen=lists[1]), "", np.array([1]), {}).to(
        torch.device("cpu"), torch.bfloat16
    )
    assert {each.dtype for each in moved.inputs["seen"]} == {torch.bfloat16}
    assert moved.inputs["input_ids"].dtype == torch.long
