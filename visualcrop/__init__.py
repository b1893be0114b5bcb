"""Find the part of an image that answers a question."""

from __future__ import annotations

import typing

from . import errors
from .api import VisualSearch
from .budget import CONVENTIONS, Budget, BudgetedModel, Charge, Ledger, all_passes, focus_paper
from .data.base import Sample
from .data.record import Record
from .errors import VisualcropError
from .geometry import Box, Grid
from .image import Image
from .models.base import Capture, Choice, Internals, Model, ModelFamily, Reply
from .models.billing import UNBILLED
from .models.families.auto import Auto
from .prompt import Prompt, RepetitionStop, Sampling
from .proposals.anchors import Anchors
from .protocol import PromptProtocol
from .relevance.vv import Vv
from .searchers.direct import Direct
from .searchers.focus import Focus
from .targets.in_context import InContext
from .values import (
    Answer,
    Audit,
    Evidence,
    Finding,
    Point,
    Proposal,
    Question,
    RelevanceMap,
    Target,
    View,
)
from .verification.existence import Existence

if typing.TYPE_CHECKING:
    from .calibration import Calibration, read_calibration
    from .check import CheckReport, CheckResult, check_model
    from .conversation import Turn, read_conversation
    from .evaluation.calibrate import GateFigures, LearnedCalibration
    from .evaluation.evaluate import evaluate
    from .evaluation.protocols import get_protocol
    from .evaluation.run import Run, calibrate
    from .prompt_parsing import ParsedPrompt, parse_prompt

_LAZY = {  # name -> its module, imported on first use
    "Calibration": "calibration",
    "CheckReport": "check",
    "CheckResult": "check",
    "GateFigures": "evaluation.calibrate",
    "LearnedCalibration": "evaluation.calibrate",
    "ParsedPrompt": "prompt_parsing",
    "Run": "evaluation.run",
    "Turn": "conversation",
    "calibrate": "evaluation.run",
    "check_model": "check",
    "evaluate": "evaluation.evaluate",
    "get_protocol": "evaluation.protocols",
    "parse_prompt": "prompt_parsing",
    "read_calibration": "calibration",
    "read_conversation": "conversation",
}

__all__ = [
    "CONVENTIONS",
    "UNBILLED",
    "Anchors",
    "Answer",
    "Audit",
    "Auto",
    "Box",
    "Budget",
    "BudgetedModel",
    "Calibration",
    "Capture",
    "Charge",
    "CheckReport",
    "CheckResult",
    "Choice",
    "Direct",
    "Evidence",
    "Existence",
    "Finding",
    "Focus",
    "GateFigures",
    "Grid",
    "Image",
    "InContext",
    "Internals",
    "LearnedCalibration",
    "Ledger",
    "Model",
    "ModelFamily",
    "ParsedPrompt",
    "Point",
    "Prompt",
    "PromptProtocol",
    "Proposal",
    "Question",
    "Record",
    "RelevanceMap",
    "RepetitionStop",
    "Reply",
    "Run",
    "Sample",
    "Sampling",
    "Target",
    "Turn",
    "View",
    "VisualSearch",
    "VisualcropError",
    "Vv",
    "all_passes",
    "calibrate",
    "check_model",
    "errors",
    "evaluate",
    "focus_paper",
    "get_protocol",
    "parse_prompt",
    "read_calibration",
    "read_conversation",
]


def __getattr__(name: str) -> typing.Any:
    """Import what few commands need when it is asked for: the others start faster without it."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
