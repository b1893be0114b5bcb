"""Text in images of any size is found, once, and read."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import PIL.Image
import pytest
from PIL import ImageDraw

from tests.support.signs import draw_sign, hang, noise
from visualcrop import Box, Image, View
from visualcrop_ocr import finding
from visualcrop_ocr.finding import (
    OVERLAP,
    TILE,
    Line,
    Memo,
    cut_tiles,
    find_lines,
    join_parts,
    read_view,
    sort_lines,
)
from visualcrop_ocr.matching import match


def _say(image: Image, box: Box | None = None) -> str:
    return " ".join(text.text for text in read_view(View(image, box or image.box)))


def _level(left: float, top: float, right: float, bottom: float) -> Line:
    return Line(((left, top), (right, top), (right, bottom), (left, bottom)))


@pytest.mark.parametrize("size", [(1, 1), (1024, 1024), (1025, 300), (3840, 2160), (7680, 4320)])
def test_tiles_cover_the_image(size: tuple[int, int]) -> None:
    """A line as low and as long as the overlap lies whole in some tile, wherever it is."""
    *parts, whole = cut_tiles((0, 0, *size))
    assert whole.box == Box(0, 0, *size)
    for axis, length in enumerate(size):
        sides = [(t.box.left, t.box.top, t.box.right, t.box.bottom) for t in parts or [whole]]
        spans = sorted({(each[axis], each[axis + 2]) for each in sides})
        assert (spans[0][0], spans[-1][1]) == (0, length)
        assert all(one[1] - after[0] >= OVERLAP for one, after in pairwise(spans))
    assert all(t.box.width <= TILE and t.box.height <= TILE for t in parts)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("OPEN", {"size": 10}),
        ("Bakery", {"size": 14, "font": "DejaVuSerif-Bold"}),
        ("NO PARKING", {"size": 40, "font": "STIXGeneral"}),
        ("EXIT 24", {"angle": 30}),
        ("Platform 9", {"angle": 90, "font": "DejaVuSansMono"}),
        ("OPEN", {"angle": 180}),
        ("7", {"size": 40}),
    ],
)
def test_reads_a_sign(text: str, how: dict[str, Any]) -> None:
    """Words are read to the letter: small, in several faces, on a slope, on end, upside down."""
    assert match(text, _say(draw_sign(text, **how))) == 1


def test_a_line_over_a_seam_is_one() -> None:
    """What two tiles show in part is found once and read whole; a small sign in 2K is, too."""
    wall = noise(TILE + 500, 600)
    hang(wall, "DEPARTURES AND ARRIVALS", (600, 100))
    hang(wall, "GATE 7", (80, 500), size=16)
    image = Image.open(wall)
    *parts, whole = cut_tiles((0, 0, *wall.size))
    lines = find_lines(image, [*parts, whole])
    crossing = [line for line in lines if line.box.common(Box(600, 100, 1200, 150))]

    assert len(parts) == 2
    assert len(crossing) == 1
    assert match("DEPARTURES AND ARRIVALS", _say(image)) == 1
    assert match("GATE 7", _say(image)) == 1


def test_parts_of_a_line_are_joined() -> None:
    """On a level and on end; lines one below the other stay two."""
    assert join_parts(_level(0, 0, 60, 10), _level(50, 1, 120, 11)) == Line(
        ((0, 0), (120, 1), (120, 11), (0, 10))
    )
    tall, below = _level(0, 0, 10, 60), _level(1, 50, 11, 120)
    joined = join_parts(tall, below)
    assert joined is not None
    assert joined.box == Box(0, 0, 11, 120)
    assert join_parts(_level(0, 0, 60, 10), _level(0, 8, 60, 18)) is None
    assert join_parts(_level(0, 0, 60, 10), _level(70, 0, 90, 10)) is None
    assert join_parts(_level(0, 0, 60, 10), _level(10, 1, 20, 9)) == _level(0, 0, 60, 10)


def test_reading_order() -> None:
    """Rows from the top, each from the left, though rows are never quite level."""
    right, left, below = _level(50, 0, 90, 10), _level(0, 3, 40, 13), _level(0, 20, 40, 30)
    assert sort_lines([below, right, left]) == [left, right, below]


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (300, 200)])
def test_nothing_to_read(size: tuple[int, int]) -> None:
    """A wall says nothing, however small the part of it."""
    assert not read_view(View.whole(Image.open(noise(*size))))


def test_a_drawing_is_no_text() -> None:
    """A frame, which would be read as the Chinese for mouth, says nothing."""
    wall = noise(120, 120)
    ImageDraw.Draw(wall).rectangle((40, 40, 80, 80), outline="black", width=6)
    image = Image.open(wall)
    (line,) = find_lines(image, cut_tiles((0, 0, 120, 120)))
    assert finding._recognise(finding.cut_line(image, line))[0] == "口"
    assert not read_view(View.whole(image))


def test_a_view_is_read_alone() -> None:
    """What a view says does not depend on what was read before, nor on the rest of its image."""
    wall = noise(700, 300)
    hang(wall, "GATE 7", (100, 100))
    hang(wall, "PAD 40", (400, 100))
    image = Image.open(wall)
    before = _say(image, Box(380, 60, 700, 200))
    assert (_say(image), _say(image, Box(380, 60, 700, 200))) == ("GATE 7 PAD 40", before)
    assert match("PAD 40", before) == 1


def test_a_tile_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second target, or an equal picture, costs nothing."""
    image = draw_sign("Platform 9")
    said = _say(image)
    monkeypatch.setattr(finding._engine, "_run", None)
    again = Image.open(PIL.Image.fromarray(image.pixels))
    assert _say(again) == said


def test_what_is_remembered_has_a_bound() -> None:
    """The last values are held, and those that were used last."""
    memo: Memo[int] = Memo(2)
    for key in (1, 2, 1, 3):
        assert memo.get(key, partial(int, key)) == key
    assert len(memo) == 2
    assert [memo.get(key, lambda: -1) for key in (1, 3, 2)] == [1, 3, -1]
