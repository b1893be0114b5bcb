"""Layouts count as the real processors do."""

from __future__ import annotations

import math
import random

import pytest
import transformers as tf
from transformers.image_processing_utils import select_best_resolution as their_resolution
from transformers.models.gemma4.image_processing_pil_gemma4 import (
    get_aspect_ratio_preserving_size as their_fit,
)
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import (
    get_optimal_tiled_canvas as their_canvas,
)
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize as their_resize

from tests.support.published import (
    EXTREMES,
    NEXT_PINPOINTS,
    ONEVISION_PINPOINTS,
    PUBLISHED,
    QWEN,
    gemma_crops,
)
from tests.support.reference import picture, placeholders, published_processor, weightless
from visualcrop.errors import GeometryError
from visualcrop.models.layouts.anyres import select_best_resolution
from visualcrop.models.layouts.layout import Size, fit_tokens, smart_resize, stretch_thin
from visualcrop.models.layouts.tiling import count_crops, get_optimal_tiled_canvas

_DICE = random.Random(0)
SIZES: list[Size] = [
    *EXTREMES,
    *(
        (round(math.exp(_DICE.uniform(0, 9.1))), round(math.exp(_DICE.uniform(0, 9.1))))
        for _ in range(1000)
    ),
]
_TOKENS = {"gemma3": "<image_soft_token>", "internvl": "<IMG_CONTEXT>"}
_COUNTED = [
    *("llava", "llava-next", "llava-onevision", "qwen2-5-vl", "qwen3-vl", "qwen3-5", "gemma4"),
    "internvl",
]
_SHOWN: list[Size] = [(2250, 1500), (300, 1700), (640, 640), (384, 384), (1, 150), (3, 3), (64, 1)]


class TestArithmetic:
    """What is written anew here gives the same numbers."""

    @pytest.mark.parametrize("pinpoints", [NEXT_PINPOINTS, ONEVISION_PINPOINTS])
    def test_select_best_resolution(self, pinpoints: list[list[int]]) -> None:
        """The canvas is the one that transformers selects."""
        for width, height in SIZES:
            theirs = their_resolution((height, width), pinpoints)
            assert select_best_resolution((width, height), pinpoints) == theirs[::-1]

    @pytest.mark.parametrize("bounds", [QWEN, (784, 50_176), (65_536, 16_777_216)])
    @pytest.mark.parametrize("factor", [28, 32])
    def test_smart_resize(self, factor: int, bounds: tuple[int, int]) -> None:
        """Qwen's processors scale to the same size, and refuse the same."""
        limits = {"factor": factor, "min_pixels": bounds[0], "max_pixels": bounds[1]}
        for size in SIZES:
            if size == stretch_thin(size):
                assert smart_resize(size, **limits) == their_resize(*size[::-1], **limits)[::-1]
            else:
                with pytest.raises(ValueError, match="aspect ratio"):
                    their_resize(*size[::-1], **limits)
                with pytest.raises(GeometryError, match="too thin"):
                    smart_resize(size, **limits)

    @pytest.mark.parametrize("most", [70, 140, 280, 560, 1120])
    def test_fit_tokens(self, most: int) -> None:
        """Gemma 4's processor scales to as many columns and rows, whatever its budget."""
        for size in SIZES:
            height, width = their_fit(*size[::-1], 16, 9 * most, 3)
            assert fit_tokens(size, factor=48, max_tokens=most) == (width // 48, height // 48)

    @pytest.mark.parametrize("most", [1, 6, 12, 40])
    @pytest.mark.parametrize("fewest", [1, 2])
    def test_get_optimal_tiled_canvas(self, fewest: int, most: int) -> None:
        """InternVL's tiles stand in as many columns and rows."""
        for width, height in SIZES:
            ours = get_optimal_tiled_canvas(
                (width, height), side=448, min_tiles=fewest, max_tiles=most
            )
            assert ours == their_canvas((height, width), (448, 448), fewest, most)


class TestCounts:
    """A thousand sizes of the published processors."""

    @pytest.mark.parametrize("family", _COUNTED)
    def test_tokens(self, family: str) -> None:
        """Each layout has as many tokens as the processor puts into the prompt."""
        accepted = [stretch_thin(size) if "qwen" in family else size for size in SIZES]
        counted = published_processor(family)._get_num_multimodal_tokens(
            image_sizes=[(height, width) for width, height in accepted]
        )
        marks = (
            2 if family == "internvl" else 0
        )  # <img> and </img> are counted, but no placeholders
        theirs = [count - marks for count in counted["num_image_tokens"]]
        assert [PUBLISHED[family](size).tokens for size in SIZES] == theirs

    def test_onevision_of_several(self) -> None:
        """Among others an image has one square and a newline."""
        said = published_processor("llava-onevision").replace_image_token(
            {"batch_num_images": [2]}, 1
        )
        for size in SIZES:
            assert PUBLISHED["llava-onevision-several"](size).tokens == said.count("<image>")

    def test_gemma_crops(self) -> None:
        """Pan and scan cuts the same crops, of the same pixels."""
        eye = tf.Gemma3ImageProcessorPil()
        for size in SIZES:
            crops = eye.pan_and_scan(weightless(size), 256, 4, 1.2)
            assert count_crops(size, min_crop=256, max_crops=4, min_ratio=1.2) == len(crops)
            layout = gemma_crops(size)
            assert layout.tokens == 256 * (1 + len(crops))
            if crops:
                edges = layout.grid.xs if size[0] >= size[1] else layout.grid.ys
                along = 2 if size[0] >= size[1] else 1
                starts = [sum(crop.shape[along] for crop in crops[:i]) for i in range(len(crops))]
                assert edges[:-1:16] == pytest.approx(starts)


class TestPixels:
    """Real pictures through the published processors."""

    @pytest.mark.parametrize("size", _SHOWN)
    @pytest.mark.parametrize("family", [*_COUNTED, "gemma3"])
    def test_placeholders(self, family: str, size: Size) -> None:
        """The tokens of the finished prompt are as many as the layout's."""
        token = _TOKENS.get(family)
        processor = published_processor(family)
        found = placeholders(processor, [picture(size)], token or processor.image_token)
        assert found == PUBLISHED[family](size).tokens

    @pytest.mark.parametrize("size", [(900, 300), (300, 900), (400, 400)])
    def test_gemma_crops(self, size: Size) -> None:
        """With pan and scan, each crop has its own tokens."""
        processor, crops = published_processor("gemma3"), {"do_pan_and_scan": True}
        found = placeholders(processor, [picture(size)], _TOKENS["gemma3"], images_kwargs=crops)
        assert found == gemma_crops(size).tokens

    def test_onevision_of_several(self) -> None:
        """Two pictures in one prompt are not cut up."""
        sizes = (900, 300), (40, 60)
        processor = published_processor("llava-onevision")
        found = placeholders(processor, [picture(size) for size in sizes], "<image>")
        assert found == sum(PUBLISHED["llava-onevision-several"](size).tokens for size in sizes)

    def test_centre_crop_is_the_pixels_seen(self) -> None:
        """Whatever happens outside the grid, the encoder is given the same."""
        eye = published_processor("llava").image_processor
        shown = picture((2000, 700))
        left, _, right, _ = PUBLISHED["llava-crop"](shown.size).grid.box.whole_pixels()
        changed = picture((2000, 700), seed=1)
        inside = (left - 8, 0, right + 8, 700)  # resizing looks a little over the edge
        changed.paste(shown.crop(inside), inside)
        one, other = (
            eye([image], return_tensors="np")["pixel_values"] for image in (shown, changed)
        )
        assert (one == other).all()
