"""Converts any mode to upright RGB, tile by tile, so that memory holds one full copy only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image

from .cost import is_plain
from .orientation import read_orientation
from .raw import Raw

Rectangle: TypeAlias = tuple[int, int, int, int]
Turn = PIL.Image.Transpose
_TURNS = {
    2: Turn.FLIP_LEFT_RIGHT,
    3: Turn.ROTATE_180,
    4: Turn.FLIP_TOP_BOTTOM,
    5: Turn.TRANSPOSE,
    6: Turn.ROTATE_270,
    7: Turn.TRANSVERSE,
    8: Turn.ROTATE_90,
}
_SIDEWAYS = {Turn.TRANSPOSE, Turn.ROTATE_270, Turn.TRANSVERSE, Turn.ROTATE_90}
_FROM_THE_RIGHT = {Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.TRANSVERSE, Turn.ROTATE_90}
_FROM_BELOW = {Turn.ROTATE_180, Turn.FLIP_TOP_BOTTOM, Turn.ROTATE_270, Turn.TRANSVERSE}
_TILE = 1 << 18  # pixels


def iterate_tiles(width: int, height: int) -> Iterator[Rectangle]:
    """Rectangles of at most 2**18 pixels that cover the picture, in row-major order."""
    across = min(width, _TILE)
    down = max(1, _TILE // width) if across == width else 1
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + down, height)


def decode_pixels(raw: Raw) -> tuple[PIL.Image.Image, Turn | None]:
    """Decode, and detach from the file, whose buffer may be as large; return how to turn it."""
    raw.picture.load()
    picture = raw.picture
    turn = _TURNS.get(raw.orientation if raw.ours else read_orientation(picture))
    if raw.ours:
        picture = picture._new(picture.im)  # noqa: SLF001 - all else copies (Pillow 10 to 13)
    elif is_plain(picture) and turn is None:
        picture = picture.copy()
    return picture, turn


def convert_upright(picture: PIL.Image.Image, turn: Turn | None) -> PIL.Image.Image:
    """Return an upright RGB picture: the same object if it is one already."""
    if is_plain(picture) and turn is None:
        picture.info = {k: v for k, v in picture.info.items() if k == "icc_profile"}
        return picture
    width, height = picture.size
    made = PIL.Image.new("RGB", (height, width) if turn in _SIDEWAYS else (width, height))
    rgb = _make_converter(picture)
    for tile in iterate_tiles(width, height):
        part = rgb(picture.crop(tile))
        part = part if turn is None else part.transpose(turn)
        made.paste(part, _locate_turned(tile, picture.size, turn))
    return made


def _locate_turned(tile: Rectangle, size: tuple[int, int], turn: Turn | None) -> tuple[int, int]:
    """Left and top of *tile* in the upright picture."""
    (left, top, right, bottom), (width, height) = tile, size
    left = width - right if turn in _FROM_THE_RIGHT else left
    top = height - bottom if turn in _FROM_BELOW else top
    return (top, left) if turn in _SIDEWAYS else (left, top)


def _make_converter(picture: PIL.Image.Image) -> Callable[[PIL.Image.Image], PIL.Image.Image]:
    """Make the function that converts a tile of *picture* to RGB."""
    if picture.mode.startswith("I") or picture.mode == "F":
        low, high = _find_range(picture)
        return lambda tile: _blend_on_white(_stretch_range(tile, low, high).convert("RGB"), tile)
    if picture.mode == "LAB":
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda tile: ImageCms.applyTransform(tile, transform) or tile.convert("RGB")
    return _convert_rgb


def _convert_rgb(tile: PIL.Image.Image) -> PIL.Image.Image:
    """Convert a tile to RGB; transparent pixels are blended on white."""
    if tile.has_transparency_data:
        straight = tile.convert("LA") if tile.mode == "La" else tile  # Pillow's only way
        coloured = straight.convert("RGBA")
        paper = PIL.Image.new("RGBA", tile.size, "white")
        return PIL.Image.alpha_composite(paper, coloured).convert("RGB")
    return tile.convert("RGB")


def _blend_on_white(shown: PIL.Image.Image, deep: PIL.Image.Image) -> PIL.Image.Image:
    """Paint the transparent grey of a 16-bit picture white, which Pillow does not."""
    clear = deep.info.get("transparency")
    if isinstance(clear, int):
        shown.paste("white", mask=PIL.Image.fromarray(np.asarray(deep) == clear))
    return shown


def _find_range(picture: PIL.Image.Image) -> tuple[float, float]:
    """Range of values: that of the type for 16 bits, that of the content for 32 bits and floats."""
    if picture.mode.startswith("I;16"):
        return 0.0, 65535.0
    parts = (_to_array(picture.crop(tile)) for tile in iterate_tiles(*picture.size))
    ends = [(float(part.min()), float(part.max())) for part in parts]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _to_array(tile: PIL.Image.Image) -> npt.NDArray[np.float64]:
    numbers: npt.NDArray[Any] = np.nan_to_num(np.asarray(tile).astype(np.float64))
    return numbers


def _stretch_range(tile: PIL.Image.Image, low: float, high: float) -> PIL.Image.Image:
    scaled = (_to_array(tile) - low) * (255 / max(high - low, 1e-9))
    return PIL.Image.fromarray(scaled.astype(np.uint8))
