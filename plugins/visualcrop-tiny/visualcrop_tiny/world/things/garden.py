"""Eight things that grow."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch
from ..paths import disc, oval

GARDEN = (
    Thing(
        *("apple", "apples", "an"),
        (
            fill(
                "colour",
                "M 50 32 C 62 18 95 20 95 52 C 95 80 72 100 58 95 Q 50 92 42 95 "
                "C 28 100 5 80 5 52 C 5 20 38 18 50 32 Z",
            ),
            fill("pale", "M 16 54 C 14 42 22 34 30 34 C 24 40 22 46 22 55 Q 18 60 16 54 Z"),
            line("wood", 5, "M 50 34 Q 48 18 42 8"),
            fill("leaf", "M 50 22 C 56 4 76 2 90 6 C 86 22 68 30 50 22 Z"),
        ),
    ),
    Thing(
        *("banana", "bananas", "a"),
        (
            fill("dark", "M 8 8 L 20 2 L 24 14 L 12 18 Z"),
            fill(
                "colour",
                "M 10 15 L 23 12 C 28 46 52 62 92 60 Q 98 62 97 70 C 86 92 52 96 32 80 "
                "C 14 66 8 40 10 15 Z",
            ),
            patch("deep", "M 16 12 C 18 50 44 78 100 68", 4),
            fill("dark", "M 92 59 L 99 60 L 99 71 L 93 74 Z"),
        ),
    ),
    Thing(
        *("cherry", "cherries", "a"),
        (
            line("leaf", 4.4, "M 26 56 C 32 30 46 14 64 6 M 72 52 C 74 34 70 18 64 6"),
            fill("leaf", "M 62 8 C 70 -2 88 2 97 12 C 88 22 70 20 62 8 Z"),
            fill("colour", disc(25, 74, 22) + disc(74, 71, 22)),
            fill("pale", oval(17, 66, 4, 6) + oval(66, 63, 4, 6)),
        ),
    ),
    Thing(
        *("carrot", "carrots", "a"),
        (
            line("leaf", 8, "M 48 34 L 30 10 M 50 32 V 5 M 52 34 L 70 10"),
            fill(
                "colour",
                "M 26 36 Q 38 24 50 29 Q 62 24 74 36 C 78 58 62 86 50 99 C 38 86 22 58 26 36 Z",
            ),
            patch("line", "M 24 48 H 40 M 62 56 H 80 M 30 66 H 46 M 54 78 H 70", 2.4),
        ),
    ),
    Thing(
        *("mushroom", "mushrooms", "a"),
        (
            fill("paper", "M 38 54 H 62 Q 60 78 69 94 Q 50 100 31 94 Q 40 78 38 54 Z"),
            fill("colour", "M 3 54 C 1 20 30 4 50 4 C 70 4 99 20 97 54 Q 50 68 3 54 Z"),
            patch("paper", disc(50, 22, 8) + disc(24, 38, 7) + disc(76, 40, 7) + disc(50, 50, 5.5)),
        ),
    ),
    Thing(
        *("tulip", "tulips", "a"),
        (
            line("leaf", 5, "M 50 54 V 97"),
            fill("leaf", "M 50 97 C 34 94 26 82 26 68 C 40 72 50 84 50 97 Z"),
            fill("leaf", "M 50 97 C 66 94 74 82 74 68 C 60 72 50 84 50 97 Z"),
            fill("deep", "M 50 2 L 66 22 L 50 50 L 34 22 Z"),
            fill("colour", "M 20 6 Q 38 18 50 58 C 24 64 12 36 20 6 Z"),
            fill("colour", "M 80 6 Q 62 18 50 58 C 76 64 88 36 80 6 Z"),
            fill("colour", "M 50 20 C 66 30 66 52 50 60 C 34 52 34 30 50 20 Z"),
        ),
    ),
    Thing(
        *("cactus", "cactuses", "a"),
        (
            line("colour", 15, "M 50 60 H 20 V 36 M 50 50 H 80 V 26"),
            line("colour", 25, "M 50 86 V 16"),
            patch("paper", "M 43 20 V 26 M 57 24 V 30 M 50 36 V 42 M 42 48 V 54 M 57 52 V 58", 2.6),
            fill("paper", disc(20, 42, 1.8) + disc(80, 34, 1.8) + disc(72, 50, 1.8)),
            fill("wood", "M 30 78 H 70 L 64 99 H 36 Z"),
        ),
    ),
    Thing(
        *("leaf", "leaves", "a"),
        (
            line("colour", 6, "M 24 76 L 6 96"),
            fill("colour", "M 20 80 C -2 44 28 6 96 4 C 98 70 60 100 20 80 Z"),
            line("line", 3, "M 20 80 L 78 22"),
            line("line", 2.4, "M 36 64 V 40 M 52 48 V 24 M 38 62 H 62 M 54 46 H 78"),
        ),
    ),
)
