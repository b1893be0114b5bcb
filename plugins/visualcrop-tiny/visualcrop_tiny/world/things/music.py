"""Three instruments."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc, oval

MUSIC = (
    Thing(
        *("drum", "drums", "a"),
        (
            fill("colour", "M 9 40 V 80 C 9 100 91 100 91 80 V 40 Z"),
            patch("paper", "M 8 50 L 24 88 L 38 56 L 50 92 L 62 56 L 76 88 L 92 50", 3),
            fill("colour", oval(50, 40, 41, 15)),
            fill("paper", oval(50, 39, 28, 8)),
            line("wood", 4.4, "M 44 38 L 14 9 M 56 38 L 86 9"),
            fill("wood", disc(14, 9, 5) + disc(86, 9, 5)),
        ),
    ),
    Thing(
        *("guitar", "guitars", "a"),
        (
            fill("dark", bar(43, 1, 14, 13, 4)),
            fill(
                "colour",
                "M 50 45 C 68 39 80 51 68 63 C 88 69 86 99 50 99 C 14 99 12 69 32 63 "
                "C 20 51 32 39 50 45 Z",
            ),
            strip("wood", 7, "M 50 13 V 68"),
            fill("dark", disc(50, 70, 6.5)),
            line("dark", 5, "M 43 88 H 57"),
            line("line", 1.2, "M 48.5 4 V 87 M 51.5 4 V 87"),
        ),
    ),
    Thing(
        *("trumpet", "trumpets", "a"),
        (
            line("colour", 8.5, bar(36, 46, 50, 30, 14)),
            line("colour", 10, "M 30 46 H 92"),
            fill("colour", "M 2 12 C 8 36 24 41 42 41 V 51 C 24 51 8 56 2 82 Q -2 46 2 12 Z"),
            fill("metal", bar(90, 37, 8, 18, 3)),
            line("colour", 7, "M 49 34 V 66 M 61 34 V 66 M 73 34 V 66"),
            line("metal", 6, "M 49 29 V 31 M 61 29 V 31 M 73 29 V 31"),
        ),
    ),
)
