"""
An overview of all small things, at several sizes and in all nine colours.

    python -m visualcrop_tiny.world.overview OUT.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import PIL.Image

from .drawing import Thing, line
from .lettering import STROKE, width_of, write
from .palette import COLOURS, Rgb
from .signs import SIGN_STYLES, make_sign, sign_size
from .sprites import Sprite, draw_sprite, ink_sprite
from .things import THINGS

_PAPER: Rgb = (233, 227, 214)
_INK: Rgb = (74, 64, 80)
_COLUMNS, _CELL = 8, (226, 152)
_LARGE, _SIZES, _ROW = 84, (48, 24, 16, 10), 18
_SIGNS = (("OPEN", "red"), ("42", "yellow"), ("FISH", "blue"), ("INN", "white"))


def draw_overview() -> PIL.Image.Image:
    """All things, each in a cell with its name, and a row of signs."""
    rows = -(-len(THINGS) // _COLUMNS)
    overview = PIL.Image.new("RGB", (_COLUMNS * _CELL[0] + 24, rows * _CELL[1] + 104), _PAPER)
    for number, thing in enumerate(THINGS.values()):
        left = 12 + number % _COLUMNS * _CELL[0]
        _draw_cell(overview, thing, number, (left, 12 + number // _COLUMNS * _CELL[1]))
    left, middle = 60, rows * _CELL[1] + 58
    for style in SIGN_STYLES:
        for (text, colour), letters in zip(_SIGNS, (24, 16, 12, 10), strict=True):
            sign = make_sign(text, colour, style)
            drawn = draw_sprite(sign, sign_size(sign, letters), colour)
            _paste(overview, drawn, left + drawn.size[0] // 2, middle)
            left += drawn.size[0] + 14
        left += 24
    return overview


def write_overview(path: Path) -> None:
    """Write the overview as a PNG of 256 colours."""
    overview = draw_overview()
    method = PIL.Image.Quantize.MEDIANCUT
    overview.quantize(255, method, dither=PIL.Image.Dither.NONE).save(path, "PNG", optimize=True)


def _draw_cell(
    overview: PIL.Image.Image, thing: Thing, number: int, corner: tuple[int, int]
) -> None:
    """One thing: large, then smaller and smaller, its name, and a row in all colours."""
    names = [*COLOURS]
    left, top = corner
    colour = names[(number + 2 * (number // _COLUMNS)) % len(names)]
    _paste(overview, draw_sprite(thing, _LARGE, colour), left + 50, top + 50)
    right = left + 104
    for size in _SIZES:
        drawn = draw_sprite(thing, size, colour)
        _paste(overview, drawn, right + drawn.size[0] // 2, top + 64)
        right += drawn.size[0] + 7
    name = _draw_words(thing.name.upper(), 10)
    _paste(overview, name, left + 104 + name.size[0] // 2, top + 20)
    for place, other in enumerate(names):
        _paste(overview, draw_sprite(thing, _ROW, other), left + 16 + place * 22, top + 116)


def _draw_words(text: str, height: int) -> Sprite:
    """Words without a plate."""
    wide = width_of(text, height)
    words = Thing(
        "words", "words", "a", (line("line", STROKE * height / 10, write(text, 0, 0, height)),)
    )
    return ink_sprite(words, round(wide + STROKE * height / 10), _INK)


def _paste(overview: PIL.Image.Image, drawn: Sprite, x: int, y: int) -> None:
    """Paste a sprite with its middle at x, y."""
    corner = x - drawn.size[0] // 2, y - drawn.size[1] // 2
    overview.paste(drawn.picture, corner, drawn.mask)


if __name__ == "__main__":
    write_overview(Path(sys.argv[1]))
