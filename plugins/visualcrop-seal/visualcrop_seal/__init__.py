"""SEAL: the guided visual search of V*, with its own models or with any."""

from __future__ import annotations

from visualcrop.plugin import Strategy, hookimpl

from .internal import Internal
from .locator import TargetLocator
from .missing import Missing
from .searcher import Seal
from .vqa import SealVqa
from .vsm import SealVsm
from .working_memory import WorkingMemory

__all__ = [
    "Internal",
    "Missing",
    "Seal",
    "SealVqa",
    "SealVsm",
    "TargetLocator",
    "WorkingMemory",
]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [Missing, Internal, SealVsm, WorkingMemory, Seal, SealVqa]
