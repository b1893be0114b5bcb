"""Procedural scenes: large pictures of small named things, with the place of each."""

from __future__ import annotations

from .casting import KINDS, Kind
from .painting import Scene, draw, paint
from .planning import Plan, Thing, plan
from .words import COLOURS, DIGITS, SHAPES

__all__ = [
    "COLOURS",
    "DIGITS",
    "KINDS",
    "SHAPES",
    "Kind",
    "Plan",
    "Scene",
    "Thing",
    "draw",
    "paint",
    "plan",
]
