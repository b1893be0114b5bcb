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
MARKS = (CLIP, COIN, BUTTON, PIN, PEN, STAMP, RUBBER, SHAVING, NOTE)
