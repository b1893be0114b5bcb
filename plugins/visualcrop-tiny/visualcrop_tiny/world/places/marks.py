"""Small things that lie about on desks and shelves, and that nobody asks for."""

from __future__ import annotations

import numpy as np

from ..drawing import Ink, Layer, Thing, fill, line, patch
from ..paths import bar, disc, flatten, oval

_EDGE = 1.8
_METALS: tuple[tuple[Ink, Ink], ...] = (("straw", "wood"), ("metal", "stone"), ("tan", "umber"))


def _mark(name: str, *layers: Layer) -> Thing:
    return Thing(name, name + "s", "a", layers, _EDGE)


CLIP = _mark(
    "clip", line("metal", 7, "M 30 30 V 78 A 18 18 0 0 0 66 78 V 24 A 13 13 0 0 0 40 24 V 70")
)
COINS = tuple(
    _mark("coin", fill(ink, disc(50, 50, 44)), line(rim, 4, disc(50, 50, 33)))
    for ink, rim in _METALS
)
COIN = COINS[0]
BUTTON = _mark(
    "button",
    fill("colour", disc(50, 50, 44)),
    fill("line", disc(40, 40, 5) + disc(60, 40, 5) + disc(40, 60, 5) + disc(60, 60, 5)),
)
PIN = _mark("pin", line("metal", 5, "M 54 54 L 92 92"), fill("colour", disc(38, 38, 28)))
PEN = _mark(
    "pen",
    fill("dark", "M 2 50 L 16 45 V 55 Z"),
    fill("metal", bar(15, 45, 10, 10, 2)),
    fill("colour", bar(24, 44, 72, 12, 5)),
    line("metal", 3, "M 64 47 H 90"),
)
STAMP = _mark(
    "stamp",
    fill("paper", bar(8, 4, 84, 92)),
    fill("colour", bar(18, 14, 64, 72)),
    fill("pale", disc(50, 44, 16) + oval(50, 76, 26, 14)),
)
RUBBER = _mark("rubber", fill("paper", bar(8, 30, 84, 42, 6)), patch("colour", bar(8, 20, 44, 60)))
SHAVING = _mark("shaving", line("wood", 9, "M 10 60 C 30 10 60 90 88 34"))
NOTE = _mark(
    "note",
    fill("pale", "M 6 6 H 94 V 76 L 76 94 H 6 Z"),
    fill("colour", "M 94 76 H 76 V 94 Z"),
    line("line", 2.4, "M 18 26 H 80 M 18 42 H 72 M 18 58 H 76"),
)
SCISSORS = _mark(
    "pair of scissors",
    fill("metal", "M 46 58 L 26 2 L 58 50 Z M 54 58 L 74 2 L 42 50 Z"),
    line("colour", 8, oval(34, 78, 13, 16) + oval(66, 78, 13, 16)),
    fill("stone", disc(50, 52, 4)),
)
SPECTACLES = _mark(
    "pair of spectacles",
    line("dark", 3.4, "M 10 50 L 20 18 M 90 50 L 80 18 M 42 54 Q 50 46 58 54"),
    line("glass", 2.4, "M 15 56 L 22 49 M 67 56 L 74 49"),
    line("dark", 4.4, disc(24, 58, 19) + disc(76, 58, 19)),
)
TAPE = _mark(
    "roll of tape",
    Layer("colour", disc(50, 50, 46), holes=disc(50, 50, 25)),
    line("deep", 2, disc(50, 50, 37)),
    line("wood", 5, disc(50, 50, 25)),
)
CALCULATOR = _mark(
    "calculator",
    fill("colour", bar(20, 2, 60, 96, 6)),
    fill("leaf", bar(27, 10, 46, 18, 2)),
    fill("paper", "".join(bar(x, y, 9, 9, 2) for x in (27, 39, 51) for y in (36, 50, 64, 78))),
    fill("deep", "".join(bar(64, y, 9, 9, 2) for y in (36, 50, 64, 78))),
)
STAPLER = _mark(
    "stapler",
    fill("dark", bar(2, 36, 96, 28, 12)),
    fill("colour", "M 8 40 Q 8 34 16 34 L 82 39 Q 91 41 91 50 Q 91 59 82 61 L 16 66 Q 8 66 8 60 Z"),
    fill("pale", bar(22, 43, 48, 5, 2.5)),
    fill("metal", bar(84, 45, 9, 10, 2) + disc(15, 50, 4)),
)


def _card(turn: float) -> str:
    """A card of a fan that is held below."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points = flatten(bar(29, 8, 42, 64, 6))[0][0] - (50, 100)
    turned = points @ np.array([[cos, sin], [-sin, cos]]) + (50, 100)
    return "M " + " L ".join(f"{x:.1f} {y:.1f}" for x, y in turned) + " Z"


CARDS = _mark(
    "cards",
    *(fill("colour", _card(-26)), line("line", 1.8, _card(-26))),
    *(fill("colour", _card(-2)), line("line", 1.8, _card(-2))),
    *(fill("paper", _card(24)), line("line", 1.8, _card(24))),
    fill("deep", "M 69 30 L 78 46 L 64 58 L 55 42 Z"),
)
DISH = _mark("dish", fill("colour", disc(50, 50, 48)), fill("deep", disc(50, 50, 39)))
GEAR = (SCISSORS, SPECTACLES, TAPE, CALCULATOR, STAPLER, CARDS)
MARKS = (CLIP, COIN, BUTTON, PIN, PEN, STAMP, RUBBER, SHAVING, NOTE)
# Their longer sides on a desk, in thousandths of the picture's.
SIZES: dict[Thing, float] = dict(
    [
        *((CLIP, 14), (COIN, 11), (BUTTON, 8), (PIN, 10), (PEN, 62), (STAMP, 13), (RUBBER, 22)),
        *((SHAVING, 11), (NOTE, 34), (SCISSORS, 85), (SPECTACLES, 75), (TAPE, 45), (CARDS, 52)),
        *((CALCULATOR, 75), (STAPLER, 70), (DISH, 58)),
    ]
)
