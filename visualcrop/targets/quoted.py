"""Targets that the question itself puts in quotes. Costs no pass."""

from __future__ import annotations

import re

import attrs

from ..budget import BudgetedModel
from ..interfaces import TargetExtractor
from ..strategy.base import at_least, option
from ..values import Question, Target
from .rules import is_counting, make_targets

_QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^“”]+)”|‘([^‘’]+)’(?!\w)")


@attrs.frozen
class Quoted(TargetExtractor):
    """Take every 'quoted' phrase of the question. No pass."""

    name = "quoted"

    limit: int = option(8, help="most targets to take", validator=at_least(1))

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        phrases = [next(filter(None, found)) for found in _QUOTED.findall(question.text)]
        return make_targets(phrases, limit=self.limit, every=is_counting(question.text))
