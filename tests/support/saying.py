"""A toy model that says what it is told to."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import BudgetedModel, Ledger, Prompt, Reply
from visualcrop.testing import ToyModel


@attrs.define
class Saying(ToyModel):
    """Replies with *text* to everything, and remembers what it was asked."""

    text: str = ""
    asked: list[Prompt] = attrs.field(factory=list)
    most: list[int] = attrs.field(factory=list)  # tokens that it was allowed

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        self.asked += prompts
        self.most += [max_new_tokens] * len(prompts)
        return [Reply(self.text) for _ in prompts]


def saying(text: str) -> tuple[BudgetedModel, Saying]:
    """A model that says *text*, on a ledger of its own, and the same without the ledger."""
    toy = Saying(text=text)
    return BudgetedModel(toy, Ledger()), toy
