"""Whether a view shows the target's words, by reading it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import BudgetedModel, Existence, Target, View
from visualcrop.plugin import Verifier, option

from .finding import read_view
from .matching import find_words, match


@attrs.frozen
class Reading(Verifier):
    """
    Read each view and look for the target's words, as in sign "OPEN". No pass for such targets.

    The confidence is 1 where the words are read to the letter, and less by 2 for each share of
    letters that is not. A target that names no text is another verifier's.
    """

    name = "reading"

    capitals: bool = option(
        True, help="count three capitals or more as text, quotes or not: EXIT sign"
    )
    otherwise: Verifier = option(Existence(), help="who is asked about targets that name no text")

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float | None, ...]:
        words = find_words(target.text, capitals=self.capitals)
        if not words:
            return self.otherwise.verify(views, target, model)
        return tuple(2 * match(words, _read(view)) - 1 for view in views)


def _read(view: View) -> str:
    return " ".join(text.text for text in read_view(view))
