"""A world of small things with names: vector paths, anti-aliased, in one light."""

from __future__ import annotations

from .drawing import Layer, Thing
from .palette import COLOURS, nearest_colour
from .signs import SIGN_STYLES, SIGN_WORDS, make_sign, sign_size
from .sprites import Inked, Pose, Sprite, draw_inked, draw_sprite, ink_sprite
from .things import THINGS

__all__ = [
    "COLOURS",
    "SIGN_STYLES",
    "SIGN_WORDS",
    "THINGS",
    "Inked",
    "Layer",
    "Pose",
    "Sprite",
    "Thing",
    "draw_inked",
    "draw_sprite",
    "ink_sprite",
    "make_sign",
    "nearest_colour",
    "sign_size",
]
