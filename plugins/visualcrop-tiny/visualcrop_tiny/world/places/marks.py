"""Small things that lie about on desks and shelves, and that nobody asks for."""

from __future__ import annotations

from ..drawing import Layer, Thing, fill, line, patch
from ..paths import bar, disc, oval

_EDGE = 1.8


def _mark(name: str, *layers: Layer) -> Thing:
    return Thing(name, name + "s", "a", layers, _EDGE)


CLIP = _mark(
    "clip", line("metal", 7, "M 30 30 V 78 A 18 18 0 0 0 66 78 V 24 A 13 13 0 0 0 40 24 V 70")
)
COIN = _mark("coin", fill("straw", disc(50, 50, 44)), line("wood", 4, disc(50, 50, 33)))
BUTTON = _mark(
    "button",
    fill("colour", disc(50, 50, 44)),
    fill("line", disc(40, 40, 5) + disc(60, 40, 5) + disc(40, 60, 5) + disc(60, 60, 5)),
)
PIN = _mark("pin", line("metal", 5, "M 54 54 L 92 92"), fill("colour", disc(38, 38, 28)))
PEN = _mark(
    "pen",
    line("colour", 12, "M 84 14 L 30 70"),
    fill("dark", "M 24 66 L 34 76 L 10 92 Z"),
    line("pale", 4, "M 80 10 L 50 42"),
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
    fill("straw", "M 6 6 H 94 V 76 L 76 94 H 6 Z"),
    fill("wood", "M 94 76 H 76 V 94 Z"),
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
    fill("glass", disc(24, 58, 19) + disc(76, 58, 19)),
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
    fill("dark", bar(4, 72, 92, 10, 4)),
    fill("metal", bar(14, 60, 80, 9, 2)),
    fill("colour", "M 8 56 Q 10 34 36 34 L 92 46 Q 98 56 92 62 H 12 Z"),
    fill("pale", "M 20 46 Q 26 40 38 40 L 70 46 L 70 50 Z"),
)
CARDS = _mark(
    "cards",
    fill("colour", "M 8 22 L 48 8 L 76 84 L 36 98 Z"),
    fill("paper", "M 34 8 H 78 V 90 H 34 Z"),
    fill("deep", "M 56 34 Q 74 46 56 66 Q 38 46 56 34 Z"),
)
GEAR = (SCISSORS, SPECTACLES, TAPE, CALCULATOR, STAPLER, CARDS)
MARKS = (CLIP, COIN, BUTTON, PIN, PEN, STAMP, RUBBER, SHAVING, NOTE)
