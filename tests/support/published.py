"""Layouts with the numbers of the published checkpoints, and sizes to try them on."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from visualcrop.models.layouts.anyres import anyres_layout
from visualcrop.models.layouts.layout import (
    Layout,
    PatchGrid,
    Size,
    budgeted_layout,
    cropped_layout,
    native_layout,
    padded_layout,
    squashed_layout,
)
from visualcrop.models.layouts.tiling import pan_and_scan_layout, tiled_layout

LLAVA = PatchGrid(336, 14)  # 24 x 24 tokens
ONEVISION = PatchGrid(384, 14)  # 27 x 27, and 6 pixels left over
GEMMA = PatchGrid(896, 56)  # 16 x 16
INTERNVL = PatchGrid(448, 28)  # 16 x 16
NEXT_PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
ONEVISION_PINPOINTS = [
    [384 * rows, 384 * columns] for rows in range(1, 7) for columns in range(1, 7)
]
QWEN = (3136, 12_845_056)  # fewest and most pixels
_SIDES = st.one_of(st.integers(1, 60), st.integers(1, 9000))
SIZES = st.tuples(_SIDES, _SIDES)
EXTREMES: list[Size] = [
    *((1, 1), (1, 3000), (3000, 1), (2, 401), (3, 3), (30, 3000), (64, 64), (336, 336)),
    *((384, 384), (640, 640), (2250, 1500), (1500, 2250), (4032, 3024), (8000, 5000), (7680, 4320)),
]


def llava_next(size: Size) -> Layout:
    return anyres_layout(size, LLAVA, pinpoints=NEXT_PINPOINTS)


def onevision(size: Size) -> Layout:
    return anyres_layout(size, ONEVISION, pinpoints=ONEVISION_PINPOINTS, reduced_to=9)


def qwen2_5(size: Size) -> Layout:
    return native_layout(size, factor=28, min_pixels=QWEN[0], max_pixels=QWEN[1])


def qwen3(size: Size) -> Layout:
    return native_layout(size, factor=32, min_pixels=65_536, max_pixels=16_777_216)


def gemma_crops(size: Size) -> Layout:
    return pan_and_scan_layout(size, GEMMA, min_crop=256, max_crops=4, min_ratio=1.2)


def gemma4(size: Size) -> Layout:
    return budgeted_layout(size, factor=48, max_tokens=280)


def internvl(size: Size) -> Layout:
    return tiled_layout(size, INTERNVL, min_tiles=1, max_tiles=12)


PUBLISHED: dict[str, Callable[[Size], Layout]] = {
    "llava": lambda size: padded_layout(size, LLAVA),
    "llava-crop": lambda size: cropped_layout(size, LLAVA),
    "llava-next": llava_next,
    "llava-onevision": onevision,
    "llava-onevision-several": lambda size: padded_layout(size, ONEVISION, extra=1),
    "qwen2-5-vl": qwen2_5,
    "qwen3-vl": qwen3,
    "qwen3-5": qwen3,
    "gemma4": gemma4,
    "gemma3": lambda size: squashed_layout(size, GEMMA),
    "gemma3-crops": gemma_crops,
    "internvl": internvl,
}
WHOLE = {
    "gemma3",
    "gemma3-crops",
    "internvl",
    "qwen2-5-vl",
    "qwen3-vl",
    "qwen3-5",
    "gemma4",
    "llava",
}  # nothing is left out
