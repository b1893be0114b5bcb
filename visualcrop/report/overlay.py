"""Relevance maps as colour over their images."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..drawing import colour_range, render_heatmap, shrink_picture, to_colours
from ..geometry import Box
from ..image import Image
from ..values import RelevanceMap
from .vector import Drawing, Picture, Rectangle, Shape, Text, text_width

_STEPS = 96  # colours of the bar
_LEAST = 8  # letters that a drawing is wide and high, however small the image
_DARK = "#1c1b22"


def draw_relevance(
    image: Image,
    relevance: RelevanceMap,
    boxes: Sequence[Box] = (),
    *,
    caption: str = "",
    cells: bool = False,
) -> Drawing:
    """
    The image under its map, *boxes* outlined and numbered, a colour bar beside it.

    The map is smooth, unless *cells* are wanted.
    """
    picture = shrink_picture(image.picture).convert("RGB")
    width, height = picture.size
    size = max(15, round(0.028 * max(width, height)))  # of letters, in pixels
    numbers = [_number(value) for value in np.linspace(*colour_range(relevance), 3)]
    bar = round(1.2 * size)
    letters = 1.2 * max(text_width(text, size) for text in numbers)  # a browser's are wider
    wide, high = max(round(width + 3 * bar + letters), _LEAST * size), max(height, _LEAST * size)
    mean = np.asarray(picture).mean(axis=(0, 1))
    heatmap = render_heatmap(relevance, picture.size, image.box, cells=cells)
    shapes = [
        Picture(0, 0, width, height, picture),
        Picture(0, 0, width, height, heatmap),
        *_draw_boxes(boxes, width / image.width, size),
        *_draw_bar(Box(width + bar, size, width + 2 * bar, high - size), mean, numbers, size),
    ]
    if caption:
        shapes.append(Text(size / 2, high + 1.4 * size, _fit(caption, wide / 1.2, size), size))
        high += 2 * size
    return Drawing(wide, high, shapes, caption or "Relevance map")


def _draw_boxes(boxes: Sequence[Box], scale: float, size: float) -> Iterator[Shape]:
    """Outlines in white on dark, to be seen on any image; the first box last and boldest."""
    for rank, box in reversed([*enumerate(boxes, 1)]):
        place = (box.left * scale, box.top * scale, box.width * scale, box.height * scale)
        line = size / 5 if rank == 1 else size / 9
        yield Rectangle(*place, stroke=_DARK, stroke_width=round(line + 3))
        yield Rectangle(*place, stroke="white", stroke_width=round(line + 1))
        side = 1.3 * size
        yield Rectangle(place[0], place[1], side, side, fill=_DARK)
        middle = place[0] + side / 2
        yield Text(middle, place[1] + size, str(rank), size, "white", "middle")


def _draw_bar(
    place: Box, behind: npt.NDArray[np.float64], numbers: Sequence[str], size: float
) -> Iterator[Shape]:
    """The colours from low, at the foot, to high, over the image's mean colour; three scores."""
    colours = to_colours(np.linspace(1, 0, _STEPS)).astype(float)
    share = colours[:, 3:] / 255
    seen = (colours[:, :3] * share + behind * (1 - share)).round().astype(int)
    for step, (red, green, blue) in enumerate(seen):
        top = place.top + place.height * step / _STEPS
        fill = f"#{red:02x}{green:02x}{blue:02x}"  # each reaches to the foot: no seams between
        yield Rectangle(place.left, top, place.width, place.bottom - top, fill=fill)
    yield Rectangle(place.left, place.top, place.width, place.height, stroke="soft")
    for number, y in zip(numbers, np.linspace(place.bottom, place.top, 3), strict=True):
        yield Text(place.right + size / 2, float(y) + size / 3, number, size)


def _number(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 1000 else f"{value:.3g}"


def _fit(text: str, width: float, size: float) -> str:
    """As much of *text* as is no wider."""
    if text_width(text, size) <= width:
        return text
    room = width - size
    longest = bisect_left(
        range(len(text)), True, key=lambda n: text_width(text[: n + 1], size) >= room
    )
    return f"{text[:longest]}..." if longest else text[:1]
