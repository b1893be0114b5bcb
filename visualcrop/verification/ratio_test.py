"""
Wald's sequential test with the map's prior as weights.

The hypotheses are: one of the boxes shows the target, and none does. With w_k the prior that box k
is the first to show it, and r_k the likelihood ratio of its confidence, the odds of the first
hypothesis against the second change by

    B = sum of w_k r_k over boxes that were asked about + sum of w_k over the others

Without the target, B has a mean of 1 whatever was asked, so that it ever reaches 1 / alpha with a
probability of at most alpha (Ville's inequality).
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .densities import Densities


@attrs.frozen
class RatioTest:
    """When to stop asking about boxes in the map's order."""

    densities: Densities
    alpha: float  # probability of accepting a box of a target that is not there
    beta: float  # probability of leaving out the boxes that show the target

    def accepts(self, confidences: Sequence[float | None]) -> bool:
        """Whether one of these boxes shows the target."""
        odds, _ = self._weigh(confidences, self.densities.first)
        return odds >= 1 / self.alpha

    def is_over(self, confidences: Sequence[float | None]) -> bool:
        """Whether one of the boxes is accepted, or the target is hardly among the others."""
        odds, rest = self._weigh(confidences, self.densities.first)
        return odds >= 1 / self.alpha or self._is_little(odds, rest)

    def is_over_for_all(self, confidences: Sequence[float | None]) -> bool:
        """
        Whether hardly any instance is among the other boxes; none is ever enough.

        The test begins anew behind each box that is likelier to show the target than not.
        """
        likely = [k for k, c in enumerate(confidences) if c is not None and self._favours(c)]
        if not likely:
            return self._is_little(*self._weigh(confidences, self.densities.first))
        behind = confidences[likely[-1] + 1 :]
        prior = self.densities.following
        return bool(prior) and self._is_little(*self._weigh(behind, prior))

    def _favours(self, confidence: float) -> bool:
        return self.densities.ratio(confidence) >= 1

    def _weigh(
        self, confidences: Sequence[float | None], prior: Sequence[float]
    ) -> tuple[float, float]:
        """B, and what of it is of boxes that were not asked about."""
        rest = sum(prior[len(confidences) :])
        asked = zip(prior, confidences, strict=False)
        return rest + sum(w * self.densities.ratio(c) for w, c in asked), rest

    def _is_little(self, odds: float, rest: float) -> bool:
        """Whether the target is in the *rest* with a probability of at most beta, if anywhere."""
        return rest <= self.beta * max(1.0, odds)
