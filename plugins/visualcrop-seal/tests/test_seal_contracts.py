"""Every strategy of SEAL that needs no weights keeps the contract of its kind."""

from __future__ import annotations

from visualcrop.testing import AnswerComposerSuite, SearcherSuite, StrategySuite
from visualcrop_seal import Internal, Missing, Seal, SealVqa, SealVsm, WorkingMemory


class TestSeal(SearcherSuite):
    """With the toy model's own internals for a search model."""

    strategy = Seal


class TestWorkingMemory(AnswerComposerSuite):
    """On a model that has seen no such prompt."""

    strategy = WorkingMemory


class TestMissing(StrategySuite):
    """What holds for every strategy; the toy model never says sorry."""

    strategy = Missing


class TestSealVqa(StrategySuite):
    """What holds for every strategy; what holds for models is tested on its checkpoint."""

    strategy = SealVqa


class TestSealVsm(StrategySuite):
    """As for `internal`."""

    strategy = SealVsm


class TestInternal(StrategySuite):
    """What holds for every strategy of a kind that a plug-in brings."""

    strategy = Internal
