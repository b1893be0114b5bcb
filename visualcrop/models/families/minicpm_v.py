"""MiniCPM-V: the whole image, then slices of it, each in a shape of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout
from ..layouts.tiling import grid_tiles_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_MARKS = ("image_start", "image_end", "slice_start", "slice_end", "image_id_start", "image_id_end")


@attrs.frozen
class MiniCpmV(Family):
    """
    MiniCPM-V 4.6 and 4.7: the whole image in about 64 tokens, then up to nine slices of as many.

    Such as openbmb/MiniCPM-V-4.6 and openbmb/MiniCPM-V-4.7-1B. Their decoder is Qwen3.5's. Earlier
    ones are code of their own, which is not run here.
    """

    name = "minicpm-v"
    model_types = ("minicpmv4_6", "minicpmv4_7")
    oldest_transformers = "5.21"  # older ones want torchvision, or run it otherwise

    max_tiles: int | None = option(
        None, help="most slices of one image, besides the whole; 1: none", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        from .pil_processors import MiniCpmVImageProcessorPil

        pixels = parts.image_processor(MiniCpmVImageProcessorPil)
        tokenizer = parts.tokenizer()
        pixels.max_slice_nums = self.max_tiles or pixels.max_slice_nums
        pixels.downsample_mode = config.downsample_mode
        return images_only(config)(pixels, tokenizer, tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels, size = processor.image_processor, view.size
        canvas, whole, sliced = pixels.plan(size)
        factor = pixels.patch_size * (2 if pixels.downsample_mode == "4x" else 4)
        of_whole = whole[0] // factor, whole[1] // factor
        tile = tuple(side // factor // max(1, n) for side, n in zip(sliced, canvas, strict=True))
        layout = grid_tiles_layout(size, canvas, (tile[0], tile[1]), whole=of_whole, first=True)
        return attrs.evolve(layout, shown=sliced if any(canvas) else whole)

    def base(self, config: PretrainedConfig) -> int:
        return int(config.image_size)

    def closing_tokens(self, config: PretrainedConfig, processor: Any) -> frozenset[int]:
        """The ends of images and slices, which 4.7 places in two dimensions, as the image."""
        ends = (processor.image_end_token, processor.slice_end_token)
        return frozenset(processor.tokenizer.convert_tokens_to_ids(ends))

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "llava-onevision"},
        }

    def adapt_network(self, network: PreTrainedModel) -> None:
        join_patches(network)


def images_only(config: PretrainedConfig) -> Any:
    """The processor without its video processor, which needs torchvision."""
    from transformers import ProcessorMixin

    from .native_grids import find_processor_class

    class ImagesOnly(find_processor_class(config)):  # type: ignore[misc]
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
        ) -> None:
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)
            self.slice_mode = image_processor.slice_mode
            self.default_use_image_id = image_processor.use_image_id
            self.image_token_divisor = 4 if image_processor.downsample_mode == "4x" else 16
            self.image_token, self.image_token_id = tokenizer.image_token, tokenizer.image_token_id
            self.video_token, self.video_token_id = tokenizer.video_token, tokenizer.video_token_id
            for name in (f"{mark}_token" for mark in _MARKS):
                setattr(self, name, getattr(tokenizer, name))

    return ImagesOnly


def join_patches(network: Any) -> None:
    """
    Let *network* take patches x channels x rows x columns, which can be of several prompts.

    It takes them side by side in one strip, and drops what is not in the first.
    """

    def join(module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
        return tuple(map(_join, args)), {
            name: _join(value) if name == "pixel_values" else value for name, value in named.items()
        }

    for module in (network.model, network.model.vision_tower):  # generate() calls the latter alone
        module.register_forward_pre_hook(join, with_kwargs=True)


def _join(pixels: Any) -> Any:
    """Square patches, P x C x S x S, in one strip, 1 x C x S x (P * S); anything else as it is."""
    if getattr(pixels, "ndim", 0) != 4 or pixels.shape[2] != pixels.shape[3]:
        return pixels
    return pixels.permute(1, 2, 0, 3).flatten(2)[None]
