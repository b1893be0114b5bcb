"""Eleven things that sail, roll, fly, or are taken along."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch, strip
from ..paths import bar, disc, oval

TRAVEL = (
    Thing(
        *("boat", "boats", "a"),
        (
            line("wood", 4, "M 48 4 V 78"),
            fill("paper", "M 43 26 C 38 42 28 56 18 66 H 43 Z"),
            fill("colour", "M 53 4 C 78 20 92 42 95 66 H 53 Z"),
            patch("deep", "M 50 46 L 92 46 L 92 54 L 50 54 Z"),
            fill("colour", "M 3 73 H 97 C 94 88 84 97 72 97 H 28 C 16 97 6 88 3 73 Z"),
            patch("paper", "M 0 81 H 100", 4),
        ),
    ),
    Thing(
        *("bicycle", "bicycles", "a"),
        (
            line("dark", 4, "M 47 62 L 53 75 H 60"),
            line("colour", 9, disc(21, 65, 17)),
            line("colour", 9, disc(79, 65, 17)),
            line("colour", 8.5, "M 21 65 L 38 36 H 68 L 48 65 H 21 M 38 36 L 48 65"),
            line("colour", 8.5, "M 79 65 L 66 26"),
            line("dark", 5, "M 66 25 L 76 18 Q 86 18 84 27"),
            line("dark", 7, "M 30 27 H 44"),
            line("line", 4, "M 36 28 L 38 34"),
            fill("metal", disc(21, 65, 3) + disc(79, 65, 3) + disc(48, 65, 3)),
        ),
    ),
    Thing(
        *("car", "cars", "a"),
        (
            fill(
                "colour",
                "M 3 68 V 56 Q 4 48 20 45 L 33 26 Q 36 22 42 22 H 62 Q 68 22 72 26 L 84 44 "
                "Q 97 47 97 57 V 68 Q 97 74 91 74 H 9 Q 3 74 3 68 Z",
            ),
            fill("glass", "M 31 43 L 39 31 H 48 V 43 Z M 55 43 V 31 H 63 L 71 43 Z"),
            patch("line", "M 52 45 V 74", 2.2),
            fill("flame", oval(9, 56, 4, 5)),
            fill("paper", bar(56, 51, 9, 3.4, 1.5)),
            fill("dark", disc(25, 74, 12) + disc(76, 74, 12)),
            fill("metal", disc(25, 74, 6) + disc(76, 74, 6)),
        ),
    ),
    Thing(
        *("train", "trains", "a"),
        (
            fill("paper", disc(29, 8, 5) + disc(37, 5, 6)),
            fill("deep", "M 20 42 L 17 16 H 35 L 32 42 Z"),
            fill("deep", "M 44 42 V 34 Q 50 26 56 34 V 42 Z"),
            fill("colour", "M 62 18 H 92 V 76 H 62 Z"),
            fill("colour", bar(8, 38, 58, 32, 8)),
            patch("paper", "M 26 36 V 72", 3),
            fill("deep", bar(57, 11, 40, 10, 3)),
            fill("glass", bar(70, 29, 14, 14, 2)),
            fill("colour", "M 14 70 H 94 V 80 H 6 Z"),
            fill("dark", disc(25, 84, 9) + disc(48, 84, 9) + disc(78, 81, 13)),
            fill("colour", disc(25, 84, 4) + disc(48, 84, 4) + disc(78, 81, 7)),
            fill("deep", "M 6 74 L -2 92 H 11 L 16 76 Z"),
        ),
    ),
    Thing(
        *("plane", "planes", "a"),
        (
            fill("dark", bar(23, 46, 8, 15, 4) + bar(69, 46, 8, 15, 4)),
            fill(
                "colour",
                "M 42 36 L 42 58 L 3 72 V 61 Z M 58 36 L 58 58 L 97 72 V 61 Z",
            ),
            fill("deep", "M 46 78 L 29 92 V 98 L 50 93 L 71 98 V 92 L 54 78 Z"),
            fill(
                "colour",
                "M 50 2 C 57 6 60 18 60 34 L 56 82 L 50 96 L 44 82 L 40 34 C 40 18 43 6 50 2 Z",
            ),
            fill("glass", "M 43 20 Q 50 12 57 20 L 56 26 Q 50 22 44 26 Z"),
            patch("paper", "M 50 40 V 76", 5),
        ),
    ),
    Thing(
        *("rocket", "rockets", "a"),
        (
            fill("flame", "M 38 76 Q 34 90 50 99 Q 66 90 62 76 Z"),
            fill(
                "deep",
                "M 34 46 C 18 54 12 68 12 90 L 36 76 Z M 66 46 C 82 54 88 68 88 90 L 64 76 Z",
            ),
            fill("colour", "M 50 1 C 72 18 76 48 66 78 H 34 C 24 48 28 18 50 1 Z"),
            patch("paper", "M 20 0 H 80 V 18 H 20 Z"),
            fill("metal", disc(50, 38, 11)),
            fill("glass", disc(50, 38, 7)),
            fill("deep", "M 46 58 H 54 L 53 86 H 47 Z"),
        ),
    ),
    Thing(
        *("balloon", "balloons", "a"),
        (
            line("line", 3.6, "M 50 74 C 40 82 62 88 50 99"),
            fill("deep", "M 46 66 L 42 77 H 58 L 54 66 Z"),
            fill(
                "colour",
                "M 50 70 C 34 66 18 52 18 32 C 18 12 32 2 50 2 "
                "C 68 2 82 12 82 32 C 82 52 66 66 50 70 Z",
            ),
            fill("pale", "M 26 34 C 24 22 32 12 40 11 C 34 18 31 26 31 35 Q 28 38 26 34 Z"),
        ),
    ),
    Thing(
        *("kite", "kites", "a"),
        (
            line("line", 3.2, "M 62 60 C 62 72 44 70 34 78 C 26 84 18 84 10 98"),
            fill("colour", "M 36 66 L 43 73 L 50 80 L 54 71 L 43 73 L 34 74 Z"),
            fill("colour", "M 12 78 L 21 85 L 26 93 L 32 85 L 21 85 L 10 87 Z"),
            fill("colour", "M 86 2 L 92 46 L 60 64 L 40 22 Z"),
            patch("deep", "M 86 2 L 92 46 L 71 32 Z M 71 32 L 60 64 L 40 22 Z"),
            patch("paper", "M 86 2 L 58 68 M 38 20 L 94 48", 3),
        ),
    ),
    Thing(
        *("anchor", "anchors", "an"),
        (
            line("colour", 8, disc(50, 13, 9)),
            line("colour", 10, "M 50 24 V 92"),
            line("colour", 9, "M 28 38 H 72"),
            line("colour", 10, "M 10 62 C 14 84 34 93 50 93 C 66 93 86 84 90 62"),
            fill("colour", "M 0 70 L 7 48 L 26 65 Z M 100 70 L 93 48 L 74 65 Z"),
        ),
    ),
    Thing(
        *("tent", "tents", "a"),
        (
            line("wood", 4, "M 47 16 L 56 4 M 53 16 L 44 4"),
            fill("colour", "M 50 12 L 98 90 H 2 Z"),
            patch("pale", "M 50 12 L 28 90 H 2 Z"),
            fill("dark", "M 50 34 L 66 90 H 34 Z"),
            fill("deep", "M 50 34 L 66 90 H 76 Q 60 70 50 34 Z"),
            line("line", 2, "M 50 12 V 34"),
        ),
    ),
    Thing(
        *("flag", "flags", "a"),
        (
            strip("wood", 5, "M 17 8 V 99"),
            fill("metal", disc(17, 6, 5.5)),
            fill("colour", "M 19 9 C 40 -2 62 24 98 8 Q 91 34 98 60 C 62 76 42 48 19 60 Z"),
            patch("paper", "M 10 34 C 40 22 60 48 100 34", 9),
        ),
    ),
)
