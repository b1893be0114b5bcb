"""What plug-in authors need: interfaces, options, hooks, and pieces of the default stages."""

from __future__ import annotations

from ..answer.collage import Collage, merge_boxes
from ..answer.replying import reply
from ..budget import ANSWER
from ..data.base import Dataset, ImageSource, Problem, TargetBox
from ..executors.base import Executor, Task, Worker, WorkerFactory
from ..interfaces import (
    AnswerComposer,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    TargetExtractor,
    Verifier,
)
from ..judges.base import Judge, JudgeFn, Verdict
from ..output.streams import say
from ..relevance.similarity import pseudo_attention, similarity_map, smooth_map
from ..spec.parse import Spec
from ..strategy.base import Strategy, at_least, between, option
from ..strategy.defaults import ConditionalDefault
from .hooks import hookimpl
from .manager import Plugin, Plugins, load_plugins
from .registry import Registry

__all__ = [
    "ANSWER",
    "AnswerComposer",
    "Collage",
    "ConditionalDefault",
    "Dataset",
    "Executor",
    "ImageSource",
    "Judge",
    "JudgeFn",
    "Plugin",
    "Plugins",
    "Problem",
    "ProposalGenerator",
    "Registry",
    "RelevanceSource",
    "Searcher",
    "Spec",
    "Strategy",
    "TargetBox",
    "TargetExtractor",
    "Task",
    "Verdict",
    "Verifier",
    "Worker",
    "WorkerFactory",
    "at_least",
    "between",
    "hookimpl",
    "load_plugins",
    "merge_boxes",
    "option",
    "pseudo_attention",
    "reply",
    "say",
    "similarity_map",
    "smooth_map",
]
