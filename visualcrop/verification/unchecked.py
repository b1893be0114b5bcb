"""Believe the map."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..interfaces import Verifier
from ..values import Target, View


@attrs.frozen
class Unchecked(Verifier):
    """Believe every proposal, so that the map's order decides. No pass."""

    name = "unchecked"

    def verify(
        self, views: Sequence[View], target: Target, model: BudgetedModel
    ) -> tuple[float, ...]:
        return (1.0,) * len(views)
