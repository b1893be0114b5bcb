"""Eight tools, large and small."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc

TOOLS = (
    Thing(
        *("hammer", "hammers", "a"),
        (
            fill("colour", bar(42, 32, 17, 66, 6)),
            fill("metal", "M 64 12 C 80 10 90 16 98 30 C 86 28 76 32 64 34 Z"),
            fill("metal", bar(8, 8, 20, 32, 4)),
            fill("colour", bar(24, 11, 46, 26, 3)),
        ),
    ),
    Thing(
        *("saw", "saws", "a"),
        (
            fill(
                "colour",
                "M 26 24 L 98 50 V 60 L 93 70 L 86 62 L 79 71 L 72 63 L 65 72 L 58 64 L 51 73 "
                "L 44 65 L 37 74 L 26 66 Z",
            ),
            fill("wood", "M 8 18 H 30 Q 36 30 32 42 Q 32 58 38 72 H 12 Q 2 70 4 58 L 6 30 Z", bar(13, 32, 11, 26, 5)),
            fill("metal", disc(26, 26, 2.4)),
        ),
    ),
    Thing(
        *("axe", "axes", "an"),
        (
            line("wood", 9, "M 36 8 V 95"),
            fill("colour", "M 26 14 H 50 C 66 16 80 10 90 2 C 100 22 98 46 88 66 C 78 52 64 46 50 46 H 26 Z"),
            patch("metal", "M 90 0 C 96 22 94 48 87 68", 12),
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
            fill("wood", "M 20 56 L 44 80 L 4 96 Z"),
            fill("dark", "M 10 80 L 20 90 L 4 96 Z"),
            strip("colour", 32, "M 80 20 L 31 69"),
            patch("pale", "M 72 14 L 22 64", 7),
            patch("deep", "M 86 26 L 38 76", 7),
            strip("metal", 32, "M 86 14 L 79 21"),
            strip("paper", 32, "M 92 8 L 86 14"),
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
