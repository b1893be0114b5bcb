"""The images that show nodes to a model: one crop, or the framed whole and a crop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import PIL.Image
import PIL.ImageDraw

from visualcrop import Box, Image, View

from .constants import Colour, ViewMode
from .prompts import MAIN, ZOOMED, ViewTag
from .tree import Node

_NEAR = 50  # boxes less than twice this apart are merged
_FAR = 1000  # pixels of a crop beyond which two places are pasted side by side
_BICUBIC = PIL.Image.Resampling.BICUBIC


@attrs.frozen
class Rendered:
    """The parts of a prompt before its question, and which wording of the question suits them."""

    tag: ViewTag
    parts: tuple[str | View, ...]


@attrs.frozen(eq=False, slots=False)
class NodeRenderer:
    """Renders nodes of one image as one family of models is shown them."""

    image: Image
    views: ViewMode
    side: int  # pixels on a side of the smallest view
    scale: float  # sides of the crop around a node, in sides of the node
    background: Colour  # around an image that is not square
    colour: str = "red"  # of frames
    _cache: dict[tuple[Node, ...], Rendered] = attrs.field(factory=dict, init=False)
    _square: list[PIL.Image.Image] = attrs.field(factory=list, init=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image."""
        return self.image.width, self.image.height

    @property
    def whole(self) -> Rendered:
        """The whole image, at the resolution the model takes."""
        return Rendered(self._single_tag, (View.whole(self.image),))

    @property
    def thumbnail(self) -> Rendered:
        """The whole image at the size of one view."""
        small = self._shrink(self._canvas)
        return Rendered(self._single_tag, (View.whole(Image(small)),))

    def render(self, *nodes: Node) -> Rendered:
        """One node or several; for none, the whole image."""
        if nodes not in self._cache:
            self._cache[nodes] = self._render(nodes)
        return self._cache[nodes]

    @property
    def _single_tag(self) -> ViewTag:
        return "local" if self.views == "crop" else "global"

    def _render(self, nodes: Sequence[Node]) -> Rendered:
        roots = [node for node in nodes if node.depth == 0]
        if not nodes or len(roots) == len(nodes) or (roots and self.views != "crop"):
            return self.whole
        boxes = merge_near_boxes(
            [context_box(n.xywh, self.size, self.side, self.scale) for n in nodes]
        )
        return self._render_crop(boxes) if self.views == "crop" else self._render_pair(boxes)

    def _render_crop(self, boxes: Sequence[Box]) -> Rendered:
        box = Box.union(boxes)
        if len(boxes) == 2 and max(box.width, box.height) > _FAR:
            return Rendered("local", (View.whole(Image(self._paste_side_by_side(*boxes))),))
        return Rendered("local", (View(self.image, box),))

    def _paste_side_by_side(self, left: Box, right: Box) -> PIL.Image.Image:
        """Two places, each a square, with their order and some of the height between them."""
        if left.left > right.left:
            left, right = right, left
        side = self.side
        canvas = PIL.Image.new("RGB", (2 * side, 2 * side), self.background)
        middles = [int(box.top + box.bottom) // 2 for box in (left, right)]
        down = max(-side, min(middles[1] - middles[0], side))
        for box, place in (
            (left, (0, side // 2 - down // 2)),
            (right, (side, side // 2 + down // 2)),
        ):
            canvas.paste(self.image.crop(box).resize((side, side), _BICUBIC), place)
        return canvas

    def _render_pair(self, boxes: Sequence[Box]) -> Rendered:
        """Frames are drawn on the canvas, and wiped off once both pictures are taken."""
        canvas = self._canvas
        across, down = self._offset
        width = max(1, canvas.width // 120)
        square = Box(0, 0, *canvas.size)
        frames = [box.moved(across, down).expanded(width).clipped(square) for box in boxes]
        left, top, right, bottom = place = Box.union(frames).whole_pixels()
        clean = canvas.crop((left, top, right + 1, bottom + 1))  # a frame ends one pixel outside
        draw = PIL.ImageDraw.Draw(canvas)
        for frame in frames:
            draw.rectangle(frame.whole_pixels(), outline=self.colour, width=width)
        thumbnail, zoomed = self._shrink(canvas), canvas.crop(place)
        canvas.paste(clean, (left, top))
        pictures = [View.whole(Image(picture)) for picture in (thumbnail, zoomed)]
        return Rendered("zoom", (pictures[0], MAIN.format(colour=self.colour), pictures[1], ZOOMED))

    @property
    def _offset(self) -> tuple[int, int]:
        """Where the image lies on the canvas."""
        width, height = self.size
        return max(0, (height - width) // 2), max(0, (width - height) // 2)

    @property
    def _canvas(self) -> PIL.Image.Image:
        """The image in the middle of a square; made once, and drawn on."""
        if not self._square:
            side = max(self.size)
            self._square.append(PIL.Image.new("RGB", (side, side), self.background))
            self._square[0].paste(self.image.picture, self._offset)
        return self._square[0]

    def _shrink(self, canvas: PIL.Image.Image) -> PIL.Image.Image:
        """The canvas at the size of one view: square, or in the image's own aspect ratio."""
        if self.views == "pair":
            return canvas.resize((self.side, self.side), _BICUBIC)
        width, height = self.size
        across, down = self._offset
        inner = canvas.crop((across, down, across + width, down + height))
        longer = max(width, height)
        size = max(1, width * self.side // longer), max(1, height * self.side // longer)
        return inner.resize(size, _BICUBIC)


def context_box(
    xywh: tuple[float, float, float, float], size: tuple[int, int], side: int, scale: float = 1.0
) -> Box:
    """
    The crop around a node: *side* pixels wide and high at least, times *scale*.

    At the left and upper edge of the image it is shifted, at the right and lower edge cut.
    """
    x, y, width, height = xywh
    across = int(max(math.ceil(width), side) * scale)
    down = int(max(math.ceil(height), side) * scale)
    left = max(0, int(x + width / 2) - across // 2)
    top = max(0, int(y + height / 2) - down // 2)
    return Box(left, top, min(left + across, size[0]), min(top + down, size[1]))


def merge_near_boxes(boxes: Sequence[Box], margin: int = _NEAR) -> list[Box]:
    """Merge boxes less than twice *margin* pixels apart, pair by pair, until none are."""
    before: list[Box] = []
    after = list(boxes)
    while len(after) != len(before):
        before, after = after, _merge_pairs(after, margin)
    return after


def _merge_pairs(boxes: Sequence[Box], margin: int) -> list[Box]:
    """Each box with the first that is near it, if there is one; none is used twice."""
    left, pairs = list(boxes), []
    while left:
        box = left.pop(0)
        reach = box.expanded(margin)
        near = next((b for b in left if b.expanded(margin).common(reach)), None)
        if near is not None:
            left.remove(near)
        pairs.append(box if near is None else box.around(near))
    return pairs
