"""Boxes drawn on a copy of the image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import PIL.ImageDraw

from ..geometry import Box
from ..image import Image
from .shown import Drawn

_COLOURS = ("red", "blue", "lime", "yellow", "magenta")
_SHAPES = ("box", "rectangle", "frame", "outline")


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
    words = [word for word in question.lower().split() if word != "bounding"]
    taken = {_last_part(one) for one, after in pairwise(words) if after.startswith(_SHAPES)}
    return next((colour for colour in _COLOURS if colour not in taken), _COLOURS[0])


def _last_part(word: str) -> str:
    """Of "dark-red", what stands right before the next word."""
    return "".join(c if c.isalnum() else " " for c in word).rpartition(" ")[2]
