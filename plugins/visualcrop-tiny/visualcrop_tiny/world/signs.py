"""Signs with words or numbers: things like the others, but written when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeAlias

from .drawing import Ink, Layer, Thing, fill, line
from .lettering import STROKE, width_of, write
from .palette import COLOURS, to_lab
from .paths import bar, disc

SignStyle: TypeAlias = Literal["plate", "board", "arrow", "hanging"]
SIGN_STYLES: tuple[SignStyle, ...] = ("plate", "board", "arrow", "hanging")
SIGN_WORDS: tuple[str, ...] = (
    *("BAR", "BAY", "BOAT", "BOOK", "BUS", "CAFE", "CAKE", "CAR", "COAL", "COD", "DOCK", "EGGS"),
    *("EXIT", "FARM", "FISH", "FLAT", "FORT", "GATE", "GOLD", "HALL", "HOME", "HOT", "ICE", "INN"),
    *("JAM", "KEYS", "LAMP", "LOST", "MAIL", "MAPS", "MEN", "MILK", "MINT", "NEW", "NUTS"),
    *("OAK", "OPEN", "PARK", "PEAR", "PIE", "PIER", "PORT", "POST", "PUB", "QUAY", "RENT", "ROOM"),
    *("SALE", "SALT", "SHOE", "SOAP", "SOUP", "STOP", "TAXI", "TEA", "TIDE", "TOOL", "TOYS"),
    *("TUNA", "WAIT", "WAY", "WEST", "WINE", "WOOD", "YARD", "ZOO", "BREAD", "CLOCK", "FRESH"),
    *("HONEY", "HOTEL", "KIOSK", "MUSIC", "NORTH", "PIZZA", "QUICK", "RIVER"),
)
LETTER = 40.0  # height of letters, in units of a drawing


def dark_or_light(colour: str) -> Ink:
    """The ink that is read best on a colour."""
    lightness = float(to_lab(COLOURS[colour])[0])
    return "line" if lightness > 62 else "paper"


@lru_cache(1024)
def make_sign(text: str, colour: str, style: SignStyle = "plate") -> Thing:
    """
    A sign in one of the nine colours, with letters of the ink that is read best on it.

    Never mirror it.
    """
    wide, ink = width_of(text, LETTER), dark_or_light(colour)
    letters = line(ink, STROKE * LETTER / 10, write(text, 0, 0, LETTER))
    return Thing("sign", "signs", "a", (*_STYLES[style](wide, ink), letters))


def sign_size(sign: Thing, letters: float) -> int:
    """The size for `draw_sprite` at which the letters of a *sign* have so many pixels."""
    corners = sign.corners
    longest = float((corners.max(0) - corners.min(0)).max())
    return max(1, round(letters * longest / LETTER))


def _plate(wide: float, ink: Ink) -> tuple[Layer, ...]:
    return (
        fill("colour", bar(-20, -20, wide + 40, LETTER + 40, 10)),
        line(ink, 2.4, bar(-14, -14, wide + 28, LETTER + 28, 6)),
    )


def _board(wide: float, ink: Ink) -> tuple[Layer, ...]:
    middle = wide / 2
    return (
        fill("wood", bar(middle - 5, LETTER, 10, 62)),
        fill("colour", bar(-18, -16, wide + 36, LETTER + 32, 3)),
        fill(ink, disc(-11, -9, 2) + disc(wide + 11, -9, 2)),
        fill(ink, disc(-11, LETTER + 9, 2) + disc(wide + 11, LETTER + 9, 2)),
    )


def _arrow(wide: float, ink: Ink) -> tuple[Layer, ...]:
    left, top, right, low = -16, -16, wide + 14, LETTER + 16
    tip, half = right + 30, LETTER / 2
    return (
        fill("wood", bar(wide / 2 - 5, LETTER, 10, 62)),
        fill("colour", f"M {left} {top} H {right} L {tip} {half} L {right} {low} H {left} Z"),
    )


def _hanging(wide: float, ink: Ink) -> tuple[Layer, ...]:
    return (
        line("dark", 6, f"M -24 -44 H {wide + 24}"),
        line("metal", 4, f"M 0 -44 V -16 M {wide} -44 V -16"),
        fill("colour", bar(-18, -16, wide + 36, LETTER + 32, (LETTER + 32) / 2.6)),
    )


_STYLES: dict[SignStyle, Callable[[float, Ink], tuple[Layer, ...]]] = {
    "plate": _plate,
    "board": _board,
    "arrow": _arrow,
    "hanging": _hanging,
}
