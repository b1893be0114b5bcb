"""The LLaVA that both of SEAL's models are built on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs
import torch
from torch import Tensor, nn

from visualcrop import errors
from visualcrop.models import ModelInfo

from .checkpoint import (
    CheckpointFolder,
    CheckpointOptions,
    load_weights,
    resolve_device,
    resolve_dtype,
    select_prefix,
)
from .language_model import LanguageModel
from .tokenizer import SealTokenizer
from .vision import ClipTower


@attrs.frozen(eq=False)
class LlavaParts:
    """Tokenizer, language model, vision tower and projector; and the checkpoint's tensors."""

    tokenizer: SealTokenizer
    language_model: LanguageModel
    vision_tower: ClipTower
    projector: nn.Module  # the tower's features -> input embeddings
    tensors: Mapping[str, Tensor]  # the whole checkpoint, with the parts that are not LLaVA's
    dtype: torch.dtype
    device: torch.device

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.language_model.num_layers, self.vision_tower.image_size)


@contextmanager
def load_llava(
    options: CheckpointOptions, published: torch.dtype, title: str
) -> Iterator[LlavaParts]:
    """
    Load the parts of the LLaVA that *options* name.

    A tensor that is missing, also in the block, becomes a `ModelError` that asks whether the
    checkpoint is *title*.
    """
    folder = CheckpointFolder.find(options.checkpoint, options.revision)
    device = resolve_device(options.device)
    dtype = resolve_dtype(options.dtype, published, device)
    tokenizer = SealTokenizer.load(folder.path)
    tensors = folder.load_tensors(lambda name: "vision_tower" not in name, dtype)
    tower = ClipTower.load(options.vision_tower, dtype)
    try:
        language_model = LanguageModel.from_checkpoint(folder.read_config(), tensors, dtype)
        projection = select_prefix(tensors, "model.mm_projector.")
        linear = nn.Linear(*projection["weight"].shape[::-1])
        projector = load_weights(linear, projection, "the image projector")
        for part in (language_model, tower, projector):
            part.to(device)
        yield LlavaParts(tokenizer, language_model, tower, projector, tensors, dtype, device)
    except KeyError as exc:
        raise errors.ModelError(
            f"{options.checkpoint!r} has no tensor {exc}; is it {title}?"
        ) from exc
