"""Twelve animals."""

from __future__ import annotations

from ..drawing import Thing, fill, line, patch
from ..paths import disc, oval

ANIMALS = (
    Thing(
        *("cat", "cats", "a"),
        (
            line("colour", 9, "M 72 90 C 98 92 98 64 84 54"),
            fill("colour", "M 30 96 C 24 72 32 54 44 46 L 60 46 C 78 56 82 82 78 96 Z"),
            patch("paper", oval(43, 76, 9, 16)),
            fill(
                "colour",
                "M 20 6 L 36 20 Q 44 17 52 20 L 67 5 L 68 34 C 68 50 56 55 44 55 "
                "C 32 55 20 50 20 34 Z",
            ),
            fill("paper", "M 26 16 L 33 22 L 27 27 Z M 61 15 L 54 22 L 61 27 Z"),
            fill("line", oval(34, 34, 3.2, 4.4) + oval(54, 34, 3.2, 4.4)),
            fill("line", "M 40 42 H 48 L 44 46 Z"),
            line("line", 2, "M 36 45 L 16 49 M 52 45 L 72 49"),
            line("line", 2, "M 44 84 V 96 M 60 76 Q 66 84 62 96"),
        ),
    ),
    Thing(
        *("dog", "dogs", "a"),
        (
            line("colour", 8, "M 82 50 Q 96 40 93 22"),
            fill("deep", "M 42 62 H 53 L 52 92 H 42 Z M 72 62 H 78 L 76 92 H 66 Z"),
            fill(
                "colour",
                "M 30 42 Q 56 40 82 44 Q 90 52 88 70 L 88 95 H 76 L 74 70 H 44 L 43 95 H 31 Z",
            ),
            fill(
                "colour",
                "M 5 33 Q 6 27 18 25 Q 24 9 40 13 Q 52 18 48 44 "
                "Q 40 56 26 46 L 13 46 Q 4 43 5 33 Z",
            ),
            fill("deep", "M 34 12 Q 54 10 55 38 Q 47 48 42 38 Q 41 24 34 12 Z"),
            fill("line", disc(7, 33, 5) + disc(24, 27, 3)),
            line("line", 2, "M 10 41 Q 17 42 22 39"),
            line("paper", 4.5, "M 30 50 Q 40 56 48 47"),
        ),
    ),
    Thing(
        *("rabbit", "rabbits", "a"),
        (
            fill("paper", disc(89, 82, 9)),
            fill("colour", "M 40 42 C 44 18 54 2 62 6 C 69 14 60 34 50 46 Z"),
            fill("colour", "M 30 42 C 20 22 22 2 32 2 C 42 4 44 24 42 42 Z"),
            fill("paper", "M 32 34 C 27 22 28 9 32 8 C 37 12 38 24 36 34 Z"),
            fill("colour", "M 26 95 C 26 66 42 54 62 57 C 86 60 96 80 84 95 Z"),
            line("line", 2.2, "M 58 94 C 54 78 70 70 80 80"),
            fill("colour", oval(30, 54, 22, 18)),
            fill("line", disc(24, 50, 3.4) + oval(10, 55, 3, 2.4)),
            line("line", 2, "M 14 60 L 3 63 M 15 62 L 6 69"),
        ),
    ),
    Thing(
        *("turtle", "turtles", "a"),
        (
            line("colour", 15, "M 30 70 L 24 82 M 74 70 L 80 82"),
            line("colour", 7, "M 86 68 L 96 72"),
            fill("colour", "M 30 66 H 20 C 2 66 -2 40 12 38 C 24 37 26 48 32 50 Z"),
            fill("line", disc(11, 47, 2.6)),
            line("line", 1.8, "M 5 56 Q 10 58 14 56"),
            fill("deep", "M 16 70 C 16 34 40 22 54 22 C 72 22 92 36 92 70 Q 54 80 16 70 Z"),
            patch("colour", "M 46 30 H 62 L 69 44 L 60 57 H 47 L 39 44 Z"),
            patch("colour", "M 42 28 L 34 43 L 18 46 L 20 30 L 40 16 Z"),
            patch("colour", "M 66 28 L 73 43 L 94 46 L 90 26 L 70 16 Z"),
            patch("colour", "M 34 48 L 43 60 L 38 74 L 12 68 L 16 50 Z"),
            patch("colour", "M 73 48 L 64 60 L 69 74 L 98 68 L 92 50 Z"),
            patch("colour", "M 48 62 H 59 L 63 76 H 44 Z"),
        ),
    ),
    Thing(
        *("whale", "whales", "a"),
        (
            line("glass", 5, "M 30 32 C 30 20 22 12 12 18 M 30 32 C 30 18 40 10 48 17"),
            fill(
                "colour",
                "M 3 62 C 3 38 28 32 48 37 C 64 42 70 57 80 48 C 82 42 82 38 80 34 "
                "C 72 34 66 26 66 17 C 75 17 81 21 85 27 C 89 20 93 16 99 16 "
                "C 101 27 96 34 91 36 C 98 68 74 89 44 89 C 20 89 3 82 3 62 Z",
            ),
            patch("paper", "M 0 67 C 20 76 44 73 58 92 L 40 100 L 0 90 Z"),
            patch("line", "M 18 76 Q 24 79 26 88 M 34 77 Q 40 81 43 90", 1.6),
            fill("deep", "M 46 68 C 56 66 66 74 64 84 C 56 84 48 78 46 68 Z"),
            fill("line", disc(20, 56, 3.4)),
        ),
    ),
    Thing(
        *("crab", "crabs", "a"),
        (
            line("colour", 6.5, "M 28 66 L 11 69 L 5 82 M 72 66 L 89 69 L 95 82"),
            line("colour", 6.5, "M 30 76 L 18 82 L 14 95 M 70 76 L 82 82 L 86 95"),
            line("colour", 9, "M 28 60 Q 10 56 14 38 M 72 60 Q 90 56 86 38"),
            fill("colour", "M 16 44 C -3 40 -4 14 12 6 L 15 21 L 27 9 C 36 24 30 44 16 44 Z"),
            fill("colour", "M 84 44 C 103 40 104 14 88 6 L 85 21 L 73 9 C 64 24 70 44 84 44 Z"),
            line("colour", 5, "M 42 52 L 40 38 M 58 52 L 60 38"),
            fill("colour", oval(50, 67, 29, 20)),
            fill("paper", disc(39, 35, 6.5) + disc(61, 35, 6.5)),
            fill("line", disc(40, 35, 3) + disc(60, 35, 3)),
            line("line", 2.2, "M 40 74 Q 50 81 60 74"),
        ),
    ),
    Thing(
        *("snail", "snails", "a"),
        (
            line("pale", 4, "M 14 44 L 7 28 M 22 42 L 25 26"),
            fill("line", disc(7, 27, 3.4) + disc(25, 25, 3.4)),
            fill(
                "pale",
                "M 4 84 C 2 74 8 60 8 48 C 8 36 27 36 28 50 C 29 64 36 74 50 76 "
                "L 90 80 Q 98 84 98 90 L 10 90 Q 4 90 4 84 Z",
            ),
            fill("colour", disc(58, 47, 32)),
            patch(
                "line",
                "M 58 80 C 36 78 34 54 40 44 C 46 30 70 28 76 44 C 80 58 64 66 56 58 "
                "C 50 50 58 44 63 49",
                3.4,
            ),
            line("line", 1.8, "M 8 66 Q 12 69 17 67"),
        ),
    ),
    Thing(
        *("butterfly", "butterflies", "a"),
        (
            line("line", 4, "M 48 32 Q 46 18 36 10 M 52 32 Q 54 18 64 10"),
            fill("colour", "M 49 58 C 28 52 8 64 15 82 C 26 98 46 82 50 60 Z"),
            fill("colour", "M 51 58 C 72 52 92 64 85 82 C 74 98 54 82 50 60 Z"),
            fill("colour", "M 50 52 C 40 14 4 6 3 24 C 3 46 22 58 50 56 Z"),
            fill("paper", disc(18, 30, 6) + disc(32, 39, 4)),
            fill("colour", "M 50 52 C 60 14 96 6 97 24 C 97 46 78 58 50 56 Z"),
            fill("paper", disc(82, 30, 6) + disc(68, 39, 4)),
            fill("deep", disc(27, 74, 6) + disc(73, 74, 6)),
            fill("dark", oval(50, 55, 4.6, 25)),
        ),
    ),
    Thing(
        *("duck", "ducks", "a"),
        (
            fill("wood", "M 20 26 Q 6 22 1 30 Q 0 36 10 40 L 20 39 Z"),
            line("line", 1.6, "M 4 33 L 18 32"),
            fill(
                "colour",
                "M 16 60 C 20 54 22 50 22 44 C 14 36 14 10 37 9 C 60 10 60 34 53 44 "
                "C 50 50 56 56 64 56 C 78 56 88 50 96 42 C 100 74 86 94 54 94 "
                "C 24 94 8 78 16 60 Z",
            ),
            fill("deep", "M 46 66 C 60 60 74 64 84 60 C 82 78 68 84 56 82 C 48 80 44 74 46 66 Z"),
            fill("line", disc(32, 26, 3.8)),
            fill("paper", disc(31, 25, 1.2)),
        ),
    ),
    Thing(
        *("fish", "fish", "a"),
        (
            fill("deep", "M 34 34 C 40 14 58 12 70 22 L 62 40 Z"),
            fill("deep", "M 40 70 L 46 88 Q 56 86 60 70 Z"),
            fill(
                "colour",
                "M 2 52 C 16 24 52 22 74 46 L 97 24 Q 90 50 97 80 L 74 58 C 52 82 16 80 2 52 Z",
            ),
            patch("paper", "M 44 20 Q 53 50 44 84 M 62 20 Q 70 50 62 84", 5),
            patch("line", "M 32 30 Q 39 50 32 74", 2.4),
            fill("paper", disc(18, 47, 6.5)),
            fill("line", disc(17, 47, 3.4)),
            line("line", 2, "M 5 56 Q 11 58 14 56"),
        ),
    ),
    Thing(
        *("octopus", "octopuses", "an"),
        (
            line("colour", 10, "M 34 56 C 34 74 16 76 6 60 M 66 56 C 66 74 84 76 94 60"),
            line("colour", 10, "M 38 60 C 40 84 26 92 10 86 M 62 60 C 60 84 74 92 90 86"),
            line("colour", 10, "M 46 62 C 48 82 44 94 34 96 M 54 62 C 52 82 56 94 66 96"),
            fill(
                "colour",
                "M 24 44 C 16 20 32 3 50 3 C 68 3 84 20 76 44 Q 74 66 60 66 H 40 Q 26 66 24 44 Z",
            ),
            fill("paper", disc(40, 38, 7.5) + disc(60, 38, 7.5)),
            fill("line", disc(41, 39, 3.6) + disc(59, 39, 3.6)),
            line("line", 2.4, "M 43 52 Q 50 58 57 52"),
            fill("pale", disc(38, 17, 3.4) + disc(46, 12, 2.4)),
        ),
    ),
    Thing(
        *("snake", "snakes", "a"),
        (
            line("line", 4.4, "M 24 17 L 12 18 L 6 13 M 12 18 L 7 24"),
            line(
                "colour",
                13,
                "M 4 90 C 30 98 92 100 91 82 C 90 64 22 78 21 58 C 20 40 80 54 80 34 "
                "C 80 16 58 15 44 18",
            ),
            patch("paper", "M 24 84 L 21 98 M 42 84 L 41 99 M 60 83 L 61 98 M 76 79 L 84 93", 4),
            patch("paper", "M 74 69 L 78 82 M 58 63 L 58 77 M 40 61 L 36 74", 4),
            patch("paper", "M 26 44 L 35 56 M 45 40 L 46 54 M 62 38 L 67 51 M 70 32 L 86 38", 4),
            fill("colour", "M 52 10 C 40 6 24 10 22 18 C 24 27 42 30 52 26 Z"),
            fill("line", disc(33, 15, 2.8)),
        ),
    ),
)
