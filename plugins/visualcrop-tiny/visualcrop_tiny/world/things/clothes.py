"""Eight things to wear, or to carry in the rain."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch
from ..paths import bar, disc

CLOTHES = (
    Thing(
        *("umbrella", "umbrellas", "an"),
        (
            line("wood", 5, "M 50 6 V 86 C 50 100 32 100 32 87"),
            line("line", 4, "M 50 3 V 12"),
            fill(
                "colour",
                "M 2 54 C 3 20 30 7 50 7 C 70 7 97 20 98 54 Q 90 44 82 54 Q 74 44 66 54 "
                "Q 58 44 50 54 Q 42 44 34 54 Q 26 44 18 54 Q 10 44 2 54 Z",
            ),
            patch("deep", "M 50 4 C 38 12 33 34 34 60 H 18 C 20 30 34 10 50 4 Z"),
            patch("deep", "M 50 4 C 62 12 67 34 66 60 H 82 C 80 30 66 10 50 4 Z"),
        ),
    ),
    Thing(
        *("hat", "hats", "a"),
        (
            fill("colour", "M 3 62 Q 50 84 97 62 Q 101 76 80 84 Q 50 94 20 84 Q -1 76 3 62 Z"),
            fill("colour", "M 25 12 Q 50 4 75 12 L 71 70 Q 50 80 29 70 Z"),
            patch("dark", "M 24 54 Q 50 66 76 54 L 76 68 Q 50 80 24 68 Z"),
        ),
    ),
    Thing(
        *("boot", "boots", "a"),
        (
            fill("dark", "M 26 84 H 97 V 96 H 58 L 52 91 L 50 96 H 26 Z"),
            fill("colour", "M 28 10 H 64 L 62 50 C 66 60 96 58 96 80 V 87 H 27 Z"),
            patch("paper", "M 20 4 H 70 V 19 H 20 Z"),
            patch("line", "M 70 60 Q 74 70 66 90", 2.2),
            line("paper", 3, "M 50 32 L 62 29 M 51 42 L 62 39 M 52 52 L 65 50"),
        ),
    ),
    Thing(
        *("glove", "gloves", "a"),
        (
            line("colour", 13, "M 32 66 L 12 46"),
            line("colour", 13, "M 34 52 L 31 20 M 48 50 V 9 M 63 50 L 65 12 M 77 54 L 81 26"),
            fill("colour", "M 27 46 H 84 L 78 74 Q 76 80 70 80 H 38 Q 30 78 28 68 Z"),
            fill("deep", bar(32, 77, 45, 20, 4)),
            line("line", 2, "M 43 80 V 94 M 54 80 V 94 M 65 80 V 94"),
            line("line", 2, "M 41 50 V 40 M 55.5 48 V 38 M 70 50 L 71 42"),
        ),
    ),
    Thing(
        *("shirt", "shirts", "a"),
        (
            fill(
                "colour",
                "M 33 8 Q 50 20 67 8 L 98 28 L 88 50 L 76 44 V 93 H 24 V 44 L 12 50 L 2 28 Z",
            ),
            patch("paper", "M 20 58 H 80 M 20 72 H 80", 7),
            line("line", 2.4, "M 31 9 Q 50 28 69 9"),
            line("line", 2, "M 24 44 V 36 M 76 44 V 36"),
        ),
    ),
    Thing(
        *("dress", "dresses", "a"),
        (
            fill(
                "colour",
                "M 32 3 H 40 Q 42 18 50 18 Q 58 18 60 3 H 68 Q 66 18 72 26 L 64 44 L 92 90 "
                "Q 71 100 50 94 Q 29 100 8 90 L 36 44 L 28 26 Q 34 18 32 3 Z",
            ),
            patch("deep", "M 38 50 L 24 100 M 50 50 V 100 M 62 50 L 76 100", 3),
            patch("paper", "M 20 45 H 80", 8),
        ),
    ),
    Thing(
        *("crown", "crowns", "a"),
        (
            fill("colour", "M 12 70 L 4 28 L 28 50 L 50 14 L 72 50 L 96 28 L 88 70 Z"),
            fill("paper", disc(5, 24, 6) + disc(50, 11, 7) + disc(95, 24, 6)),
            fill("colour", "M 11 68 Q 50 78 89 68 L 88 88 Q 50 98 12 88 Z"),
            fill("paper", disc(50, 83, 5.5) + disc(28, 80, 4.5) + disc(72, 80, 4.5)),
            fill("deep", "M 50 36 L 58 50 L 50 62 L 42 50 Z"),
        ),
    ),
    Thing(
        *("ring", "rings", "a"),
        (
            line("colour", 16, disc(50, 64, 26)),
            fill("glass", "M 38 4 H 62 L 71 15 L 50 36 L 29 15 Z"),
            line("line", 1.8, "M 29 15 H 71 M 42 15 L 50 34 L 58 15"),
        ),
    ),
)
