"""Find the part of an image that answers a question."""

from __future__ import annotations

from . import errors
from .answer.collage import Collage, merge_boxes
from .answer.reply import inference_option, max_new_tokens_option, reply
from .api import VisualSearch
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
from .executors.base import Executor, Task, Worker, WorkerFactory
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
from .judges.base import Judge, JudgeFn, Verdict
from .models.base import (
    Capture,
    Choice,
    EncodedSize,
    Internals,
    Model,
    ModelFamily,
    ModelInfo,
    Patches,
    PixelGradients,
    QFormerAttention,
    Reply,
    Usage,
)
from .models.checkpoints.fingerprint import checkpoint_fingerprint
from .models.engine.batching import BatchingModel
from .models.families.auto import Auto
from .models.reconciling import UNBILLED
from .output.streams import say
from .plugin.hooks import hookimpl
from .plugin.manager import Plugin, Plugins, load_plugins
from .plugin.registry import Registry
from .prompt import Prompt, Sampling, TextSpan
from .proposals.anchors import Anchors
from .protocol import Inference, PromptProtocol
from .record import Record
from .relevance.similarity import pseudo_attention, similarity_map, smooth_map
from .relevance.vv import Vv
from .spec.parse import Spec
from .strategy.base import Strategy, at_least, between, option
from .strategy.defaults import ConditionalDefault
from .targets.in_context import InContext, targets_option
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
    "BatchingModel",
    "Box",
    "Budget",
    "BudgetedModel",
    "Capture",
    "Charge",
    "Choice",
    "Collage",
    "ConditionalDefault",
    "Dataset",
    "EncodedSize",
    "Evidence",
    "Executor",
    "Existence",
    "Finding",
    "Grid",
    "Image",
    "ImageSource",
    "InContext",
    "Inference",
    "Internals",
    "Judge",
    "JudgeFn",
    "Ledger",
    "Model",
    "ModelFamily",
    "ModelInfo",
    "Patches",
    "PixelGradients",
    "Plugin",
    "Plugins",
    "Problem",
    "Prompt",
    "PromptProtocol",
    "Proposal",
    "ProposalGenerator",
    "QFormerAttention",
    "Question",
    "Record",
    "Registry",
    "RelevanceMap",
    "RelevanceSource",
    "Reply",
    "Sample",
    "Sampling",
    "Searcher",
    "Spec",
    "Strategy",
    "Target",
    "TargetBox",
    "TargetExtractor",
    "Task",
    "TextSpan",
    "Usage",
    "Verdict",
    "Verifier",
    "View",
    "VisualSearch",
    "VisualcropError",
    "Vv",
    "Worker",
    "WorkerFactory",
    "all_passes",
    "at_least",
    "between",
    "checkpoint_fingerprint",
    "errors",
    "focus_paper",
    "hookimpl",
    "inference_option",
    "load_plugins",
    "max_new_tokens_option",
    "merge_boxes",
    "option",
    "pseudo_attention",
    "reply",
    "say",
    "similarity_map",
    "smooth_map",
    "targets_option",
]
