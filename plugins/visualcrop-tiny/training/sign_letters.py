"""Where the letters of a drawn sign are."""

from __future__ import annotations

from functools import lru_cache

from visualcrop import Box
from visualcrop_tiny.world import SIGN_STYLES, make_sign
from visualcrop_tiny.world.lettering import width_of
from visualcrop_tiny.world.signs import LETTER, SignStyle


def locate_letters(text: str, box: Box) -> tuple[tuple[str, Box], ...]:
    """
    Each letter of a sign with its box in the picture.

    The style is the one whose proportions are those of the sign's *box*.
    """
    wanted = box.width / box.height
    style = min(SIGN_STYLES, key=lambda style: abs(_aspect(text, style) / wanted - 1))
    left, top, right, _ = _extent(text, style)
    scale = box.width / (right - left)
    located = []
    for number, letter in enumerate(text):
        start = width_of(text[: number + 1], LETTER) - width_of(letter, LETTER)
        x = box.left + (start - left) * scale
        y = box.top - top * scale
        wide = width_of(letter, LETTER) * scale
        located.append((letter, Box(x, y, x + wide, y + LETTER * scale)))
    return tuple(located)


def _aspect(text: str, style: SignStyle) -> float:
    left, top, right, bottom = _extent(text, style)
    return (right - left) / (bottom - top)


@lru_cache(1 << 14)
def _extent(text: str, style: SignStyle) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a sign, in units of its drawing."""
    corners = make_sign(text, "white", style).corners
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return float(left), float(top), float(right), float(bottom)
