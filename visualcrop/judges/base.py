"""Judges score answers in words that do not match the right answer word for word."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import attrs

from ..data.base import Sample
from ..strategy.base import Strategy


@attrs.frozen
class Verdict:
    """A judge's decision about one reply."""

    right: bool | None  # none if the judge's own reply is neither yes nor no
    reply: str = ""  # of the judge, in full


JudgeFn: TypeAlias = Callable[[Sample, str], Verdict]  # takes a sample and the reply to score


class Judge(Strategy):
    """Question, right answers and a reply → whether the reply is right. Sees no image."""

    kind = "judge"

    @abstractmethod
    def open(self) -> JudgeFn:
        """Load the judge's model, if it has one."""
