"""What things are called in the world of the tiny models."""

from __future__ import annotations

SHAPES = (
    *("star", "heart", "ring", "triangle", "cross", "moon"),
    *("arrow", "square", "disk", "flower", "bolt", "key"),
)
PLATE = "plate"  # a sign with a digit on it
COLOURS = {
    "red": (215, 40, 40),
    "orange": (245, 140, 20),
    "yellow": (245, 225, 50),
    "green": (40, 160, 60),
    "cyan": (60, 210, 220),
    "blue": (40, 80, 215),
    "purple": (140, 50, 175),
    "white": (245, 245, 245),
}
DIGITS = tuple("0123456789")


def plural(shape: str) -> str:
    """More than one of them."""
    return shape + ("es" if shape == "cross" else "s")
