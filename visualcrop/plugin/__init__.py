"""For authors of plug-ins: interfaces, options, hooks, and pieces of the default stages."""

from __future__ import annotations

from ..answer.collage import Collage, merge_boxes
from ..answer.interleaved import draw_outlines
from ..answer.reply import inference_option, max_new_tokens_option, reply
from ..budget import ANSWER
from ..data.base import Dataset, ImageSource, Problem, TargetBox
from ..executors.base import Executor, Task, Worker, WorkerFactory
from ..image import DrawnImage
from ..interfaces import (
    AnswerComposer,
    OnePassSource,
    ProposalGenerator,
    RelevanceSource,
    Searcher,
    SequentialVerifier,
    TargetExtractor,
    Verifier,
)
from ..judges.base import Judge, JudgeFn, Verdict
from ..output.streams import say
from ..protocol import Inference
from ..relevance.vv import pseudo_attention, similarity_map, smooth_map
from ..spec.parse import Spec
from ..strategy.base import Strategy, at_least, between, option
from ..strategy.defaults import ConditionalDefault, OwnDefault
from ..targets.in_context import targets_option
from ..utils.forking import after_fork_in_child
from ..utils.paths import expand_path, read_limited
from .configure import read_dataset
from .hooks import hookimpl
from .manager import Plugin, Plugins, load_plugins
from .registry import Registry

__all__ = [
    "ANSWER",
    "AnswerComposer",
    "Collage",
    "ConditionalDefault",
    "Dataset",
    "DrawnImage",
    "Executor",
    "ImageSource",
    "Inference",
    "Judge",
    "JudgeFn",
    "OnePassSource",
    "OwnDefault",
    "Plugin",
    "Plugins",
    "Problem",
    "ProposalGenerator",
    "Registry",
    "RelevanceSource",
    "Searcher",
    "SequentialVerifier",
    "Spec",
    "Strategy",
    "TargetBox",
    "TargetExtractor",
    "Task",
    "Verdict",
    "Verifier",
    "Worker",
    "WorkerFactory",
    "after_fork_in_child",
    "at_least",
    "between",
    "draw_outlines",
    "expand_path",
    "hookimpl",
    "inference_option",
    "load_plugins",
    "max_new_tokens_option",
    "merge_boxes",
    "option",
    "pseudo_attention",
    "read_dataset",
    "read_limited",
    "reply",
    "say",
    "similarity_map",
    "smooth_map",
    "targets_option",
]
