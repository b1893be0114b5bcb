"""Images of a few pixels, or far longer than wide, are seen."""

from __future__ import annotations

import pytest

from tests.support.opened import noise, opened
from visualcrop import Prompt, View

_SIZES = ((1, 1), (28, 28), (2, 1900), (1900, 2), (1, 100))


@pytest.mark.torch
@pytest.mark.parametrize("family", ["mistral3", "pixtral"])
@pytest.mark.parametrize("size", _SIZES, ids=str)
def test_any_shape_is_seen(family: str, size: tuple[int, int]) -> None:
    """Its cells lie in it, and it is answered alike alone and beside others."""
    model = opened(family, max_side=100)
    prompts = [Prompt((View.whole(noise(*each)), "Which?")) for each in (size, (28, 28), size)]
    (seen,) = model.forward(prompts[:1])
    (patches,) = seen.patches
    assert patches.grid.box == prompts[0].views[0].box
    model.forget()
    alone = [model.choose([prompt], ["Yes", "No"])[0].logits for prompt in prompts[:2]]
    model.forget()
    beside = [choice.logits for choice in model.choose(prompts, ["Yes", "No"])]
    assert beside[2] == pytest.approx(alone[0], abs=1e-4)
    assert beside[1] == pytest.approx(alone[1], abs=1e-4)
