"""Targets that the user names. Costs no pass."""

from __future__ import annotations

import attrs

from ..budget import BudgetedModel
from ..interfaces import TargetExtractor
from ..strategy.base import option
from ..values import Question, Target
from .rules import make_targets


@attrs.frozen
class Given(TargetExtractor):
    """Look for the things that the caller names; 'all mugs' means every one. No pass."""

    name = "given"

    names: tuple[str, ...] = option((), help="what to look for")
    every: bool = option(False, help="whether there may be several of each")

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        return make_targets(list(self.names), limit=len(self.names), every=self.every)
