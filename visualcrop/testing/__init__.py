"""
What a plug-in author needs to prove a plug-in: a toy world and one suite per kind.

    class TestMine(RelevanceSourceSuite):
        strategy = Mine

An inherited test may be overridden only by `pytest.mark.xfail(reason="...")`.
"""

from __future__ import annotations

from ..models.toy.model import ToyModel
from ..models.toy.scene import Asked, Scene, Thing
from .answer_suite import AnswerComposerSuite
from .bench import Bench
from .dataset_suite import DatasetSuite
from .executor_suite import ExecutorSuite
from .family_suite import HuggingFaceFamilySuite
from .judge_suite import JudgeSuite
from .model_suite import ModelFamilySuite
from .proposals_suite import ProposalGeneratorSuite
from .relevance_suite import RelevanceSourceSuite
from .searcher_suite import SearcherSuite
from .strategy_suite import StrategySuite
from .targets_suite import TargetExtractorSuite
from .verification_suite import VerifierSuite

SUITES: dict[str, type[StrategySuite]] = {
    "targets": TargetExtractorSuite,
    "relevance": RelevanceSourceSuite,
    "proposals": ProposalGeneratorSuite,
    "verification": VerifierSuite,
    "answer": AnswerComposerSuite,
    "searcher": SearcherSuite,
    "model": ModelFamilySuite,
    "dataset": DatasetSuite,
    "executor": ExecutorSuite,
    "judge": JudgeSuite,
}

__all__ = [
    "SUITES",
    "AnswerComposerSuite",
    "Asked",
    "Bench",
    "DatasetSuite",
    "ExecutorSuite",
    "HuggingFaceFamilySuite",
    "JudgeSuite",
    "ModelFamilySuite",
    "ProposalGeneratorSuite",
    "RelevanceSourceSuite",
    "Scene",
    "SearcherSuite",
    "StrategySuite",
    "TargetExtractorSuite",
    "Thing",
    "ToyModel",
    "VerifierSuite",
]
