"""Image encoders: CLIP and OWL-ViT, their preprocessing, and the Perceiver that pools objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import PIL.Image
import torch
from torch import Tensor, nn
from transformers import CLIPVisionModel, OwlViTConfig, OwlViTVisionConfig, OwlViTVisionModel
from transformers.models.owlvit.modeling_owlvit import (
    OwlViTBoxPredictionHead,
    OwlViTClassPredictionHead,
)
from transformers.utils.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from .checkpoint import (
    count_layers,
    explain_load_errors,
    load_pretrained,
    load_weights,
)

_PADDING_COLOUR = tuple(int(255 * mean) for mean in OPENAI_CLIP_MEAN)
_OWL_HEAD_WIDTH = 64  # in every OWL-ViT
_BOX_EPSILON = 1e-4
PERCEIVER_HEAD_WIDTH = 96


def pad_to_square(picture: PIL.Image.Image, *, centred: bool) -> PIL.Image.Image:
    """*picture* on a square of CLIP's mean colour: in the middle, or at the top left."""
    side = max(picture.size)
    square = PIL.Image.new("RGB", (side, side), _PADDING_COLOUR)
    margins = (side - picture.width, side - picture.height)
    square.paste(picture, (margins[0] // 2, margins[1] // 2) if centred else (0, 0))
    return square


def to_pixel_values(picture: PIL.Image.Image, side: int) -> Tensor:
    """Stretch to a square and normalise as for CLIP: 1 x 3 x side x side."""
    resized = picture.resize((side, side), PIL.Image.Resampling.BICUBIC)
    values = torch.from_numpy(np.asarray(resized, np.float32).copy()) / 255
    values = (values - torch.tensor(OPENAI_CLIP_MEAN)) / torch.tensor(OPENAI_CLIP_STD)
    return values.permute(2, 0, 1)[None]


@attrs.frozen(eq=False)
class ClipTower:
    """LLaVA's vision tower, a checkpoint of its own: CLIP's image encoder."""

    network: CLIPVisionModel

    @classmethod
    def load(cls, checkpoint: str, dtype: torch.dtype) -> ClipTower:
        """From a folder, or from the repository of that name on the hub."""
        with explain_load_errors(checkpoint):
            network = CLIPVisionModel.from_pretrained(
                checkpoint, dtype=dtype, trust_remote_code=False, use_safetensors=True
            )
        return cls(network.requires_grad_(False).eval())

    @property
    def image_size(self) -> int:
        """Side of its input, in pixels."""
        config: Any = self.network.config
        side: int = config.image_size
        return side

    def to(self, device: torch.device) -> None:
        """Move the weights to *device*."""
        network: nn.Module = self.network
        network.to(device)

    def encode(self, picture: PIL.Image.Image) -> Tensor:
        """Features of the last layer but one, patches x width, without the class token."""
        network = self.network
        pixels = to_pixel_values(picture, self.image_size).to(network.device, network.dtype)
        out = network(pixels, output_hidden_states=True)
        features: Tensor = out.hidden_states[-2][0, 1:]
        return features


class OwlDetector(nn.Module):
    """OWL-ViT's image encoder and heads, queried by an embedding that need not come from text."""

    def __init__(self, vision: OwlViTVisionModel, query_width: int) -> None:
        super().__init__()
        config: Any = OwlViTConfig(
            vision_config=vision.config.to_dict(), text_config={"hidden_size": query_width}
        )
        width = vision.config.hidden_size
        self.class_head = OwlViTClassPredictionHead(config)
        self.box_head = OwlViTBoxPredictionHead(config)
        self.layer_norm = nn.LayerNorm(width, eps=vision.config.layer_norm_eps)
        self.vision = [vision]  # in a list, so that `load_weights` does not look for its parameters

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> OwlDetector:
        """Load the detector, with sizes from the tensors' shapes."""
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
        patches = shapes["vision_model.embeddings.position_embedding.weight"][0] - 1
        mlp = "vision_model.encoder.layers.{}.mlp.fc1.weight"
        config = OwlViTVisionConfig(
            hidden_size=width,
            intermediate_size=shapes[mlp.format(0)][0],
            num_hidden_layers=count_layers(tensors, mlp),
            num_attention_heads=max(1, width // _OWL_HEAD_WIDTH),
            image_size=patch * round(patches**0.5),
            patch_size=patch,
        )
        encoder = {n: t for n, t in tensors.items() if n.startswith("vision_model.")}
        part = "the search model's image encoder"
        vision = load_pretrained(OwlViTVisionModel, config, encoder, dtype, part)
        detector = cls(vision, shapes["class_head.dense0.weight"][0])
        return load_weights(detector, tensors, "the search model's detection heads")

    def encode(self, picture: PIL.Image.Image) -> Tensor:
        """Features, rows x columns x width: OWL-ViT's patches, each times the class token."""
        vision: Any = self.vision[0]
        pixels = to_pixel_values(picture, vision.config.image_size)
        out = vision(pixels.to(vision.device, vision.dtype))
        tokens: Tensor = vision.vision_model.post_layernorm(out.last_hidden_state)[0]
        patches: Tensor = self.layer_norm(tokens[1:] * tokens[:1])
        side = round(len(patches) ** 0.5)
        features: Tensor = patches.reshape(side, side, -1)
        return features

    def detect(self, features: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """
        A box and a score for each patch.

        Boxes are patches x 4: centre x, centre y, width, height, relative to the picture. Scores
        are from 0 to 1.
        """
        patches = features.flatten(0, 1)
        logits, _ = self.class_head(patches[None], query[None, None], None)
        boxes = (self.box_head(patches) + box_bias(len(features)).to(patches)).sigmoid()
        return boxes.float(), logits[0, :, 0].float().sigmoid()


def box_bias(side: int) -> Tensor:
    """Logits of each patch's prior box: its width and height, centred where the patch ends."""
    ends = torch.arange(1, side + 1) / side
    y, x = torch.meshgrid(ends, ends, indexing="ij")
    size = torch.full((side, side), 1 / side)
    boxes = torch.stack([x, y, size, size], -1).flatten(0, 1)
    return torch.log(boxes + _BOX_EPSILON) - torch.log1p(-boxes + _BOX_EPSILON)


class PerceiverAttention(nn.Module):
    """
    Latents attend to the features and to themselves.

    The meter counts the FLOPs of its projections, but not of its attention products, which it
    finds by names that the checkpoint does not have. They are 0.2 % of the vision tower's.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm_media, self.norm_latents = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_kv = nn.Linear(width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, width, bias=False)

    def forward(self, features: Tensor, latents: Tensor) -> Tensor:
        """Patches x width and latents x width -> latents x width."""
        features, latents = self.norm_media(features), self.norm_latents(latents)
        keys, values = self.to_kv(torch.cat([features, latents])).chunk(2, dim=-1)
        queries, keys, values = map(_split_heads, (self.to_q(latents), keys, values))
        mixed = nn.functional.scaled_dot_product_attention(queries, keys, values)
        out: Tensor = self.to_out(mixed[0].transpose(0, 1).flatten(1))
        return out


def _split_heads(x: Tensor) -> Tensor:
    """Tokens x width -> 1 x heads x tokens x head width."""
    heads: Tensor = x.unflatten(-1, (-1, PERCEIVER_HEAD_WIDTH))
    return heads.transpose(0, 1)[None]


class PerceiverResampler(nn.Module):
    """
    Flamingo's resampler: any number of patches -> a fixed number of latents.

    Parameters have the checkpoint's names. Idefics', in transformers, has ReLU where this has GELU.
    """

    def __init__(self, latents: int, width: int, inner: int, mlp: int, depth: int) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(latents, width))
        self.media_pos_emb = nn.Parameter(torch.zeros(1, 1, width))
        self.layers = nn.ModuleList(
            nn.ModuleList([PerceiverAttention(width, inner), _feed_forward(width, mlp)])
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, features: Tensor) -> Tensor:
        """Patches x width -> latents x width."""
        features, latents = features + self.media_pos_emb[0], self.latents
        for layer in self.layers:
            attention, feed_forward = layer.children()
            latents = latents + attention(features, latents)
            latents = latents + feed_forward(latents)
        out: Tensor = self.norm(latents)
        return out


def load_object_projector(tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """Load the network from CLIP's features of an object to a few input embeddings."""
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    inner, width = shapes["1.layers.0.0.to_q.weight"]
    resampler = PerceiverResampler(
        latents=shapes["1.latents"][0],
        width=width,
        inner=inner,
        mlp=shapes["1.layers.0.1.1.weight"][0],
        depth=count_layers(tensors, "1.layers.{}.0.to_q.weight"),
    )
    projector = nn.Sequential(
        nn.LayerNorm(width), resampler, nn.Linear(width, shapes["2.weight"][0])
    )
    return load_weights(projector, tensors, "the object projector")


def _feed_forward(width: int, inner: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, inner, bias=False),
        nn.GELU(),
        nn.Linear(inner, width, bias=False),
    )
