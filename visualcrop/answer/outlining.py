"""Boxes drawn on a copy of the image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import PIL.ImageDraw

from ..geometry import Box
from ..image import Image
from ..keeping import Drawn

_COLOURS = ("red", "blue", "lime", "yellow", "magenta")


def outlined(image: Image, boxes: Sequence[Box], colour: str) -> Image:
    """A copy of *image* with a frame just inside each box."""
    again = partial(outlined, boxes=tuple(boxes), colour=colour)
    copy = image.picture.copy()
    draw, width = PIL.ImageDraw.Draw(copy), max(2, max(copy.size) // 200)
    for box in boxes:
        left, top, right, bottom = box.whole_pixels()
        draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=width)
    return Drawn(copy, image, again)


def outline_colour(question: str) -> str:
    """Red, unless the question itself speaks of a red box, rectangle or frame."""
    taken = re.findall(r"(\w+)\s+(?:bounding\s+)?(?:box|rectangle|frame|outline)", question.lower())
    return next((colour for colour in _COLOURS if colour not in taken), _COLOURS[0])
