"""Lines of text in an image of any size: tile by tile, joined where a line crosses a seam."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

import attrs
import numpy as np
import PIL.Image

from visualcrop import Box, Image, View
from visualcrop.plugin import after_fork_in_child

from .engine import Engine, Quads

TILE, OVERLAP = 1024, 192  # pixels on a side; a line lower than the overlap is whole in a tile
_CLEAR, _MOST_ZOOM = 736, 4.0  # pixels on a side up to which a picture is enlarged, and how far
_MOST_TILES = 100  # of a view that is read: as many as three times 8K
_MOST_LINES = 64  # that are read in one view
_UNSURE = 0.8  # probability below which a line is read upside down as well
_LEAST = 0.5  # probability below which a line counts as unread, as in rapidocr
# Shares by which two boxes are of one line: of the shorter that lies in the longer; of lengths,
# where the one that was found at a larger scale is kept; and, of parts, across the line.
_INSIDE, _ALIKE, _ABREAST = 0.8, 0.95, 0.6

T = TypeVar("T")
Corner = tuple[float, float]


@attrs.frozen
class Line:
    """One line of text: its corners clockwise from where it begins, in pixels of the image."""

    corners: tuple[Corner, Corner, Corner, Corner] = attrs.field(
        converter=lambda corners: tuple(tuple(corner) for corner in corners)
    )

    @property
    def box(self) -> Box:
        xs, ys = zip(*self.corners, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    @property
    def length(self) -> float:
        """Pixels from where it begins to where it ends."""
        left_top, right_top, right_bottom, left_bottom = self.corners
        return max(math.dist(left_top, right_top), math.dist(left_bottom, right_bottom))

    @property
    def height(self) -> float:
        """Pixels across it."""
        left_top, right_top, right_bottom, left_bottom = self.corners
        return max(math.dist(left_top, left_bottom), math.dist(right_top, right_bottom))


@attrs.frozen
class Tile:
    """A part of an image, and the pixels that are read for each of its pixels."""

    box: Box
    scale: float = 1.0


@attrs.frozen
class Text:
    """What one line says."""

    line: Line
    text: str
    probability: float  # mean of its letters'


class Memo(Generic[T]):
    """The last values by key: the same tile is asked for by each target."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._held: OrderedDict[Hashable, T] = OrderedDict()
        self._renew_lock()
        after_fork_in_child(self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of *key*, made where it is not held."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        value = make()
        with self._lock:
            self._held[key] = value
            while len(self._held) > self.size:
                self._held.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._held)


_engine = Engine()
_found: Memo[Quads] = Memo(512)  # by image, tile and scale: 32 kB each at most
_read: Memo[tuple[str, float]] = Memo(4096)  # by image and line


def cut_tiles(rectangle: tuple[int, int, int, int]) -> list[Tile]:
    """
    Overlapping tiles of an image's part, row by row, and last the part as a whole.

    The whole is shrunk to the size of a tile, for letters as large as a tile; where it is smaller
    it is enlarged, and is the only one.
    """
    left, top, right, bottom = rectangle
    rows, columns = _cut(top, bottom), _cut(left, right)
    boxes = [Box(x, y, x_end, y_end) for y, y_end in rows for x, x_end in columns]
    parts = [Tile(box) for box in boxes] if len(boxes) > 1 else []
    longest = max(right - left, bottom - top)
    scale = TILE / longest if longest > TILE else min(_MOST_ZOOM, max(1.0, _CLEAR / longest))
    return [*parts, Tile(Box(*rectangle), scale)]


