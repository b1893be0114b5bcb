"""What the model is shown of nodes: one image, or the whole with a frame and what is in it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import PIL.Image
import PIL.ImageDraw

from visualcrop import Box, Image, View

from .family import Colour, Views
from .prompts import MAIN, ZOOMED, Tag
from .rectangles import grown, joined, moved, surroundings, union
from .tree import Node

_FAR = 1000  # pixels of a crop beyond which two places are pasted side by side
_BICUBIC = PIL.Image.Resampling.BICUBIC


@attrs.frozen
class Look:
    """The parts of a prompt before its question, and the words that suit them."""

    tag: Tag
    parts: tuple[str | View, ...]


@attrs.frozen(eq=False, slots=False)
class Showing:
    """One image, as one kind of model is shown it."""

    image: Image
    views: Views
    side: int
    scale: float
    paper: Colour
    colour: str = "red"  # of frames
    _known: dict[tuple[Node, ...], Look] = attrs.field(factory=dict, init=False)
    _square: list[PIL.Image.Image] = attrs.field(factory=list, init=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image."""
        return self.image.width, self.image.height

    @property
    def whole(self) -> Look:
        """The whole image, as sharp as the model takes it."""
        return Look(self._one, (View.whole(self.image),))

    @property
    def glance(self) -> Look:
        """The whole image, as small as the model sees it at once."""
        thumbnail = self._thumbnail(self._canvas)
        return Look(self._one, (View.whole(Image(thumbnail)),))

    def of(self, *nodes: Node) -> Look:
        """What is shown of one node or of several; of none, the whole image."""
        if nodes not in self._known:
            self._known[nodes] = self._look(nodes)
        return self._known[nodes]

    @property
    def _one(self) -> Tag:
        return "local" if self.views == "crop" else "global"

    def _look(self, nodes: Sequence[Node]) -> Look:
        roots = [node for node in nodes if node.depth == 0]
        if not nodes or len(roots) == len(nodes) or (roots and self.views != "crop"):
            return self.whole
        boxes = joined([surroundings(n.xywh, self.size, self.side, self.scale) for n in nodes])
        return self._crop(boxes) if self.views == "crop" else self._pair(boxes)

    def _crop(self, boxes: Sequence[Box]) -> Look:
        box = union(boxes)
        if len(boxes) == 2 and max(box.width, box.height) > _FAR:
            return Look("local", (View.whole(Image(self._pasted(*boxes))),))
        return Look("local", (View(self.image, box),))

    def _pasted(self, left: Box, right: Box) -> PIL.Image.Image:
        """Two places, each a square, with their order and some of the height between them."""
        if left.left > right.left:
            left, right = right, left
        side = self.side
        canvas = PIL.Image.new("RGB", (2 * side, 2 * side), self.paper)
        middles = [int(box.top + box.bottom) // 2 for box in (left, right)]
        down = max(-side, min(middles[1] - middles[0], side))
        for box, place in (
            (left, (0, side // 2 - down // 2)),
            (right, (side, side // 2 + down // 2)),
        ):
            canvas.paste(self.image.crop(box).resize((side, side), _BICUBIC), place)
        return canvas

    def _pair(self, boxes: Sequence[Box]) -> Look:
        """The frames are drawn on the canvas, and wiped off when both pictures are taken."""
        canvas = self._canvas
        across, down = self._offset
        width = max(1, canvas.width // 120)
        frames = [_within(grown(moved(b, across, down), width), canvas.width) for b in boxes]
        left, top, right, bottom = place = union(frames).whole_pixels()
        clean = canvas.crop((left, top, right + 1, bottom + 1))  # a frame ends one pixel outside
        draw = PIL.ImageDraw.Draw(canvas)
        for frame in frames:
            draw.rectangle(frame.whole_pixels(), outline=self.colour, width=width)
        thumbnail, zoomed = self._thumbnail(canvas), canvas.crop(place)
        canvas.paste(clean, (left, top))
        pictures = [View.whole(Image(picture)) for picture in (thumbnail, zoomed)]
        return Look("zoom", (pictures[0], MAIN.format(colour=self.colour), pictures[1], ZOOMED))

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
            self._square.append(PIL.Image.new("RGB", (side, side), self.paper))
            self._square[0].paste(self.image.picture, self._offset)
        return self._square[0]

    def _thumbnail(self, canvas: PIL.Image.Image) -> PIL.Image.Image:
        """The canvas as small as the smallest view; in the image's own shape where that is seen."""
        if self.views == "pair":
            return canvas.resize((self.side, self.side), _BICUBIC)
        width, height = self.size
        across, down = self._offset
        inner = canvas.crop((across, down, across + width, down + height))
        longer = max(width, height)
        size = max(1, width * self.side // longer), max(1, height * self.side // longer)
        return inner.resize(size, _BICUBIC)


def _within(box: Box, side: int) -> Box:
    return Box(max(0, box.left), max(0, box.top), min(side, box.right), min(side, box.bottom))
