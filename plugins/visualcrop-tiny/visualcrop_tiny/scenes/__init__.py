"""Procedural scenes: large pictures of small named things, and the box of each."""

from __future__ import annotations

from .drawing import Scene, draw_plan, draw_scene
from .plan import KINDS, Kind, ScenePlan, Thing, plan_scene
from .shapes import COLOURS, DIGITS, PLATE, SHAPES, plural

__all__ = [
    "COLOURS",
    "DIGITS",
    "KINDS",
    "PLATE",
    "SHAPES",
    "Kind",
    "Scene",
    "ScenePlan",
    "Thing",
    "draw_plan",
    "draw_scene",
    "plan_scene",
    "plural",
]
