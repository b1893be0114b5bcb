"""Single squares: the whole image on one square of n x n tokens; no code for each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isqrt
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

from ...errors import ModelError
from ...strategy.base import option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, PatchGrid, cropped_layout, padded_layout, squashed_layout
from .base import Family

if TYPE_CHECKING:
    from transformers import PretrainedConfig

# Settings of image processors that show more than one picture of an image.
_CUTS = ("image_grid_pinpoints", "crop_to_patches", "do_image_splitting", "do_pan_and_scan")
_LAYOUTS = {"squash": squashed_layout, "pad": padded_layout, "crop": cropped_layout}


@attrs.frozen
class SingleSquares(Family):
    """
    Any model that shows each image on one square: squashed, padded or cropped to it.

    How, is read from the settings of its image processor, and the number of tokens from its config.
    A subclass is a declaration: a name, the model types, and settings. By its own name it opens a
    checkpoint of any type, whose chat template writes one placeholder for an image.
    """

    name = "single-squares"
    model_types: ClassVar[tuple[str, ...]] = ()
    any_type: ClassVar[bool] = True

    fit: Literal["auto", "squash", "pad", "crop"] = option(
        "auto", help="how an image becomes a square; auto is as the image processor's settings say"
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        if cuts := [name for name in _CUTS if getattr(pixels, name, None)]:
            raise ModelError(
                f"The image processor of {self.checkpoint!r} cuts images into parts ({cuts[0]}), "
                f"which {self.name!r} does not know; use auto, or write a family for it."
            )
        image_token = tokenizer.convert_ids_to_tokens(config.image_token_id)
        tokens = self._count_tokens(pixels, config)
        return square_processor()(pixels, tokenizer, tokenizer.chat_template, image_token, tokens)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        pixels = processor.image_processor
        side, per_side = square_side(pixels), isqrt(processor.image_seq_length)
        fit = self._fit(pixels) if self.fit == "auto" else self.fit
        return _LAYOUTS[fit](view.size, PatchGrid(side, side // per_side))

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {"focus": {"answer": "interleaved", "t_type2": 0.5}}

    def _fit(self, pixels: Any) -> str:
        """How the image processor makes a square of an image."""
        if getattr(pixels, "do_pad", False):
            return "pad"
        return "crop" if getattr(pixels, "do_center_crop", False) else "squash"

    def _count_tokens(self, pixels: Any, config: PretrainedConfig) -> int:
        """Tokens of an image: the square of a whole number."""
        tokens = next(_token_counts(pixels, config), 0)
        if not tokens or isqrt(tokens) ** 2 != tokens or not square_side(pixels):
            raise ModelError(
                f"Neither the config nor the image processor of {self.checkpoint!r} says that an "
                f"image is one square of n x n tokens; {self.name!r} cannot read this checkpoint."
            )
        return tokens


def square_side(pixels: Any) -> int:
    """Pixels on a side of the square that an image processor makes; 0 if it makes none."""
    cropped = getattr(pixels, "do_center_crop", False) and getattr(pixels, "crop_size", None)
    size = dict(cropped or pixels.size)
    return int(size["height"]) if size.get("height") and size["height"] == size["width"] else 0


def _token_counts(pixels: Any, config: PretrainedConfig) -> Iterator[int]:
    """What may be the number of tokens of an image, the surest first."""
    for holder in (pixels, config, config.vision_config):
        for name in ("image_seq_length", "mm_tokens_per_image", "num_image_tokens"):
            if isinstance(found := getattr(holder, name, None), int):
                yield found
    vision = config.vision_config
    if isinstance(getattr(vision, "patch_size", None), int):
        yield (square_side(pixels) // vision.patch_size) ** 2


def square_processor() -> Any:
    """The class of a processor with as many placeholders for each image."""
    from transformers import ProcessorMixin

    class OneSquare(ProcessorMixin):
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
            image_token: str = "<image>",  # noqa: S107 - not a password
            image_seq_length: int = 1,
        ) -> None:
            super().__init__(image_processor, tokenizer, chat_template=chat_template)
            self.image_token, self.image_seq_length = image_token, image_seq_length
            self.image_token_id = tokenizer.convert_tokens_to_ids(image_token)

        def replace_image_token(self, image_inputs: Any, image_idx: int, **_: Any) -> str:
            return self.image_token * self.image_seq_length

    return OneSquare
