"""
What a plug-in author needs to prove a plug-in: a toy world and one suite per kind.

    class TestMine(RelevanceSourceSuite):
        strategy = Mine

An inherited test may be overridden only by `pytest.mark.xfail(reason="...")`.
"""

from __future__ import annotations

import pkgutil

import pytest

# Before they are imported, so that an inherited test that fails shows the values it compared.
pytest.register_assert_rewrite(
    *(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))
)

from ..models.toy.model import ToyModel
from ..models.toy.scene import Scene, SceneQuestion, Thing
from .bench import Bench
from .evaluation_suites import DatasetSuite, ExecutorSuite, JudgeSuite
from .family_suite import HuggingFaceFamilySuite
from .model_suite import ModelFamilySuite
from .stage_suites import (
    AnswerComposerSuite,
    ProposalGeneratorSuite,
    RelevanceSourceSuite,
    SearcherSuite,
    TargetExtractorSuite,
    VerifierSuite,
)
from .strategy_suite import StrategySuite
from .tiny import byte_tokenizer, random_network

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
    "Bench",
    "DatasetSuite",
    "ExecutorSuite",
    "HuggingFaceFamilySuite",
    "JudgeSuite",
    "ModelFamilySuite",
    "ProposalGeneratorSuite",
    "RelevanceSourceSuite",
    "Scene",
    "SceneQuestion",
    "SearcherSuite",
    "StrategySuite",
    "TargetExtractorSuite",
    "Thing",
    "ToyModel",
    "VerifierSuite",
    "byte_tokenizer",
    "random_network",
]
