"""Find the part of an image that answers a question."""

from __future__ import annotations

from . import errors
from .answer.collage import Collage, merged
from .answer.replying import reply
from .api import Looker
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
from .data.base import Dataset, ImageSource, Problem, Sample, TargetBox
from .errors import VisualcropError
from .executors.base import Executor, Open, Task, Worker
from .geometry import Box, Grid
from .image import Image
from .interfaces import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    Verifier,
)
from .judges.base import Judge, Rule, Ruling
from .models.base import (
    Capture,
    Choice,
    Model,
    ModelFamily,
    Patches,
    Reading,
    Relay,
    Reply,
    Scale,
    Sight,
    Traits,
    Work,
)
from .models.checkpoints.fingerprint import checkpoint_fingerprint
from .models.engine.batching import Batching
from .models.families.auto import Auto
from .models.reconciling import UNBILLED
from .output.streams import say
from .plugin.hooks import hookimpl
from .plugin.manager import Plugin, Plugins, load_plugins
from .plugin.registry import Registry
from .prompt import Mark, Prompt, Sampling
from .proposals.anchors import Anchors
from .protocol import Protocol
from .record import Record
from .relevance.similarity import pseudo_attention, similarity_map, smoothed
from .relevance.vv import Vv
from .spec.parse import Spec
from .strategy.base import Strategy, at_least, between, option
from .strategy.defaults import Usually
from .targets.in_context import InContext
from .values import Answer, Evidence, Finding, Proposal, Question, RelevanceMap, Target, View
from .verification.existence import Existence

__all__ = [
    "ANSWER",
    "CONVENTIONS",
    "UNBILLED",
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
    "Collage",
    "Dataset",
    "Evidence",
    "Executor",
    "Existence",
    "Finding",
    "Grid",
    "Image",
    "ImageSource",
    "InContext",
    "Judge",
    "Ledger",
    "Looker",
    "Mark",
    "Model",
    "ModelFamily",
    "Open",
    "Patches",
    "Plugin",
    "Plugins",
    "Problem",
    "Prompt",
    "Proposal",
    "ProposalGenerator",
    "Protocol",
    "Question",
    "Reading",
    "Record",
    "Registry",
    "Relay",
    "RelevanceMap",
    "RelevanceSource",
    "Reply",
    "Rule",
    "Ruling",
    "Sample",
    "Sampling",
    "Scale",
    "Searcher",
    "Sight",
    "Spec",
    "Strategy",
    "Target",
    "TargetBox",
    "TargetExtractor",
    "Task",
    "Traits",
    "Usually",
    "Verifier",
    "View",
    "VisualcropError",
    "Vv",
    "Work",
    "Worker",
    "all_passes",
    "at_least",
    "between",
    "checkpoint_fingerprint",
    "errors",
    "focus_paper",
    "hookimpl",
    "load_plugins",
    "merged",
    "option",
    "pseudo_attention",
    "reply",
    "say",
    "similarity_map",
    "smoothed",
]
