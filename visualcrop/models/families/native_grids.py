"""Native grids: the image near its own size, in one grid of tokens; no code for each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ...errors import ModelError
from ...strategy.base import at_least, option
from ...values import View
from ..checkpoints.loading import ProcessorParts
from ..layouts.layout import Layout, native_layout, stretch_thin
from .base import Family

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from transformers import PretrainedConfig

_PROBES = ((640, 480), (3000, 2000), (1000, 90), (61, 37), (8192, 5464))  # width, height


@attrs.frozen
class NativeGrids(Family):
    """
    Any model whose processor gives image_grid_thw: the image near its own size, in one grid.

    A subclass is a declaration: a name, the model types, and settings. By its own name it opens a
    checkpoint of any type whose processor scales as Qwen's or GLM's do, which is checked.
    """

    name = "native-grids"
    model_types: ClassVar[tuple[str, ...]] = ()
    any_type: ClassVar[bool] = True
    max_ratio: ClassVar[int] = 190  # of the long side to the short one, beyond which to stretch

    max_pixels: int | None = option(
        None, help="largest image that is not shrunk, in pixels", validator=at_least(3136)
    )

    def make_processor(self, parts: ProcessorParts, config: PretrainedConfig) -> Any:
        pixels, tokenizer = parts.image_processor(), parts.tokenizer()
        self._check_image_processor(pixels)
        if self.max_pixels is not None:
            most = self.max_pixels * count_frames(pixels)
            pixels.size = {**dict(pixels.size), "longest_edge": most}
        made = images_only(find_processor_class(config))
        return made(pixels, tokenizer, chat_template=tokenizer.chat_template)

    def layout(self, view: View, among: int, processor: Any, config: PretrainedConfig) -> Layout:
        return self._layout(view.size, processor.image_processor)

    def picture(self, view: View) -> Picture:
        """The picture, stretched if it is too thin for the processor."""
        size = stretch_thin(view.size, self.max_ratio)
        return view.picture if size == view.size else view.picture.resize(size)

    def base(self, config: PretrainedConfig) -> int:
        """The side that the paper's rule for boxes assumes; the encoder takes any size."""
        return 384

    def settings_for(self, layers: int) -> Mapping[str, object]:
        return {"proposals.s_max": "auto", "focus": {"answer": "interleaved", "t_type2": 0.5}}

    def _layout(self, size: tuple[int, int], pixels: Any) -> Layout:
        return native_layout(
            size,
            factor=pixels.patch_size * pixels.merge_size,
            min_pixels=pixels.size["shortest_edge"],
            max_pixels=pixels.size["longest_edge"],
            frames=count_frames(pixels),
            max_ratio=self.max_ratio,
        )

    def _check_image_processor(self, pixels: Any) -> None:
        """Refuse an image processor that scales in another way than `native_layout`."""
        kind = type(pixels).__name__
        counts = getattr(pixels, "get_number_of_image_patches", None)
        if counts is None or not hasattr(pixels, "merge_size"):
            raise ModelError(
                f"The image processor of {self.checkpoint!r}, {kind}, gives no image_grid_thw; "
                f"{self.name!r} cannot read this checkpoint."
            )
        for width, height in _PROBES:
            patches = self._layout((width, height), pixels).tokens * pixels.merge_size**2
            if counts(height, width) != patches:
                raise ModelError(
                    f"The image processor of {self.checkpoint!r}, {kind}, makes "
                    f"{counts(height, width)} patches of an image of {width} x {height} pixels "
                    f"where {self.name!r} expects {patches}; the checkpoint needs a family of its "
                    "own, which docs/how-to/own-network.md shows."
                )


def count_frames(pixels: Any) -> int:
    """
    How many times an image processor counts the pixels of a still image against its bounds.

    GLM's count each of the frames that an image is repeated in, Qwen's the image once.
    """
    factor = pixels.patch_size * pixels.merge_size
    side = max(factor, int(pixels.size["longest_edge"] ** 0.5) // factor * factor)
    fits = pixels.get_number_of_image_patches(side, side) == (side // pixels.patch_size) ** 2
    return 1 if fits else int(pixels.temporal_patch_size)


def find_processor_class(config: PretrainedConfig) -> Any:
    """The processor that transformers has for a checkpoint's config."""
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    found: Any = PROCESSOR_MAPPING.get(type(config), None)
    if found is None:
        raise ModelError(
            f"transformers has no processor for checkpoints of type {config.model_type!r}; "
            "register one with AutoProcessor in the family's register()."
        )
    return found


def images_only(processor_class: Any) -> Any:
    """*processor_class* without its video processor, which needs torchvision."""

    class ImagesOnly(processor_class):  # type: ignore[misc]
        """Its signature lists the arguments, in which transformers looks for parts."""

        def __init__(
            self,
            image_processor: Any = None,
            tokenizer: Any = None,
            chat_template: str | None = None,
        ) -> None:
            super().__init__(
                image_processor=image_processor, tokenizer=tokenizer, chat_template=chat_template
            )

    return ImagesOnly
