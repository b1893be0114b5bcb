"""How the next token hangs on pixels is what an ordinary backward pass says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.opened import GRIDDED, about, interleaved, noise, opened
from tests.support.refusals import refused
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.processors import load_processor
from tests.support.tiny.sizes import WHOLE_LAST
from visualcrop import Box, Capture, Prompt, View
from visualcrop.errors import ModelError
from visualcrop.models.engine.pixels import pixel_gradients
from visualcrop.models.layouts.layout import (
    PatchGrid,
    cropped_layout,
    padded_layout,
    squashed_layout,
)

pytestmark = pytest.mark.torch

PIXELS = Capture(pixels=True)
WIDE = Box(0, 0, 300, 200)
SEEN = {"llava": Box(0, -50, 300, 250)}  # what the picture of the whole shows: all, mostly


@pytest.mark.parametrize("family", GRIDDED)
class TestSlopes:
    def test_are_a_plain_passs(self, family: str) -> None:
        """Length over RGB of the gradient of the choose_greedily token's log-probability."""
        (seen,) = opened(family).forward([about("mug")], PIXELS)
        assert seen.pixel_gradients is not None

        wanted = _plain(family, about("mug"))
        if wanted.dim() < 4 or family == "minicpm-v":  # patches, not pictures
            assert float(seen.pixel_gradients.norms.square().sum()) > 0
        else:
            pictures = wanted.flatten(0, -4).norm(dim=1)
            whole = -1 if family in WHOLE_LAST else 0
            torch.testing.assert_close(
                seen.pixel_gradients.norms, pictures[whole], atol=1e-6, rtol=1e-3
            )
            assert float(pictures[whole].max()) > 0

    def test_lie_where_the_encoder_looked(self, family: str) -> None:
        """On the whole view, or on the square that it was padded to."""
        (seen,) = opened(family).forward([about("mug")], PIXELS)

        assert seen.pixel_gradients is not None
        assert seen.pixel_gradients.box == SEEN.get(family, WIDE)
        assert seen.patches[0].grid.box == WIDE

    def test_of_a_part_lie_on_the_part(self, family: str) -> None:
        """In pixels of the original image."""
        part = View(noise(), Box(100, 60, 220, 180))
        (seen,) = opened(family).forward([Prompt((part, "What is it?"))], PIXELS)

        assert seen.pixel_gradients is not None
        assert seen.pixel_gradients.box == part.box

    def test_cost_a_pass_and_one_backwards(self, family: str) -> None:
        """The second stands on a line of its own."""
        model = opened(family)
        before = model.passes
        (seen,) = model.forward([about("mug")], PIXELS)
        (plain,) = model.forward([about("mug")])

        assert model.passes - before == 2
        assert (seen.usage.backward, plain.usage.backward) == (1, 0)
        assert seen.usage.flops > 1.5 * model.forward([Prompt(about("mug").parts)])[0].usage.flops

    def test_of_two_views_are_refused(self, family: str) -> None:
        """There is one picture of the whole at a time."""
        said = refused(ModelError, opened(family).forward, [interleaved()], PIXELS)

        assert (
            said == "Such a map is made of one image at a time, not 2; show the views one by one."
        )


@pytest.mark.parametrize(
    ("family", "size", "frames"),
    [("qwen2-5-vl", (224, 112), 2), ("qwen3-vl", (256, 128), 2), ("gemma4", (240, 168), 1)],
)
def test_patches_are_put_back_in_their_places(
    family: str, size: tuple[int, int], frames: int
) -> None:
    """Where each number of a picture is weighed by itself, its slope is its own length."""
    model, view = opened(family), View.whole(noise(*size))
    processor = load_processor(family, checkpoint(family)).image_processor
    made = dict(processor(images=view.picture, return_tensors="pt"))
    mean, deviation = (torch.tensor(n) for n in (processor.image_mean, processor.image_std))
    wanted = ((torch.tensor(view.image.pixels) / 255 - mean) / deviation).norm(dim=2)

    def read(inputs: Any) -> Tensor:
        total = (inputs["pixel_values"] * made["pixel_values"]).sum()
        nothing = total - total.detach()
        return torch.stack([nothing, torch.tensor(-1.0)])[None]

    found = pixel_gradients(model.network, made, read, view, model.layout(view, 1)).norms

    share = frames * torch.tensor(-1.0).sigmoid()  # of the likelihood
    torch.testing.assert_close(found, share * wanted, atol=1e-4, rtol=1e-4)


def test_layouts_say_what_the_picture_of_the_whole_shows() -> None:
    """Padding lies outside the image, a crop inside, and squashed means all."""
    eye = PatchGrid(84, 14)

    assert padded_layout((300, 200), eye).encoded_box == Box(0, -50, 300, 250)
    assert cropped_layout((300, 200), eye).encoded_box == Box(50, 0, 250, 200)
    assert squashed_layout((300, 200), eye).encoded_box is None


def _plain(family: str, prompt: Prompt) -> Tensor:
    """The gradient by transformers alone."""
    model = opened(family)
    inputs = dict(model.prompt_processor.tokenize(prompt).inputs)
    inputs["pixel_values"] = inputs["pixel_values"].clone().requires_grad_()
    with torch.enable_grad():
        logits = model.network(**inputs, use_cache=False).logits[0, -1]
        likelihood = logits.log_softmax(-1).max()
        gradient: Tensor = torch.autograd.grad(likelihood, inputs["pixel_values"])[0]
    return gradient
