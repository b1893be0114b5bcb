"""With `tile_all`, OneVision sees each of several images as if it were the only one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.support.opened import about, interleaved, opened
from visualcrop import Prompt
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = pytest.mark.torch


def _opened() -> HuggingFaceModel:
    return opened("llava-onevision", tile_all="true")


def _alone() -> list[Prompt]:
    """One prompt for each view of `interleaved`."""
    return [Prompt((view, "What is it?")) for view in interleaved().views]


@torch.no_grad()
def _features(model: HuggingFaceModel, prompt: Prompt) -> Tensor:
    """What the words are told of the prompt's images: tokens x width."""
    inputs = model.prompt_processor.tokenize(prompt).inputs
    names = ("pixel_values", "image_sizes", "batch_num_images")
    network = model.network.model
    told = network.get_image_features(**{name: inputs[name] for name in names}, return_dict=True)
    return torch.cat(list(told.pooler_output))


def test_cells_are_those_of_each_alone() -> None:
    """Grids are of local tiles, and no two views share a token."""
    (seen,) = _opened().forward([interleaved()])
    alone = [reading.patches[0] for reading in _opened().forward(_alone())]
    tokens = [token for patches in seen.patches for token in patches.tokens.ravel().tolist()]

    assert [patches.grid for patches in seen.patches] == [patches.grid for patches in alone]
    assert all(patches.local for patches in seen.patches)
    assert len(set(tokens)) == len(tokens)


def test_features_are_those_of_each_alone() -> None:
    """The words are told of two images what they are told of one, then of the other."""
    model = _opened()
    both = _features(model, interleaved())

    torch.testing.assert_close(both, torch.cat([_features(model, one) for one in _alone()]))


def test_without_it_each_is_one_view() -> None:
    """As transformers has it, only an image on its own is cut into tiles."""
    (seen,) = opened("llava-onevision").forward([interleaved()])

    assert not any(patches.local for patches in seen.patches)


def test_together_as_alone() -> None:
    """Prompts of one image and of two, read in one batch, are answered as one by one."""
    prompts = [about("mug"), interleaved(), *_alone()]
    together = opened("llava-onevision", tile_all="true", memory=0).choose(prompts, ("Yes", "No"))

    for prompt, choice in zip(prompts, together, strict=True):
        (one,) = _opened().choose([prompt], ("Yes", "No"))
        assert choice.logits == pytest.approx(one.logits, abs=1e-4)
