"""No verification: the order of the proposals decides."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import Verifier
from ..values import Target, View


@attrs.frozen
class Unchecked(Verifier):
    """Ask nobody, so that the map's order decides; of many, all are shown. No pass."""

    name = "unchecked"
    is_control = True

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[None, ...]:
        return (None,) * len(views)
