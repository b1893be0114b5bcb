"""OWL-ViT without its words: features of a picture, and the boxes that a query finds in them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import torch
from PIL.Image import Image as Picture
from torch import Tensor, nn
from transformers import OwlViTConfig, OwlViTVisionConfig, OwlViTVisionModel
from transformers.models.owlvit.modeling_owlvit import (
    OwlViTBoxPredictionHead,
    OwlViTClassPredictionHead,
)

from .fitting import fitted, pretrained, under
from .seeing import pixels

_HEAD = 64  # width of an attention head
_TINY = 1e-4


class Owl(nn.Module):
    """The eye of the search model. Modules bear the checkpoint's names."""

    def __init__(self, vision: OwlViTVisionModel, query: int) -> None:
        super().__init__()
        config: Any = OwlViTConfig(
            vision_config=vision.config.to_dict(), text_config={"hidden_size": query}
        )
        width = vision.config.hidden_size
        self.class_head = OwlViTClassPredictionHead(config)
        self.box_head = OwlViTBoxPredictionHead(config)
        self.layer_norm = nn.LayerNorm(width, eps=vision.config.layer_norm_eps)
        self.eye = [vision]  # in a list, so that its weights are not asked for again

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> Owl:
        """As large as the checkpoint's tensors are; heads are 64 wide, as in every OWL-ViT."""
        size = {name: tensor.shape for name, tensor in tensors.items()}
        width, _, patch, _ = size["vision_model.embeddings.patch_embedding.weight"]
        places = size["vision_model.embeddings.position_embedding.weight"][0] - 1
        layer = "vision_model.encoder.layers.{}.mlp.fc1.weight"
        config = OwlViTVisionConfig(
            hidden_size=width,
            intermediate_size=size[layer.format(0)][0],
            num_hidden_layers=next(n for n in count() if layer.format(n) not in size),
            num_attention_heads=max(1, width // _HEAD),
            image_size=patch * round(places**0.5),
            patch_size=patch,
        )
        vision = pretrained(
            OwlViTVisionModel, config, under_vision(tensors), dtype, "the search model's eye"
        )
        made = cls(vision, size["class_head.dense0.weight"][0])
        return fitted(made, tensors, "the search model's heads")

    def to(self, *args: Any, **options: Any) -> Owl:
        self.eye[0].to(*args, **options)
        super().to(*args, **options)
        return self

    def features(self, picture: Picture) -> Tensor:
        """Rows x columns x width: each patch as the class token weighs it."""
        vision: Any = self.eye[0]
        seen = pixels(picture, vision.config.image_size).to(vision.device, vision.dtype)
        tokens: Tensor = vision.vision_model.post_layernorm(vision(seen).last_hidden_state)[0]
        patches: Tensor = self.layer_norm(tokens[1:] * tokens[:1])
        side = round(len(patches) ** 0.5)
        grid: Tensor = patches.reshape(side, side, -1)
        return grid

    def boxes(self, features: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """Centre and size of each candidate, in parts of the picture, and its score from 0 to 1."""
        patches = features.flatten(0, 1)
        logits, _ = self.class_head(patches[None], query[None, None], None)
        boxes = (self.box_head(patches) + bias(len(features)).to(patches)).sigmoid()
        return boxes.float(), logits[0, :, 0].float().sigmoid()


def under_vision(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the vision encoder alone, by their whole names."""
    name = "vision_model."
    return {name + rest: tensor for rest, tensor in under(tensors, name).items()}


def bias(side: int) -> Tensor:
    """Where each patch's box lies before anything is learned: on the patch, and as large."""
    places = torch.arange(1, side + 1) / side
    down, across = torch.meshgrid(places, places, indexing="ij")
    size = torch.full((side, side), 1 / side)
    boxes = torch.stack([across, down, size, size], -1).flatten(0, 1)
    return torch.log(boxes + _TINY) - torch.log1p(-boxes + _TINY)
