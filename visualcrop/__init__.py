"""Find the part of an image that answers a question."""

from __future__ import annotations

from . import errors
from .answer.replying import reply
from .budget import (
    ANSWER,
    CONVENTIONS,
    Budget,
    BudgetedModel,
    Charge,
    Ledger,
    all_passes,
    focus_paper,
)
from .dataset import Dataset, ImageSource, Problem, Sample, TargetBox
from .errors import VisualcropError
from .geometry import Box, Grid
from .hookspecs import hookimpl
from .image import Image
from .inference.batching import Batching
from .interfaces import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    Verifier,
)
from .looker import Looker
from .model import (
    Capture,
    Choice,
    Model,
    ModelFamily,
    Patches,
    Reading,
    Relay,
    Reply,
    Sight,
    Traits,
    Work,
)
from .models.families import Auto
from .plugins import Plugin, Plugins, load_plugins
from .prompt import Mark, Prompt, Sampling
from .proposals.anchors import Anchors
from .registry import Registry
from .relevance.similarity import pseudo_attention, similarity_map, smoothed
from .relevance.vv import Vv
from .settings import Usually
from .spec import Spec
from .strategy import Strategy, at_least, between, option
from .targets.in_context import InContext
from .values import Answer, Evidence, Finding, Proposal, Question, RelevanceMap, Target, View
from .verification.existence import Existence

__all__ = [
    "ANSWER",
    "CONVENTIONS",
    "Anchors",
    "Answer",
    "AnswerComposer",
    "Auto",
    "Batching",
    "Box",
    "Budget",
    "BudgetedModel",
    "Capture",
    "Charge",
    "Choice",
    "Dataset",
    "Evidence",
    "Existence",
    "Finding",
    "Grid",
    "Image",
    "ImageSource",
    "InContext",
    "Ledger",
    "Looker",
    "Mark",
    "Model",
    "ModelFamily",
    "Patches",
    "Plugin",
    "Plugins",
    "Problem",
    "Prompt",
    "Proposal",
    "ProposalGenerator",
    "Question",
    "Reading",
    "Registry",
    "Relay",
    "RelevanceMap",
    "RelevanceSource",
    "Reply",
    "Sample",
    "Sampling",
    "Searcher",
    "Sight",
    "Spec",
    "Strategy",
    "Target",
    "TargetBox",
    "TargetExtractor",
    "Traits",
    "Usually",
    "Verifier",
    "View",
    "VisualcropError",
    "Vv",
    "Work",
    "all_passes",
    "at_least",
    "between",
    "errors",
    "focus_paper",
    "hookimpl",
    "load_plugins",
    "option",
    "pseudo_attention",
    "reply",
    "similarity_map",
    "smoothed",
]