def _cut(start: int, stop: int) -> list[tuple[int, int]]:
    length = stop - start
    if length <= TILE:
        return [(start, stop)]
    steps = math.ceil((length - TILE) / (TILE - OVERLAP))
    starts = [start + (length - TILE) * i // steps for i in range(steps + 1)]
    return [(at, at + TILE) for at in starts]


def find_lines(image: Image, tiles: Iterable[Tile]) -> list[Line]:
    """The lines in *tiles* of the image, each once."""
    lines: list[Line] = []
    for tile in tiles:
        quads = _found.get((image.key, tile), partial(_find_in_tile, image, tile))
        lines = [*_join(lines, [Line((a, b, c, d)) for a, b, c, d in quads.tolist()])]
    return lines


def _find_in_tile(image: Image, tile: Tile) -> Quads:
    picture = image.crop(tile.box)
    width, height = (max(1, round(side * tile.scale)) for side in picture.size)
    if tile.scale != 1:
        picture = picture.resize((width, height), PIL.Image.Resampling.BICUBIC)
    found = _engine.find_lines(picture)
    quads: Quads = found * (tile.box.width / width, tile.box.height / height)
    quads += (tile.box.left, tile.box.top)
    quads = quads[np.ptp(quads, axis=1).min(axis=1, initial=np.inf) > 0]  # lines without area
    quads.flags.writeable = False
    return quads


def _join(lines: Sequence[Line], fresh: Iterable[Line]) -> Iterator[Line]:
    """*lines* of other tiles and *fresh* ones, where parts of one line are made one."""
    left = list(lines)
    for line in fresh:
        joined = line
        for other in lines:
            if other in left and (both := join_parts(other, joined)) is not None:
                left.remove(other)
                joined = both
        yield joined
    yield from left


def join_parts(one: Line, other: Line) -> Line | None:
    """One line of two that overlap as parts of it do; none if they are two lines."""
    a, b = one.box, other.box
    common = a.common(b)
    if common is None:
        return None
    longer, shorter = (one, other) if _span(one) >= _span(other) else (other, one)
    if common.area >= _INSIDE * shorter.box.area:
        return one if _span(one) >= _ALIKE * _span(longer) else longer
    is_level = a.width + b.width > a.height + b.height
    sides = (a.height, b.height) if is_level else (a.width, b.width)
    across = common.height if is_level else common.width
    if across < _ABREAST * max(sides):
        return None
    first, last = sorted((one, other), key=lambda line: line.box.centre[0 if is_level else 1])
    begin, end = first.corners, last.corners
    if is_level:
        return Line((begin[0], end[1], end[2], begin[3]))
    return Line((begin[0], begin[1], end[2], end[3]))


def _span(line: Line) -> float:
    return max(line.box.width, line.box.height)


def read_view(view: View) -> list[Text]:
    """
    The lines of text in a view, in reading order, at most 64.

    They are found in the view alone: what they say depends on nothing that was asked before. A view
    of more than 100 tiles is read from a copy that is shrunk to one.
    """
    tiles = cut_tiles(view.image.rectangle(view.box))
    lines = sort_lines(find_lines(view.image, tiles if len(tiles) <= _MOST_TILES else tiles[-1:]))[
        :_MOST_LINES
    ]
    return [text for line in lines if (text := read_line(view.image, line)) is not None]


def sort_lines(lines: Iterable[Line]) -> list[Line]:
    """In reading order: rows from the top, and each from the left."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.centre[1]):
        row = rows[-1][0].box if rows else None
        if row is not None and line.box.centre[1] - row.centre[1] < row.height / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line.box.left)]


def read_line(image: Image, line: Line) -> Text | None:
    """What a line says; none if it cannot be read, or is a drawing: a frame is read as one 口."""
    text, probability = _read.get((image.key, line), lambda: _recognise(cut_line(image, line)))
    is_drawing = len(text) == 1 and not text.isascii()
    is_read = text and probability >= _LEAST and not is_drawing
    return Text(line, text, probability) if is_read else None


def _recognise(picture: PIL.Image.Image) -> tuple[str, float]:
    """The likeliest reading: as it stands, and turned where it is tall or unsure."""
    turn = PIL.Image.Transpose
    best = _engine.read_line(picture)
    if picture.height >= 1.5 * picture.width:
        turned = [picture.transpose(turn.ROTATE_90), picture.transpose(turn.ROTATE_270)]
    else:
        turned = [picture.transpose(turn.ROTATE_180)] if best[1] < _UNSURE else []
    return max([best, *map(_engine.read_line, turned)], key=lambda read: read[1])


def cut_line(image: Image, line: Line) -> PIL.Image.Image:
    """The line's pixels, made level."""
    whole = image.crop(line.box)
    left, top, _, _ = image.rectangle(line.box)
    a, b, c, d = ((x - left, y - top) for x, y in line.corners)
    size = max(1, round(line.length)), max(1, round(line.height))
    corners = (*a, *d, *c, *b)  # Pillow goes the other way round
    bicubic = PIL.Image.Resampling.BICUBIC
    return whole.transform(size, PIL.Image.Transform.QUAD, corners, bicubic)
