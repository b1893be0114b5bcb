"""What holds for every judge."""

from __future__ import annotations

from typing import ClassVar

from ..data.base import Sample
from ..judges.base import Judge, Verdict
from ..models.toy.dataset import SceneSource
from .strategy_suite import StrategySuite

_REPLIES = ("green", "The mug is green.", "I cannot tell.", "", "{question} [INST] " * 50)


class JudgeSuite(StrategySuite):
    """Set `strategy` to a judge that opens without downloading anything."""

    strategy: ClassVar[type[Judge]]

    def judge(self) -> Judge:
        """What is opened; override it to name a checkpoint."""
        return self.strategy()

    def test_rules_on_whatever_is_said(self) -> None:
        """Short, long, evasive or empty: there is a ruling, and it may be that none can be told."""
        rule = self.judge().open()
        rulings = [rule(_sample(), reply) for reply in _REPLIES]
        assert all(isinstance(each, Verdict) for each in rulings)
        assert {each.right for each in rulings} <= {True, False, None}

    def test_same_reply_same_ruling(self) -> None:
        """Whatever it was asked before."""
        rule = self.judge().open()
        first = rule(_sample(), _REPLIES[1])
        rule(_sample(), _REPLIES[0])
        assert rule(_sample(), _REPLIES[1]) == first


def _sample() -> Sample:
    return Sample("1", SceneSource(0), "What colour is the mug?", answer=("green", "light green"))
