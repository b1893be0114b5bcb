"""The SAM mask decoder of transformers, with V*'s upsampling and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import SamMaskDecoderConfig, SamVisionConfig
from transformers.models.sam.modeling_sam import SamMaskDecoder, SamPositionalEmbedding

from .checkpoint import count_layers, load_weights, select_prefix

_RENAMED = {  # parameters of segment-anything -> of transformers
    r"\.norm(\d)\.": r".layer_norm\1.",
    r"\.norm_final_attn\.": ".layer_norm_final_attn.",
    r"output_upscaling\.0\.": "upscale_conv1.",
    r"output_upscaling\.1\.": "upscale_layer_norm.",
    r"output_upscaling\.3\.": "upscale_conv2.",
    r"(_mlps\.\d+)\.layers\.0\.": r"\1.proj_in.",
    r"(_mlps\.\d+)\.layers\.1\.": r"\1.layers.0.",
    r"(_mlps\.\d+)\.layers\.2\.": r"\1.proj_out.",
}


class UpsampleConv(nn.Module):
    """Bilinear upsampling by 2, then a 3 x 3 convolution, where SAM transposes a convolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """B x channels x rows x columns -> the same with twice as many rows and columns."""
        large = nn.functional.interpolate(x.float(), scale_factor=2, mode="bilinear")
        out: Tensor = self.conv(large.to(x.dtype))
        return out


class MaskDecoder(SamMaskDecoder):
    """Image features and a query -> the logits of one mask. Its quality is not predicted."""

    def __init__(self, config: Any, mask_tokens: int) -> None:
        super().__init__(config)
        width = config.hidden_size
        # SAM's other mask tokens take part in attention, too, but no mask is made of them.
        self.mask_tokens = nn.Embedding(mask_tokens, width)
        replaced: dict[str, nn.Module] = {
            "upscale_conv1": UpsampleConv(width, width // 4),
            "upscale_conv2": UpsampleConv(width // 4, width // 8),
            "iou_prediction_head": nn.Identity(),
        }
        for name, module in replaced.items():
            setattr(self, name, module)

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor]) -> MaskDecoder:
        """Load the decoder, with sizes from the tensors' shapes."""
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        mlp = "transformer.layers.{}.mlp.lin1.weight"
        inner, width = shapes[mlp.format(0)]
        attention = shapes["transformer.final_attn_token_to_image.q_proj.weight"][0]
        configure: Any = SamMaskDecoderConfig  # its signature does not list all that it takes
        config = configure(
            hidden_size=width,
            mlp_dim=inner,
            num_hidden_layers=count_layers(tensors, mlp),
            attention_downsample_rate=width // attention,
            num_multimask_outputs=0,
            layer_norm_eps=1e-5,  # segment-anything's; transformers' default is 1e-6
            attn_implementation="sdpa",
        )
        decoder = cls(config, shapes["mask_tokens.weight"][0])
        return load_weights(decoder, rename_parameters(tensors), "the mask decoder")


def rename_parameters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by transformers' names, from segment-anything's, which V* uses."""
    renamed = {}
    for name, tensor in tensors.items():
        for old, new in _RENAMED.items():
            name = re.sub(old, new, name)  # noqa: PLW2901 - one after the other
        renamed[name] = tensor
    return renamed


class MaskPredictor(nn.Module):
    """SAM's mask decoder, and its prompt encoder for prompts without points and masks."""

    def __init__(self, decoder: MaskDecoder, no_mask: Tensor, frequencies: Tensor) -> None:
        super().__init__()
        self.decoder = decoder
        self.no_mask = nn.Parameter(no_mask, requires_grad=False)  # width
        config = SamVisionConfig(num_pos_feats=frequencies.shape[1])
        self.positions = SamPositionalEmbedding(config)
        self.positions.positional_embedding = nn.Parameter(frequencies.float(), requires_grad=False)

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor]) -> MaskPredictor:
        """From the tensors of a checkpoint, all of which start with `model.`."""
        prompt_encoder = select_prefix(tensors, "model.prompt_encoder.")
        return cls(
            MaskDecoder.from_checkpoint(select_prefix(tensors, "model.mask_decoder.")),
            prompt_encoder["no_mask_embed.weight"][0],
            prompt_encoder["pe_layer.positional_encoding_gaussian_matrix"],
        )

    def forward(self, features: Tensor, query: Tensor) -> Tensor:
        """
        Logits of the mask that *query* (width) asks for, over a square grid.

        *features* are rows x columns x width; the mask has four times as many rows and columns.
        """
        positions = self.encode_positions(len(features)).to(features)
        masks, _ = self.decoder(
            image_embeddings=features.movedim(-1, 0)[None],
            image_positional_embeddings=positions.movedim(-1, 0)[None],
            sparse_prompt_embeddings=query[None, None, None],
            dense_prompt_embeddings=self.no_mask[None, :, None, None],
            multimask_output=False,
        )
        mask: Tensor = masks[0, 0, 0]
        return mask

    def encode_positions(self, side: int) -> Tensor:
        """Fourier features of the centres of side x side cells: rows x columns x width."""
        centres = (torch.arange(side, device=self.no_mask.device) + 0.5) / side
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        encoded: Tensor = self.positions(torch.stack([x, y], -1))
        return encoded
