"""Letters and numerals as strokes: each a path 10 high, on its own width."""

from __future__ import annotations

from .paths import flatten

HEIGHT = 10.0
STROKE = 1.75  # width of lines that reads well, even where letters have ten pixels
_GAP = 2.7  # between two letters
_SPACE = 3.0
_GLYPHS: dict[str, tuple[float, str]] = {
    "A": (6.2, "M 0 10 L 3.1 0 L 6.2 10 M 1.1 6.8 H 5.1"),
    "B": (
        5.4,
        "M 0 4.8 H 2.8 C 6.3 4.8 6.3 10 2.8 10 H 0 V 0 H 2.6 C 5.8 0 5.8 4.8 2.6 4.8",
    ),
    "C": (5.2, "M 5.2 1.7 C 3.8 -0.8 0 -0.8 0 5 C 0 10.8 3.8 10.8 5.2 8.3"),
    "D": (5.8, "M 0 0 V 10 H 2 C 7 10 7 0 2 0 Z"),
    "E": (4.8, "M 4.8 0 H 0 V 10 H 4.8 M 0 4.8 H 4.1"),
    "F": (4.8, "M 4.8 0 H 0 V 10 M 0 5 H 4.1"),
    "G": (6.1, "M 5.8 1.9 C 4.4 -0.8 0 -0.8 0 5 C 0 11 6.1 11 6.1 6.8 V 5.5 H 3.6"),
    "H": (5.6, "M 0 0 V 10 M 5.6 0 V 10 M 0 4.9 H 5.6"),
    "I": (3.4, "M 0 0 H 3.4 M 1.7 0 V 10 M 0 10 H 3.4"),
    "J": (4.4, "M 1.4 0 H 4.4 V 7 C 4.4 10.8 0.4 10.8 0 7.6"),
    "K": (5.6, "M 0 0 V 10 M 5.4 0 L 0 6.2 M 2 4.2 L 5.6 10"),
    "L": (4.7, "M 0 0 V 10 H 4.7"),
    "M": (7.4, "M 0 10 V 0 L 3.7 6.4 L 7.4 0 V 10"),
    "N": (5.8, "M 0 10 V 0 L 5.8 10 V 0"),
    "O": (6.4, "M 3.2 0 C 7.5 0 7.5 10 3.2 10 C -1.1 10 -1.1 0 3.2 0 Z"),
    "P": (5.2, "M 0 10 V 0 H 2.6 C 6.1 0 6.1 5.6 2.6 5.6 H 0"),
    "Q": (6.6, "M 3.2 0 C 7.5 0 7.5 10 3.2 10 C -1.1 10 -1.1 0 3.2 0 Z M 3.8 7 L 6.6 10.6"),
    "R": (5.5, "M 0 10 V 0 H 2.6 C 6 0 6 5.4 2.6 5.4 H 0 M 2.6 5.4 L 5.5 10"),
    "S": (
        5.2,
        "M 5 1.9 C 4.2 -0.7 0.2 -0.7 0.2 2.5 C 0.2 5.5 5.2 4.3 5.2 7.5 C 5.2 10.8 0.6 10.7 0 8",
    ),
    "T": (5.8, "M 0 0 H 5.8 M 2.9 0 V 10"),
    "U": (5.6, "M 0 0 V 6.6 C 0 11.2 5.6 11.2 5.6 6.6 V 0"),
    "V": (6.2, "M 0 0 L 3.1 10 L 6.2 0"),
    "W": (8.6, "M 0 0 L 2.1 10 L 4.3 2.4 L 6.5 10 L 8.6 0"),
    "X": (5.8, "M 0 0 L 5.8 10 M 5.8 0 L 0 10"),
    "Y": (6, "M 0 0 L 3 5.2 L 6 0 M 3 5.2 V 10"),
    "Z": (5.4, "M 0 0 H 5.4 L 0 10 H 5.4"),
    "0": (5.2, "M 2.6 0 C 6.1 0 6.1 10 2.6 10 C -0.9 10 -0.9 0 2.6 0 Z"),
    "1": (3, "M 0 2.2 L 2.6 0 V 10"),
    "2": (5.2, "M 0.2 2.6 C 0.2 -0.9 5 -0.9 5 2.6 C 5 5 1 7.4 0 10 H 5.2"),
    "3": (
        5.2,
        (
            "M 0.3 1.6 C 1.6 -0.8 5 -0.5 4.9 2.3 C 4.8 4.4 3.2 4.8 1.8 4.8 "
            "C 3.6 4.8 5.3 5.3 5.2 7.3 C 5.1 10.8 1 10.8 0 8.2"
        ),
    ),
    "4": (5.6, "M 4.1 10 V 0 L 0 6.9 H 5.6"),
    "5": (5.2, "M 4.7 0 H 0.8 L 0.4 4.5 C 2 3.2 5.2 3.6 5.2 6.7 C 5.2 10.6 1.2 10.8 0 8.4"),
    "6": (5.2, "M 4.4 0.6 C 1.8 -0.6 0 2.6 0 6.4 C 0 11.2 5.2 11.2 5.2 6.8 C 5.2 3.4 1 2.6 0 6"),
    "7": (5.2, "M 0 0 H 5.2 L 1.8 10"),
    "8": (
        5.4,
        (
            "M 2.7 4.7 C -0.2 4.4 -0.2 0 2.7 0 C 5.6 0 5.6 4.4 2.7 4.7 "
            "C -0.9 5 -0.9 10 2.7 10 C 6.3 10 6.3 5 2.7 4.7"
        ),
    ),
    "9": (
        5.2,
        "M 0.8 9.4 C 3.4 10.6 5.2 7.4 5.2 3.6 C 5.2 -1.2 0 -1.2 0 3.2 C 0 6.6 4.2 7.4 5.2 4",
    ),
}
LETTERS = frozenset(_GLYPHS)


def width_of(text: str, height: float = HEIGHT) -> float:
    """How wide a text is, from the middle of its first line to that of its last."""
    glyphs = [_SPACE if letter == " " else _glyph(letter)[0] for letter in text]
    return (sum(glyphs) + _GAP * (len(glyphs) - 1)) * height / HEIGHT


def write(text: str, x: float, y: float, height: float = HEIGHT) -> str:
    """Path of a text whose first letter has its upper left corner at *x*, *y*."""
    scale, pieces = height / HEIGHT, []
    for letter in text:
        wide, path = (_SPACE, "") if letter == " " else _glyph(letter)
        for line, closed in flatten(path):
            points = [f"{x + a * scale:.2f} {y + b * scale:.2f}" for a, b in line]
            pieces.append("M " + " L ".join(points) + (" Z" if closed else ""))
        x += (wide + _GAP) * scale
    return " ".join(pieces)


def _glyph(letter: str) -> tuple[float, str]:
    if letter not in _GLYPHS:
        raise ValueError(f"There is no letter {letter!r}: write with A to Z and 0 to 9.")
    return _GLYPHS[letter]
