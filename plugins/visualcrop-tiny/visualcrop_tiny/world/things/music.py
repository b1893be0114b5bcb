"""Three instruments."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc, oval

MUSIC = (
    Thing(
        *("drum", "drums", "a"),
        (
            fill("colour", "M 10 42 V 80 C 10 98 90 98 90 80 V 42 Z"),
            patch("paper", "M 8 52 L 24 90 L 38 58 L 50 94 L 62 58 L 76 90 L 92 52", 4),
            fill("paper", oval(50, 42, 40, 15)),
            line("wood", 5, "M 44 42 L 8 8 M 56 42 L 92 8"),
            fill("wood", disc(8, 8, 6) + disc(92, 8, 6)),
        ),
    ),
    Thing(
        *("guitar", "guitars", "a"),
        (
            fill("dark", bar(41, 0, 18, 17, 4)),
            fill(
                "colour",
                "M 50 42 C 68 36 82 46 72 60 C 88 68 86 99 50 99 C 14 99 12 68 28 60 "
                "C 18 46 32 36 50 42 Z",
            ),
            strip("wood", 9, "M 50 15 V 62"),
            fill("dark", disc(50, 67, 9)),
            line("dark", 5, "M 40 87 H 60"),
            line("line", 1.2, "M 48.5 4 V 87 M 51.5 4 V 87"),
        ),
    ),
    Thing(
        *("trumpet", "trumpets", "a"),
        (
            line("colour", 9, bar(38, 46, 46, 26, 12)),
            line("colour", 10, "M 30 46 H 92"),
            fill("colour", "M 2 12 C 8 36 24 41 42 41 V 51 C 24 51 8 56 2 82 Q -2 46 2 12 Z"),
            fill("metal", bar(90, 37, 8, 18, 3)),
            line("colour", 8, "M 50 34 V 78 M 61 34 V 78 M 72 34 V 78"),
            line("metal", 7, "M 50 28 V 30 M 61 28 V 30 M 72 28 V 30"),
        ),
    ),
)
