"""Seven things from rooms."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc, oval

HOUSE = (
    Thing(
        *("lamp", "lamps", "a"),
        (
            line("metal", 7, "M 50 54 V 88"),
            line("line", 2, "M 68 54 V 68"),
            fill("line", disc(68, 70, 3)),
            fill("flame", oval(50, 55, 14, 8)),
            fill("colour", "M 32 4 H 68 L 92 56 H 8 Z"),
            patch("deep", "M 0 50 H 100", 5),
            fill("colour", "M 22 96 Q 24 82 50 82 Q 76 82 78 96 Z"),
        ),
    ),
    Thing(
        *("lantern", "lanterns", "a"),
        (
            line("metal", 5, disc(50, 11, 8)),
            fill("glass", bar(33, 36, 34, 40)),
            fill("flame", "M 50 42 C 60 54 60 64 50 72 C 40 64 40 54 50 42 Z"),
            strip("colour", 11, "M 28 34 V 78 M 72 34 V 78"),
            fill("colour", "M 38 20 H 62 L 82 38 H 18 Z"),
            fill("colour", "M 22 75 H 78 L 86 97 H 14 Z"),
            line("deep", 5, "M 24 86 H 76"),
        ),
    ),
    Thing(
        *("clock", "clocks", "a"),
        (
            line("colour", 9, "M 28 84 L 19 95 M 72 84 L 81 95"),
            line("line", 4, "M 34 22 Q 50 4 66 22"),
            fill("colour", "M 8 38 A 18 18 0 0 1 38 14 Z M 92 38 A 18 18 0 0 0 62 14 Z"),
            fill("colour", disc(50, 57, 36)),
            fill("paper", disc(50, 57, 22)),
            line("line", 3.4, "M 50 43 V 57 L 60 63"),
        ),
    ),
    Thing(
        *("book", "books", "a"),
        (
            fill("deep", "M 58 86 V 99 L 64 94 L 70 99 V 86 Z"),
            fill("colour", bar(15, 4, 70, 88, 5)),
            fill("paper", "M 20 80 H 85 V 90 H 20 Q 16 85 20 80 Z"),
            line("line", 1.6, "M 22 85 H 84"),
            fill("deep", "M 15 8 Q 15 4 20 4 H 28 V 80 H 20 Q 15 82 15 86 Z"),
            fill("paper", bar(38, 18, 36, 20, 2)),
            line("line", 2.6, "M 44 25 H 68 M 48 31 H 64"),
        ),
    ),
    Thing(
        *("chair", "chairs", "a"),
        (
            line("deep", 8, "M 34 66 V 86 M 66 66 V 86"),
            line("colour", 9, "M 24 12 V 56 M 76 12 V 56"),
            fill("colour", bar(18, 3, 64, 17, 6)),
            fill("colour", bar(26, 29, 48, 10)),
            line("colour", 10, "M 16 66 V 95 M 84 66 V 95"),
            fill("colour", "M 18 52 H 82 L 92 70 H 8 Z"),
        ),
    ),
    Thing(
        *("bell", "bells", "a"),
        (
            line("colour", 7, disc(50, 9, 6)),
            fill("dark", disc(50, 88, 10)),
            fill(
                "colour",
                "M 50 12 C 76 12 75 40 77 56 C 79 68 90 70 95 82 Q 50 92 5 82 "
                "C 10 70 21 68 23 56 C 25 40 24 12 50 12 Z",
            ),
            patch("paper", "M 10 68 Q 50 78 90 68", 5),
        ),
    ),
    Thing(
        *("camera", "cameras", "a"),
        (
            fill("dark", bar(12, 18, 16, 14, 3)),
            fill("colour", "M 34 32 L 40 14 H 64 L 70 32 Z"),
            fill("colour", bar(3, 26, 94, 62, 9)),
            patch("deep", "M 0 74 H 100 V 90 H 0 Z"),
            fill("dark", disc(52, 58, 24)),
            fill("glass", disc(52, 58, 15)),
            fill("dark", disc(52, 58, 8)),
            fill("paper", disc(48, 53, 3.4) + bar(77, 34, 13, 9, 2)),
        ),
    ),
)
