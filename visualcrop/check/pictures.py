"""Pictures that checks draw, so that they need no file: shapes on white, and coloured blocks."""

from __future__ import annotations

from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import PIL.Image
from PIL import ImageDraw

from ..image import Image

Shape: TypeAlias = Literal["circle", "square"]
SMALL = (384, 288)  # width, height: large enough for every family's processor, and few tokens
SIZES = {  # width, height: shapes at which layouts differ
    "landscape": (640, 480),
    "portrait": (480, 640),
    "thin": (900, 90),
    "tiny": (40, 30),
    "large": (2400, 1600),
}


@cache
def draw_shape(shape: Shape, colour: str) -> Image:
    """One *shape* of a *colour*, a third of the picture's height, in the middle of white."""
    width, height = SMALL
    picture = PIL.Image.new("RGB", SMALL, "white")
    radius = height // 3
    box = (width // 2 - radius, height // 2 - radius, width // 2 + radius, height // 2 + radius)
    pen = ImageDraw.Draw(picture)
    (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill=colour)
    return Image.open(picture)


@cache
def draw_blocks(size: tuple[int, int], seed: int = 0) -> Image:
    """Eight by eight blocks of random colours; another *seed* is another picture."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.open(PIL.Image.fromarray(blocks).resize(size, PIL.Image.Resampling.NEAREST))
