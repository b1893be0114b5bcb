"""Each token answers to the pixels of its cell, and of no other."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.support.impulses import Case, Seer, impulses
from tests.support.tiny import sizes
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

_GEMMA3 = PatchGrid(sizes.EYES["gemma3"][0], 2 * sizes.EYES["gemma3"][1])
_INTERNVL = PatchGrid(sizes.EYES["internvl"][0], 2 * sizes.EYES["internvl"][1])
_CROPS: dict[str, Any] = {
    "do_pan_and_scan": True,
    "pan_and_scan_min_crop_size": 64,
    "pan_and_scan_max_num_crops": 4,
    "pan_and_scan_min_ratio_to_activate": 1.2,
}


def _eye(family: str) -> PatchGrid:
    return PatchGrid(*sizes.EYES[family])


def _next(size: Size) -> Layout:
    return anyres_layout(size, _eye("llava-next"), pinpoints=sizes.PINPOINTS["llava-next"])


def _onevision(size: Size, *, most: int = 9) -> Layout:
    pinpoints = sizes.PINPOINTS["llava-onevision"]
    return anyres_layout(size, _eye("llava-onevision"), pinpoints=pinpoints, reduced_to=most)


def _qwen(size: Size, *, family: str) -> Layout:
    fewest, most = sizes.PIXELS[family].values()
    factor = 2 * sizes.EYES[family][1]
    return native_layout(size, factor=factor, min_pixels=fewest, max_pixels=most)


def _gemma4(size: Size) -> Layout:
    return budgeted_layout(
        size, factor=sizes.POOLED * sizes.EYES["gemma4"][1], max_tokens=sizes.SOFT_TOKENS
    )


_OTHERS = (70, 40), (90, 90)
_CASES = {
    "llava": Case("llava", lambda size: padded_layout(size, _eye("llava")), padded=True),
    "llava-crop": Case("llava", lambda size: cropped_layout(size, _eye("llava"))),
    "llava-next": Case("llava-next", _next),
    "llava-onevision": Case("llava-onevision", _onevision),
    "llava-onevision-reduced": Case(
        "llava-onevision", lambda size: _onevision(size, most=2), reduced_to=2
    ),
    "llava-onevision-several": Case(
        "llava-onevision",
        lambda size: padded_layout(size, _eye("llava-onevision"), extra=1),
        among=_OTHERS,
    ),
    "llava-onevision-several-tiled": Case("llava-onevision", _onevision, among=_OTHERS, tiled=True),
    "qwen2-5-vl": Case("qwen2-5-vl", lambda size: _qwen(size, family="qwen2-5-vl")),
    "qwen3-vl": Case("qwen3-vl", lambda size: _qwen(size, family="qwen3-vl")),
    "qwen3-5": Case("qwen3-5", lambda size: _qwen(size, family="qwen3-5")),
    "gemma4": Case("gemma4", _gemma4),
    "gemma4-several": Case("gemma4", _gemma4, among=_OTHERS),
    "gemma3": Case("gemma3", lambda size: squashed_layout(size, _GEMMA3)),
    "gemma3-crops": Case(
        "gemma3",
        lambda size: pan_and_scan_layout(size, _GEMMA3, min_crop=64, max_crops=4, min_ratio=1.2),
        seen=_CROPS,
    ),
    "internvl": Case(
        "internvl",
        lambda size: tiled_layout(size, _INTERNVL, min_tiles=1, max_tiles=sizes.MAX_TILES),
        seen={"crop_to_patches": True},
    ),
    "llava-next-several": Case("llava-next", _next, among=_OTHERS),
    "qwen2-5-vl-several": Case(
        "qwen2-5-vl", lambda size: _qwen(size, family="qwen2-5-vl"), among=_OTHERS
    ),
    "internvl-one": Case("internvl", lambda size: squashed_layout(size, _INTERNVL)),
}
_SHOWN: list[Size] = [
    (400, 250),  # wide
    (190, 470),  # tall
    (300, 300),
    (1100, 240),
    (240, 1200),
    (701, 503),
    (61, 37),  # scaled up
]


_PAIRS = [  # beside other images, whose tokens are to be told from its own, three shapes will do
    (case, size)
    for case in _CASES
    for size in (_SHOWN[:2] + _SHOWN[-1:] if "several" in case else _SHOWN)
]


@cache
def seer(case: str) -> Seer:
    """A way to show an image to a model, opened once."""
    return _CASES[case].opened()


@pytest.mark.parametrize(("case", "size"), _PAIRS, ids=str)
def test_a_changed_cell_changes_its_token_most(case: str, size: Size) -> None:
    """Invert the middle of a cell or a quarter of it: no other cell's token changes more."""
    found = list(impulses(seer(case), size))
    assert len(found) >= 10
    assert [(cell, str(box)) for cell, box, hit in found if not hit] == []
