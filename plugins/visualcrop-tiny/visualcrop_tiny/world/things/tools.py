"""Eight tools, large and small."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc

TOOLS = (
    Thing(
        *("hammer", "hammers", "a"),
        (
            fill("colour", bar(40, 32, 20, 66, 6)),
            fill("metal", "M 68 13 C 82 12 91 17 97 29 C 87 27 80 30 68 32 Z"),
            fill("metal", bar(12, 8, 15, 32, 4)),
            fill("colour", bar(24, 10, 48, 28, 3)),
        ),
    ),
    Thing(
        *("saw", "saws", "a"),
        (
            fill(
                "colour",
                "M 18 16 L 98 46 V 62 L 92 74 L 84 62 L 77 75 L 69 63 L 62 76 L 54 64 L 47 77 "
                "L 39 65 L 32 78 L 22 68 Z",
            ),
            fill(
                "wood",
                "M 8 18 H 22 Q 28 30 25 44 Q 25 58 29 72 H 11 Q 2 70 4 58 L 5 30 Z",
                bar(11, 34, 7, 22, 3.5),
            ),
            fill("paper", disc(86, 50, 3)),
        ),
    ),
    Thing(
        *("axe", "axes", "an"),
        (
            line("wood", 8, "M 34 8 V 96"),
            fill(
                "colour",
                "M 24 17 H 42 C 58 19 72 13 84 0 C 101 20 101 52 84 74 C 76 54 60 40 42 40 H 24 Z",
            ),
            patch("metal", "M 88 0 C 101 22 101 50 88 72", 10),
        ),
    ),
    Thing(
        *("key", "keys", "a"),
        (
            line("colour", 12, "M 44 50 H 93"),
            line("colour", 10, "M 76 52 V 70 M 92 52 V 66"),
            line("colour", 14, disc(24, 50, 16)),
        ),
    ),
    Thing(
        *("magnet", "magnets", "a"),
        (
            strip("metal", 24, "M 18 70 V 96 M 82 70 V 96"),
            strip("colour", 24, "M 18 76 V 40 A 32 32 0 0 1 82 40 V 76"),
        ),
    ),
    Thing(
        *("pencil", "pencils", "a"),
        (
            fill("wood", "M 17 61 L 39 83 L 4 96 Z"),
            fill("dark", "M 9 83 L 17 91 L 4 96 Z"),
            strip("colour", 33, "M 84 16 L 27 73"),
            patch("pale", "M 76 8 L 18 66", 7),
            patch("deep", "M 92 24 L 36 80", 7),
            strip("metal", 33, "M 88 12 L 82 18"),
            strip("paper", 33, "M 91 9 L 88 12"),
        ),
    ),
    Thing(
        *("comb", "combs", "a"),
        (
            line("colour", 8.5, "M 10 36 V 78 M 26 36 V 78 M 42 36 V 78 M 58 36 V 78 M 74 36 V 78"),
            line("colour", 8.5, "M 90 36 V 78"),
            fill("colour", "M 4 44 V 34 Q 4 22 16 22 H 84 Q 96 22 96 34 V 44 Z"),
            line("pale", 4, "M 16 32 H 84"),
        ),
    ),
    Thing(
        *("ladder", "ladders", "a"),
        (
            strip("colour", 8.5, "M 32 20 H 68 M 30 40 H 70 M 28 60 H 72 M 26 80 H 74"),
            line("colour", 10, "M 34 5 L 22 95 M 66 5 L 78 95"),
        ),
    ),
)
