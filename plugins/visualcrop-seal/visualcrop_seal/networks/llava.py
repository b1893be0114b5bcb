"""What V*'s two models have in common: a LLaVA, with weights of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import torch
from torch import Tensor, nn

from visualcrop import errors
from visualcrop.models import ModelInfo

from .decoder import Decoder
from .files import Files
from .fitting import fitted, under
from .opening import numbers, place
from .seeing import Tower
from .words import Words

if TYPE_CHECKING:
    from ..recipe import Recipe


@attrs.frozen(eq=False)
class Llava:
    """Its parts, where they run, and the tensors of whatever else the checkpoint has."""

    words: Words
    decoder: Decoder
    tower: Tower
    projector: nn.Module
    tensors: Mapping[str, Tensor]
    dtype: torch.dtype
    device: torch.device

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.decoder.layers, self.tower.side)


@contextmanager
def opened(recipe: Recipe, published: torch.dtype, called: str) -> Iterator[Llava]:
    """Load it. Within, too, a tensor that is not there is explained by what should have it."""
    files, device = Files.at(recipe.checkpoint, recipe.revision), place(recipe.device)
    dtype = numbers(recipe.dtype, published, device)
    words = Words.of(files.folder)
    tensors = files.tensors(lambda name: "vision_tower" not in name, dtype)
    tower = Tower.at(recipe.vision_tower, dtype)
    try:
        decoder = Decoder.of(files.config(), tensors, dtype)
        projection = under(tensors, "model.mm_projector.")
        empty = nn.Linear(*projection["weight"].shape[::-1])
        projector = fitted(empty, projection, "the image projector")
        for part in (decoder, tower, projector):
            part.to(device)
        yield Llava(words, decoder, tower, projector, tensors, dtype, device)
    except KeyError as exc:
        raise errors.ModelError(
            f"{recipe.checkpoint!r} has no tensor {exc}; is it {called}?"
        ) from exc
