"""Find the part of an image that answers a question."""

from __future__ import annotations

from . import errors
from .api import VisualSearch
from .budget import CONVENTIONS, Budget, BudgetedModel, Charge, Ledger, all_passes, focus_paper
from .data.base import Sample
from .errors import VisualcropError
from .geometry import Box, Grid
from .image import Image
from .models.base import Capture, Choice, Internals, Model, ModelFamily, Reply
from .models.billing import UNBILLED
from .models.families.auto import Auto
from .prompt import Prompt, Sampling
from .proposals.anchors import Anchors
from .protocol import PromptProtocol
from .record import Record
from .relevance.vv import Vv
from .searchers.direct import Direct
from .searchers.focus import Focus
from .targets.in_context import InContext
from .values import Answer, Evidence, Finding, Proposal, Question, RelevanceMap, Target, View
from .verification.existence import Existence

__all__ = [
    "CONVENTIONS",
    "UNBILLED",
    "Anchors",
    "Answer",
    "Auto",
    "Box",
    "Budget",
    "BudgetedModel",
    "Capture",
    "Charge",
    "Choice",
    "Direct",
    "Evidence",
    "Existence",
    "Finding",
    "Focus",
    "Grid",
    "Image",
    "InContext",
    "Internals",
    "Ledger",
    "Model",
    "ModelFamily",
    "Prompt",
    "PromptProtocol",
    "Proposal",
    "Question",
    "Record",
    "RelevanceMap",
    "Reply",
    "Sample",
    "Sampling",
    "Target",
    "View",
    "VisualSearch",
    "VisualcropError",
    "Vv",
    "all_passes",
    "errors",
    "focus_paper",
]
