"""Whether an answer in words is right, where it is not said word for word."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import attrs

from ..data.base import Sample
from ..strategy.base import Strategy


@attrs.frozen
class Verdict:
    """What a judge decided, and what it said; none where that cannot be told from its words."""

    right: bool | None
    said: str = ""


JudgeFn: TypeAlias = Callable[[Sample, str], Verdict]  # a sample, and the reply to it


class Judge(Strategy):
    """Question, right answers and a reply → whether the reply is right. Sees no image."""

    kind = "judge"

    @abstractmethod
    def open(self) -> JudgeFn:
        """Load what it takes to rule."""
