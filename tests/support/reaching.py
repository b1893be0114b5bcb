"""Searches that do something beside what they pay for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from visualcrop import Answer, BudgetedModel, Prompt, Question
from visualcrop.plugin import Searcher
from visualcrop.searchers.direct import Direct
from visualcrop.testing import Bench

TEXT = Prompt(("Is there a mug?",))
ASKED = Bench.set_up().asked.question


@attrs.frozen
class Cheating(Searcher):
    """Does something else beside asking once; *where* a text is given, only there."""

    name = "cheating"

    does: Callable[[BudgetedModel], object] = lambda model: None
    where: str = ""

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        if self.where in question.text:
            self.does(model)
        return Direct().search(question, model)


def fifty(model: Any) -> None:
    for _ in range(50):
        model.forward([TEXT])
