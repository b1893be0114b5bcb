"""Llama 4: tiles of the image on a padded canvas, then the whole image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid
from ..layouts.tiling import get_padded_canvas, pasted_tiles_layout
from .base import Family

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel


@attrs.frozen
class Llama4(Family):
    """
    Llama 4: tiles of 336 pixels, 12 x 12 tokens each, then the whole image.

    Such as meta-llama/Llama-4-Scout-17B-16E-Instruct and -Maverick-17B-128E-Instruct.
    """

    name = "llama4"
    model_types = ("llama4",)

    max_tiles: int | None = option(
        None, help="most tiles of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        import transformers

        from .pil_processors import Llama4ImageProcessorPil

        pixels = parts.image_processor(Llama4ImageProcessorPil)
        tokenizer, seen = parts.tokenizer(), config.vision_config
        pixels.max_patches = self.max_tiles or pixels.max_patches
        return transformers.Llama4Processor(
            pixels,
            tokenizer,
            patch_size=seen.patch_size,
            pixel_shuffle_ratio=seen.pixel_shuffle_ratio,
            chat_template=tokenizer.chat_template,
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, seen, size = processor.image_processor, config.vision_config, view.size
        side, most, enlarge = (
            pixels.size["height"],
            pixels.max_patches,
            pixels.resize_to_max_canvas,
        )
        canvas, pasted = get_padded_canvas(size, side=side, max_tiles=most, enlarge=enlarge)
        patches = PatchGrid(side, round(seen.patch_size / seen.pixel_shuffle_ratio))
        return pasted_tiles_layout(size, patches, canvas, pasted)

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "internvl"},
        }

    def adapt_network(self, network: PreTrainedModel) -> None:
        scale_by_position(network)
        add_image_outputs(network)


def add_image_outputs(network: Any) -> None:
    """
    Let the language model's output have `image_outputs`, which `forward` asks it for.

    transformers 5.24.0 ends each pass with an `AttributeError` without.
    """

    def add(language_model: Any, args: Any, out: Any) -> None:
        if not hasattr(out, "image_outputs"):
            out.image_outputs = None

    network.language_model.register_forward_hook(add)


def scale_by_position(network: Any) -> None:
    """
    Scale queries of layers without rotation by their positions, not by their places in the cache.

    Beyond 8192 tokens these layers attend at another temperature. transformers 5.23 counts tokens
    in the row, in which prompts that share an image come one after the other.
    """
    seen: dict[str, Tensor] = {}

    def keep_positions(layer: Any, args: Any, named: dict[str, Any]) -> None:
        seen["positions"] = named["position_ids"]

    from ..engine.decoder import get_decoder

    for layer in get_decoder(network).layers:
        attention = layer.self_attn
        if attention.use_rope or not attention.attn_temperature_tuning:
            continue
        attention.attn_temperature_tuning = False
        floor, factor = attention.floor_scale, attention.attn_scale

        def scale(
            matrix: Any, args: Any, out: Tensor, floor: int = floor, by: float = factor
        ) -> Any:
            steps = ((seen["positions"].float() + 1) / floor).floor()
            return (out * (steps.log1p() * by + 1)[..., None].to(out.device)).to(out.dtype)

        layer.register_forward_pre_hook(keep_positions, with_kwargs=True)
        attention.q_proj.register_forward_hook(scale)
