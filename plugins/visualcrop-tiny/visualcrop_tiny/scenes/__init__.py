"""Procedural scenes: large pictures of small named things, and the box of each."""

from __future__ import annotations

from .drawing import DrawnScene, draw_plan, draw_scene
from .plan import KINDS, Kind, PlacedThing, ScenePlan, Things, plan_scene
from .shapes import COLOURS, DIGITS, PLATE, SHAPES, plural

__all__ = [
    "COLOURS",
    "DIGITS",
    "KINDS",
    "PLATE",
    "SHAPES",
    "DrawnScene",
    "Kind",
    "PlacedThing",
    "ScenePlan",
    "Things",
    "draw_plan",
    "draw_scene",
    "plan_scene",
    "plural",
]
