"""Ask whether the target is there; believe the odds of "Yes"."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import Verifier
from ..prompt import Prompt
from ..strategy import option
from ..values import Target, View


@attrs.frozen
class Existence(Verifier):
    """Odds of Yes against No to an existence prompt (Eq. 5). One pass for each view."""

    name = "existence"

    prompt: str = option("Is there a {target} in the image?", help="text shown with the view")
    yes: str = option("Yes", help="the reply that means it is there")
    no: str = option("No", help="the reply that means it is not")

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        prompts = [Prompt.fill(view, self.prompt, target=target.text) for view in views]
        choices = model.choose(prompts, (self.yes, self.no))
        return tuple(2 * (choice.probabilities[0] - 0.5) for choice in choices)
