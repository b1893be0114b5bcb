"""Books on a board: runs of them upright, sets that are equally high, and stacks."""

from __future__ import annotations

import math

import attrs
import numpy as np

from ..palette import NEUTRALS, Rgb
from ..paths import Points
from .canvas import Canvas, shade
from .extras import MUTED
from .stage import Stage
from .surfaces import Panel

_PAGES: Rgb = (232, 222, 196)
# How far down a back its bands are, from its middle, by its style.
_BANDS = ((-0.38, 0.34), (-0.4, -0.35, 0.35), (-0.3, -0.2, 0.2, 0.3), (0.4,))
_EDGE = 0.7  # width of the dark line around a book, in thousandths


@attrs.frozen
class Place:
    """Where something may stand: between two sides, with its foot at *base*."""

    left: float
    right: float
    base: float

    @property
    def wide(self) -> float:
        """From side to side."""
        return self.right - self.left

    def meets(self, other: Place) -> bool:
        """Whether it has a part of its width in common with another."""
        return self.left < other.right and other.left < self.right


@attrs.frozen
class _Book:
    """The back of a book: where it is, its ink, and how it is adorned."""

    left: float
    top: float
    wide: float
    ink: Rgb
    style: int


def draw_run(stage: Stage, place: Place, high: float) -> float:
    """Books of many heights, side by side; where they end."""
    rng, u = stage.rng, stage.canvas.unit
    books, x = list[_Book](), place.left
    while True:
        number = int(rng.integers(3, 6)) if rng.random() < 0.14 else 1  # some are of one set
        wide, tall = float(rng.uniform(6, 14)) * u, float(rng.uniform(0.58, 0.9)) * high
        ink, style = _sample_ink(rng), int(rng.integers(4))
        for _ in range(number):
            if x + wide > place.right:
                _draw_backs(stage.canvas, books, place.base)
                return x
            books.append(_Book(x, place.base - tall, wide, ink, style))
            x += wide + 0.4 * u


def draw_leaning(stage: Stage, place: Place, high: float) -> float | None:
    """A few low books that lean to the left, where they end; or nothing if there is no room."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    turn, x, line = float(rng.uniform(9, 17)), place.left, _EDGE * u
    for _ in range(int(rng.integers(1, 4))):
        wide, tall = float(rng.uniform(6, 11)) * u, float(rng.uniform(0.48, 0.56)) * high
        lean, foot = math.sin(math.radians(turn)), math.cos(math.radians(turn))
        pivot = x + tall * lean + line  # its lower left edge, on the board
        if pivot + wide * foot > place.right:
            break
        across, down = (wide * foot - tall * lean) / 2, (tall * foot + wide * lean) / 2
        book = Panel(pivot + across, place.base - down, wide, tall, -turn, "")
        _draw_turned(canvas, book, _sample_ink(rng), int(rng.integers(4)))
        x, turn = pivot + wide / foot - tall * lean + 0.4 * u, turn + float(rng.uniform(-0.4, 0.4))
    else:
        return pivot + wide * foot
    return pivot - tall * lean + 2 * u if x > place.left else None


def _draw_turned(canvas: Canvas, book: Panel, ink: Rgb, style: int) -> None:
    """The back of a book that leans."""
    line = 2 * _EDGE * canvas.unit
    outer = attrs.evolve(book, width=book.width + line, height=book.height + line)
    outline = outer.part(-0.5, -0.5, 0.5, 0.5)
    canvas.cast([outline], 2.2 * canvas.unit, 0.32)
    canvas.area(outline, NEUTRALS["line"])
    canvas.area(book.part(-0.5, -0.5, 0.5, 0.5), ink)
    canvas.area(book.part(-0.5, -0.5, -0.36, 0.5), shade(ink, -0.25))
    canvas.area(book.part(0.32, -0.5, 0.5, 0.5), shade(ink, 0.25))
    high = 1.6 * canvas.unit / book.height
    canvas.area([book.part(-0.5, y, 0.5, y + high) for y in _BANDS[style]], shade(ink, -0.4))


def draw_set(stage: Stage, place: Place, high: float) -> tuple[float, Place]:
    """Low books that are equally high; where they end, and their upper side."""
    rng, u = stage.rng, stage.canvas.unit
    wide, top = float(rng.uniform(7, 10)) * u, place.base - float(rng.uniform(0.36, 0.5)) * high
    number = min(int(rng.integers(4, 9)), int(place.wide / (wide + 0.4 * u)))
    ink, other, style = _sample_ink(rng), _sample_ink(rng), int(rng.integers(4))
    books = [
        _Book(place.left + n * (wide + 0.4 * u), top, wide, other if n % 3 == 2 else ink, style)
        for n in range(number)
    ]
    _draw_backs(stage.canvas, books, place.base)
    right = place.left + number * (wide + 0.4 * u)
    return right, Place(place.left, right, top)


def draw_stack(stage: Stage, place: Place) -> tuple[float, Place]:
    """Lying books, the larger ones below; where they end, and the upper side of the last."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    long = min(place.wide, float(rng.uniform(46, 80)) * u)
    right, y, line = place.left + long, place.base, _EDGE * u
    left, boxes = place.left, list[tuple[float, float, float, float]]()
    for _ in range(int(rng.integers(2, 6))):
        thick = float(rng.uniform(6.5, 10.5)) * u
        boxes.append((left, y - thick, right, y))
        y -= thick + 0.3 * u
        shrink = float(rng.uniform(0, 0.12)) * (right - left)
        shift = float(rng.uniform(0, 1))
        left, right = left + shrink * shift, right - shrink * (1 - shift)
    canvas.cast([_corners(box) for box in boxes], 2.2 * u, 0.32)
    for left, top, right, low in boxes:
        ink, tail = _sample_ink(rng), rng.random() < 0.5
        canvas.rectangle(left - line, top - line, right + line, low + line, NEUTRALS["line"])
        canvas.rectangle(left, top, right, low, ink)
        canvas.rectangle(left, top, right, top + u, shade(ink, -0.25))
        canvas.rectangle(left, low - 1.2 * u, right, low, shade(ink, 0.25))
        start = left + u if tail else right - 7 * u
        canvas.rectangle(start, top + 1.4 * u, start + 6 * u, low - 1.4 * u, _PAGES)
        middle = (top + low) / 2
        canvas.rectangle(start, middle, start + 6 * u, middle + 0.5 * u, shade(_PAGES, 0.2))
        title = left + (right - left) * (0.34 if tail else 0.2)
        wide = (right - left) * float(rng.uniform(0.2, 0.4))
        canvas.rectangle(title, middle - 0.9 * u, title + wide, middle + 0.9 * u, shade(ink, -0.4))
    left, top, right, _ = boxes[-1]
    return place.left + long + 3 * u, Place(left, right, top)


