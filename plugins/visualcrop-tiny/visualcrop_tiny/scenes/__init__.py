"""Procedural scenes: large pictures of small named things, with the place of each."""

from __future__ import annotations

from .casting import KINDS, Kind
from .painting import Scene, Thing, draw
from .words import COLOURS, DIGITS, SHAPES

__all__ = ["COLOURS", "DIGITS", "KINDS", "SHAPES", "Kind", "Scene", "Thing", "draw"]
