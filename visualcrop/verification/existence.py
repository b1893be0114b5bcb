"""Ask whether the target is there: the confidence is 2 p(Yes) - 1."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..errors import SpecError
from ..interfaces import Verifier
from ..prompt import Prompt
from ..strategy.base import option
from ..values import Target, View


def _names_the_target(_: object, field: attrs.Attribute[str], text: str) -> None:
    if "{target}" not in text:
        raise SpecError(f"{field.name} has no {{target}} in it; say where the target goes")


@attrs.frozen
class Existence(Verifier):
    """Odds of Yes against No to an existence prompt (Eq. 5). One pass for each view."""

    name = "existence"

    prompt: str = option(
        "Is there a {target} in the image?",
        help="text shown with the view",
        validator=_names_the_target,
    )
    yes: str = option("Yes", help="the reply that means it is there")
    no: str = option("No", help="the reply that means it is not")

    def __attrs_post_init__(self) -> None:
        if not (self.yes.strip() and self.no.strip()) or self.yes == self.no:
            raise SpecError(
                f"The replies {self.yes!r} and {self.no!r} cannot be told apart; give two words."
            )

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        name = target.singular
        prompts = [Prompt.fill(view, self.prompt, target=name) for view in views]
        choices = model.choose(prompts, (self.yes, self.no))
        return tuple(2 * (choice.probabilities[0] - 0.5) for choice in choices)
