"""Molmo2: the whole image, then crops of it that overlap, joined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout
from ..layouts.tiling import pooled_canvas_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

_MARKS = (  # that the network takes for parts of an image
    *("im_patch", "im_col", "im_start", "low_res_im_start", "im_end", "im_low"),
    *("frame_start", "frame_end"),
)
_WRITTEN = ("image_use_col_tokens", "use_single_crop_col_tokens", "use_single_crop_start_token")


@attrs.frozen
class Molmo2(Family):
    """
    Molmo2: the whole image in 14 x 14 tokens, then a canvas of up to 8 crops of 378 pixels.

    Such as allenai/Molmo2-8B and allenai/Molmo2-4B. Tokens of all images attend to one another.
    """

    name = "molmo2"
    model_types = ("molmo2",)
    oldest_transformers = "5.23"  # older ones were not tried

    max_tiles: int | None = option(
        None, help="most crops of one image, besides the whole", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        from .pil_processors import Molmo2ImageProcessorPil

        pixels, tokenizer = parts.image_processor(Molmo2ImageProcessorPil), parts.tokenizer()
        pixels.max_crops = self.max_tiles or pixels.max_crops
        # A checkpoint without the file is as most published ones.
        stored = parts.settings() or {"use_single_crop_col_tokens": False}
        written = {name: stored[name] for name in _WRITTEN if name in stored}
        return images_only()(pixels, tokenizer, tokenizer.chat_template, **written)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels = processor.image_processor
        height, width = pixels.pooling_size
        canvas = pixels.plan(view.size)[1]
        per_side = pixels.size["height"] // pixels.patch_size
        whole = -(-per_side // width) * -(-per_side // height)
        layout = pooled_canvas_layout(view.size, canvas, (width, height), before=whole)
        shown = canvas[0] * pixels.patch_size, canvas[1] * pixels.patch_size
        return attrs.evolve(layout, shown=shown)

    def is_causal(self, config: PretrainedConfig) -> bool:
        return False

    def closing_tokens(self, config: PretrainedConfig, processor: Any) -> frozenset[int]:
        """The ends of rows and images, to which the tokens of images attend."""
        return frozenset(processor.tokenizer.convert_tokens_to_ids(["<im_col>", "<im_end>"]))

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {
            "focus": {"answer": "interleaved", "t_type2": 0.5},
            "zoomeye": {"family": "llava-onevision"},
        }

    def adapt_network(self, network: PreTrainedModel) -> None:
        place_pooling(network)


def images_only() -> Any:
    """The processor without its video processor, which needs torchvision."""
    from transformers import Molmo2Processor, ProcessorMixin

    class ImagesOnly(Molmo2Processor):
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
            *,
            image_use_col_tokens: bool = True,
            use_single_crop_col_tokens: bool | None = None,
            use_single_crop_start_token: bool = True,
        ) -> None:
            ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)
            self.image_use_col_tokens = image_use_col_tokens
            self.use_single_crop_col_tokens = use_single_crop_col_tokens
            self.use_single_crop_start_token = use_single_crop_start_token
            self.image_token = getattr(tokenizer, "image_token", "<|image|>")
            self.video_token = getattr(tokenizer, "video_token", "<|video|>")
            tokens = tokenizer.convert_tokens_to_ids
            self.image_token_id, self.video_token_id = tokens([self.image_token, self.video_token])
            self.image_token_ids = tokens([f"<{mark}>" for mark in _MARKS])
            for mark in _MARKS:  # where text is searched for placeholders
                setattr(self, f"{mark}_token", f"<{mark}>")

        def apply_chat_template(self, *given: Any, **options: Any) -> Any:
            """With the BOS token, which `__call__` adds, so that places in the text are right."""
            text = super().apply_chat_template(*given, **options)
            bos = self.tokenizer.bos_token or self.tokenizer.eos_token
            return text if not isinstance(text, str) or text.startswith(bos) else bos + text

    return ImagesOnly


def place_pooling(network: Any) -> None:
    """
    Let *network* take images of several prompts, each of which counts its patches from 0.

    Its `image_token_pooling` has the indices of patches among those of all images.
    """

    def place(module: Any, args: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if named.get("image_token_pooling") is None:
            return args, named
        names = ("image_token_pooling", "image_grids", "image_num_crops")
        pooling, grids, crops = (named[name] for name in names)
        per_crop = named["pixel_values"].shape[-2]
        return args, {**named, names[0]: _count_on(pooling, grids, crops * per_crop)}

    network.model.register_forward_pre_hook(place, with_kwargs=True)


def _count_on(pooling: Any, grids: Any, patches: Any) -> Any:
    """Indices of patches, tokens x pooled, -1 for none, counted on from one image to the next."""
    import torch

    tokens = grids[:, 0] * grids[:, 1] + grids[:, 2] * grids[:, 3]
    image = torch.repeat_interleave(tokens, output_size=len(pooling))  # of each token
    first = pooling.masked_fill(pooling < 0, torch.iinfo(pooling.dtype).max).amin(-1)
    least = first.new_zeros(len(grids)).scatter_reduce(0, image, first, "amin", include_self=False)
    shift = (patches.cumsum(0) - patches - least)[image]
    return torch.where(pooling < 0, pooling, pooling + shift[:, None])
