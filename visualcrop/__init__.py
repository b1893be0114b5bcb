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
    Reply,
    Traits,
    Work,
)
from .plugins import Plugin, Plugins, load_plugins
from .prompt import Mark, Prompt
from .registry import Registry
from .relevance.similarity import pseudo_attention, similarity_map, smoothed
from .spec import Spec
from .strategy import Strategy, option
from .values import Answer, Evidence, Finding, Proposal, Question, RelevanceMap, Target, View

__all__ = [
    "ANSWER",
    "CONVENTIONS",
    "Answer",
    "AnswerComposer",
    "Batching",
    "Box",
    "Budget",
    "BudgetedModel",
    "Capture",
    "Charge",
    "Choice",
    "Evidence",
    "Finding",
    "Grid",
    "Image",
    "Ledger",
    "Looker",
    "Mark",
    "Model",
    "ModelFamily",
    "Patches",
    "Plugin",
    "Plugins",
    "Prompt",
    "Proposal",
    "ProposalGenerator",
    "Question",
    "Reading",
    "Registry",
    "RelevanceMap",
    "RelevanceSource",
    "Reply",
    "Searcher",
    "Spec",
    "Strategy",
    "Target",
    "TargetExtractor",
    "Traits",
    "Verifier",
    "View",
    "VisualcropError",
    "Work",
    "all_passes",
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
