"""Seven things from kitchens."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch
from ..paths import bar, disc, oval

KITCHEN = (
    Thing(
        *("cup", "cups", "a"),
        (
            line("colour", 10, "M 66 38 C 98 30 98 78 64 72"),
            fill("colour", "M 8 22 L 12 76 Q 14 94 30 94 H 48 Q 64 94 66 76 L 70 22 Z"),
            patch("paper", "M 0 56 H 80", 8),
            fill("pale", oval(39, 22, 31, 9)),
            fill("dark", oval(39, 23, 25, 5.6)),
            line("paper", 3.4, "M 30 12 Q 25 8 30 2 M 46 12 Q 41 8 46 2"),
        ),
    ),
    Thing(
        *("teapot", "teapots", "a"),
        (
            line("colour", 9, "M 74 46 C 100 40 100 80 70 80"),
            fill("colour", "M 24 76 C 12 72 12 52 0 42 L 12 36 C 22 42 26 50 34 52 Z"),
            fill(
                "colour",
                "M 46 34 C 70 34 82 48 82 64 C 82 82 68 92 62 93 H 34 "
                "C 26 91 14 80 14 64 C 14 48 26 34 46 34 Z",
            ),
            patch("paper", "M 0 66 Q 46 76 100 66", 7),
            fill("deep", "M 27 36 Q 46 18 67 36 Q 47 44 27 36 Z"),
            fill("colour", disc(47, 21, 6.5)),
        ),
    ),
    Thing(
        *("bottle", "bottles", "a"),
        (
            fill("wood", bar(43, 2, 14, 13, 2)),
            fill(
                "colour",
                "M 41 12 H 59 V 30 C 60 38 75 40 75 54 V 91 Q 75 98 66 98 H 34 Q 25 98 25 91 "
                "V 54 C 25 40 40 38 41 30 Z",
            ),
            patch("paper", bar(20, 62, 60, 17)),
            line("line", 2.4, "M 38 70.5 H 62"),
        ),
    ),
    Thing(
        *("pan", "pans", "a"),
        (
            line("dark", 11, "M 58 44 L 92 12"),
            fill("colour", disc(36, 62, 33)),
            fill("deep", disc(36, 62, 25)),
            fill("paper", "M 22 60 C 18 46 34 44 40 48 C 52 46 56 60 50 68 C 46 80 22 78 22 60 Z"),
            fill("flame", disc(37, 61, 7)),
        ),
    ),
    Thing(
        *("fork", "forks", "a"),
        (
            line("colour", 8.4, "M 29 6 V 34 M 43 6 V 34 M 57 6 V 34 M 71 6 V 34"),
            fill("colour", "M 25 32 H 75 C 76 52 62 56 57 60 H 43 C 38 56 24 52 25 32 Z"),
            fill("colour", "M 44 56 H 56 L 58 92 Q 50 100 42 92 Z"),
        ),
    ),
    Thing(
        *("candle", "candles", "a"),
        (
            line("deep", 6, disc(83, 80, 10)),
            fill("flame", "M 48 1 C 60 14 60 24 48 30 C 36 24 38 14 48 1 Z"),
            line("line", 2.6, "M 48 24 V 38"),
            fill("colour", "M 32 40 Q 34 36 48 36 Q 62 36 64 40 V 82 H 32 Z"),
            patch("pale", "M 28 32 H 68 V 40 Q 62 58 58 44 Q 52 40 46 48 Q 42 64 38 46 L 28 40 Z"),
            fill("colour", "M 12 78 H 84 Q 82 96 64 96 H 32 Q 14 96 12 78 Z"),
        ),
    ),
    Thing(
        *("bucket", "buckets", "a"),
        (
            line("metal", 5, "M 14 36 C 16 -8 84 -8 86 36"),
            fill("colour", "M 12 36 H 88 L 76 92 Q 50 102 24 92 Z"),
            patch("deep", "M 8 76 Q 50 88 92 76", 6),
            fill("pale", oval(50, 36, 38, 10)),
            fill("dark", oval(50, 37, 31, 6)),
        ),
    ),
)
