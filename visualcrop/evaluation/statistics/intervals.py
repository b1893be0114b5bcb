"""Intervals for a share of right answers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import attrs

from .clusters import error

if TYPE_CHECKING:
    from .clusters import Numbers

LEVEL = 0.95


@attrs.frozen
class Interval:
    """Where a share lies, with a chance of 95 %."""

    low: float
    high: float

    def __contains__(self, share: float) -> bool:
        return self.low <= share <= self.high


def interval(right: Sequence[float], groups: Sequence[Hashable]) -> Interval:
    """
    Wilson's interval for the mean of *right*, shares between 0 and 1.

    Answers of one group, such as questions about one image, may go right or wrong together. So
    the answers count as fewer, by as much as they hang together, but never as fewer than groups.
    """
    import numpy as np

    if not right:
        return Interval(0.0, 1.0)
    shares = np.asarray(right, float)
    return wilson(float(shares.mean()), _independent(shares, groups))


def wilson(share: float, n: float) -> Interval:
    """Wilson's interval for a share among *n* answers, which need not be a whole number."""
    from scipy.stats import norm

    z2 = float(norm.ppf((1 + LEVEL) / 2)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def _independent(shares: Numbers, groups: Sequence[Hashable]) -> float:
    """How many independent answers tell as much (clustered standard errors, Miller 2024)."""
    variance = error(shares, groups) ** 2
    spread = float(shares.mean() * (1 - shares.mean()))
    least = len(set(groups))
    return min(max(spread / variance, least), len(shares)) if variance else float(least)