def _sample_ink(rng: np.random.Generator) -> Rgb:
    return shade(MUTED[int(rng.integers(len(MUTED)))], float(rng.uniform(-0.15, 0.28)))


def _corners(box: tuple[float, float, float, float]) -> Points:
    left, top, right, low = box
    return np.array([[left, top], [right, top], [right, low], [left, low]])


def _draw_backs(canvas: Canvas, books: list[_Book], base: float) -> None:
    """Books in one shadow, each with a dark line around it."""
    if not books:
        return
    u = canvas.unit
    canvas.cast([_corners((b.left, b.top, b.left + b.wide, base)) for b in books], 2.2 * u, 0.32)
    for book in books:
        left, right, line = book.left, book.left + book.wide, _EDGE * u
        canvas.rectangle(left - line, book.top - line, right + line, base + line, NEUTRALS["line"])
    for book in books:
        _draw_back(canvas, book, base)


def _draw_back(canvas: Canvas, book: _Book, base: float) -> None:
    """The back of a book, lit from the left, with bands, a label or a title."""
    u, ink, x, tall = canvas.unit, book.ink, book.left, base - book.top
    right = x + book.wide
    canvas.rectangle(x, book.top, right, base, ink)
    canvas.rectangle(x, book.top, x + 1.2 * u, base, shade(ink, -0.25))
    canvas.rectangle(right - 1.6 * u, book.top, right, base, shade(ink, 0.25))
    for band in _BANDS[book.style]:
        y = book.top + (band + 0.5) * tall
        canvas.rectangle(x, y, right, y + 1.6 * u, shade(ink, -0.4))
    if book.wide < 8 * u or book.style == 2:
        return
    inset = 0.28 * book.wide
    ends = {0: (0.3, 0.58), 1: (0.26, 0.44), 3: (0.12, 0.62)}[book.style]
    label = shade(ink, -0.6 if book.style != 3 else -0.35)
    top, low = (book.top + end * tall for end in ends)
    canvas.rectangle(x + inset, top, right - inset, low, label)
