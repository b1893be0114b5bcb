"""Mistral Small 3.1 and later, and Pixtral: the image in its own shape, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ...geometry import Box, Grid
from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, fitted_layout, stretch_thin
from .base import Family

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

_MAX_RATIO = 1000  # of the long side to the short one, which published processors shrink to nothing


@attrs.frozen
class Mistral3(Family):
    """Mistral Small 3: the image in its own shape, in one grid of tokens of 28 pixels."""

    name = "mistral3"
    model_types = ("mistral3",)

    max_side: int | None = option(
        None, help="longest side of an image that is not shrunk, in pixels", validator=at_least(1)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        side = token_side(config)
        pixels.patch_size = {"height": side, "width": side}
        if self.max_side is not None:
            pixels.size = {"longest_edge": self.max_side}
        return _processor_class()(
            pixels,
            tokenizer,
            tokenizer.chat_template,
            tokenizer.convert_ids_to_tokens(config.image_token_id),
        )

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        longest = processor.image_processor.size["longest_edge"]
        layout = fitted_layout(self._stretched(view), factor=token_side(config), longest=longest)
        grid = Grid.even(*layout.grid.shape, Box(0, 0, *view.size))
        return attrs.evolve(layout, grid=grid)

    def picture(self, view: View) -> Picture:
        """The picture, stretched if the processor would shrink it to no pixels."""
        size = self._stretched(view)
        return view.picture if size == view.size else view.picture.resize(size)

    def _stretched(self, view: View) -> tuple[int, int]:
        """The size of the picture that the processor is given."""
        return stretch_thin(view.size, min(_MAX_RATIO, self.max_side or _MAX_RATIO))

    def base(self, config: PretrainedConfig) -> int:
        """The side that the paper's rule for boxes assumes; the encoder takes any size."""
        return 384

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {"proposals.s_max": "auto", "focus": {"answer": "interleaved", "t_type2": 0.5}}

    def adapt_network(self, network: PreTrainedModel) -> None:
        keep_single_tokens(network)


@attrs.frozen
class Pixtral(Mistral3):
    """Pixtral: the image in its own shape, in one grid of tokens of 16 pixels."""

    name = "pixtral"
    model_types = ("llava/pixtral",)


def token_side(config: PretrainedConfig) -> int:
    """Pixels on a side of a token, in the encoder's picture."""
    side: int = config.vision_config.patch_size * getattr(config, "spatial_merge_size", 1)
    return side


def keep_single_tokens(network: Any) -> None:
    """
    Let *network* take an image of one token.

    transformers 5.23 squeezes the first axis, of which it thinks as a batch of one.
    """

    def keep(module: Any, args: Any, out: Tensor) -> Tensor:
        return out[None] if out.ndim == 2 and len(out) == 1 else out

    network.model.multi_modal_projector.register_forward_hook(keep)


def _processor_class() -> Any:
    """Pixtral's processor, whose class in transformers needs torchvision to be imported."""
    from transformers import ProcessorMixin

    class ImagesOnly(ProcessorMixin):
        """Rows of placeholders, each with a token after it that is none."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
            image_token: str = "[IMG]",  # noqa: S107 - not a password
        ) -> None:
            super().__init__(image_processor, tokenizer, chat_template=chat_template)
            self.image_token = image_token
            self.image_token_id = tokenizer.convert_tokens_to_ids(image_token)

        def replace_image_token(self, image_inputs: Any, image_idx: int, **_: Any) -> str:
            side = self.image_processor.patch_size["height"]
            height, width = (int(length) for length in image_inputs["image_sizes"][image_idx])
            row = self.image_token * (width // side)
            return "[IMG_BREAK]".join([row] * (height // side)) + "[IMG_END]"

    return ImagesOnly
