"""How sure one may be of an accuracy, and of a difference between two."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]

LEVEL = 0.95
_DRAWS = 9_999
_AT_ONCE = 1 << 18  # signs that are drawn together, for memory: of all they may be thousands
_REACH = 1.96  # standard errors within which 95 % lie


@attrs.frozen
class Interval:
    """Where a share lies, with a chance of 95 %."""

    low: float
    high: float

    def __contains__(self, share: float) -> bool:
        return self.low <= share <= self.high


@attrs.frozen
class Difference:
    """What separates two runs over the same questions."""

    gain: float  # mean of ours less mean of theirs
    interval: Interval
    p: float  # how likely a difference as large is if there is none
    only_ours: int  # questions that only ours gets right
    only_theirs: int
    smallest: float  # about the least gain that so many differing answers, or groups, could show

    @property
    def clear(self) -> bool:
        """Whether it is more than chance would explain."""
        return self.p < 1 - LEVEL


@attrs.frozen
class Separation:
    """What separates a share of ours from one that somebody published."""

    difference: float  # ours less theirs
    interval: Interval
    p: float  # how likely a difference as large is if there is none


def accuracy_interval(right: Sequence[float], groups: Sequence[Hashable]) -> Interval:
    """
    Wilson's interval for the mean of *right*, shares between 0 and 1.

    Answers of one group, such as questions about one image, may go right or wrong together. So
    the answers count as fewer, by as much as they are correlated, but never as fewer than groups.
    """
    if not right:
        return Interval(0.0, 1.0)
    return wilson_interval(sum(right) / len(right), effective_count(right, groups))


def wilson_interval(share: float, n: float, level: float = LEVEL) -> Interval:
    """Wilson's interval for a share among *n* answers, which need not be a whole number."""
    from scipy.stats import norm

    return _wilson(share, n, float(norm.ppf((1 + level) / 2)))


def compare_shares(ours: float, n: float, theirs: float, m: float) -> Separation:
    """
    Compare shares of *n* and of *m* answers, not question by question: theirs are not known.

    The bounds are Newcombe's (1998, method 10), made of Wilson's; p is that of the level at which
    they begin to hold zero. Counts need not be whole: see `effective_count`.
    """
    from scipy.stats import norm

    z = float(norm.ppf((1 + LEVEL) / 2))
    p = 2 * float(norm.sf(_least_reach(ours, n, theirs, m)))
    return Separation(ours - theirs, _newcombe(ours, n, theirs, m, z), min(1.0, p))


def _newcombe(ours: float, n: float, theirs: float, m: float, z: float) -> Interval:
    one, two, difference = _wilson(ours, n, z), _wilson(theirs, m, z), ours - theirs
    down = ((ours - one.low) ** 2 + (two.high - theirs) ** 2) ** 0.5
    up = ((one.high - ours) ** 2 + (theirs - two.low) ** 2) ** 0.5
    return Interval(difference - down, difference + up)


def _least_reach(ours: float, n: float, theirs: float, m: float) -> float:
    """Standard errors by which the bounds of the difference reach to zero."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        if 0.0 in _newcombe(ours, n, theirs, m, middle):
            high = middle
        else:
            low = middle
    return high


def _wilson(share: float, n: float, z: float) -> Interval:
    z2 = z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def paired_difference(
    ours: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0
) -> Difference:
    """
    Compare answers, 1 for right and 0 for wrong, question by question.

    Where no two questions share a group McNemar's exact test gives p; otherwise whole groups
    change sides in a permutation test.
    """
    import numpy as np

    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    won, lost = int((a > b).sum()), int((a < b).sum())
    alone = len(set(groups)) == len(groups)
    p = mcnemar_test(won, lost) if alone else _permutation_test(_group_sums(a - b, groups), seed)
    moved = np.abs((a - b) if alone else _group_sums(a - b, groups))
    least = least_lead(int((moved > 0).sum())) * float(
        moved[moved > 0].mean() if moved.any() else 1
    )
    bounds = _gain_interval(_group_sums(a - b, groups), len(a))
    return Difference(float((a - b).mean()), bounds, p, won, lost, least / len(a))


def adjust_holm(ps: Sequence[float]) -> list[float]:
    """
    The p values of several comparisons, corrected for their number (Holm 1979), in their order.

    Of all comparisons whose corrected p is below 0.05, one or more are by chance with a
    probability of 0.05 at most, however they depend on one another.
    """
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = highest
    return adjusted


def mcnemar_test(won: int, lost: int) -> float:
    """Exact two-sided p of *won* against *lost* differing answers."""
    from scipy.stats import binomtest

    return float(binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0


def least_lead(differing: int) -> int:
    """By how many of its *differing* answers a run must lead to be called better."""
    leads = range(differing % 2, differing + 1, 2)
    return next((lead for lead in leads if _is_clear(lead, differing)), differing + 1)


def _is_clear(lead: int, differing: int) -> bool:
    return mcnemar_test((differing + lead) // 2, (differing - lead) // 2) < 1 - LEVEL


def effective_count(right: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Number of independent answers with the same standard error (clustered, Miller 2024)."""
    import numpy as np

    shares = np.asarray(right, float)
    sums = _group_sums(shares - shares.mean(), groups)
    variance = float((sums**2).sum()) / len(shares) ** 2
    spread = float(shares.mean() * (1 - shares.mean()))
    least = len(set(groups))
    return min(max(spread / variance, least), len(shares)) if variance else float(least)


def _gain_interval(sums: Numbers, n: int) -> Interval:
    """
    Agresti and Min's (2005) for paired answers, with groups in the place of answers.

    Two groups more, half a win, half a loss and one without a difference, keep the bounds apart
    where all of few groups agree.
    """
    import numpy as np

    size = n / len(sums)
    added, weights = np.array([size, -size, 0.0]), np.array([0.5, 0.5, 1.0])
    total = n + 2 * size
    gain = float(sums.sum()) / total
    spread = ((sums - size * gain) ** 2).sum()
    spread += (weights * (added - size * gain) ** 2).sum()
    reach = _REACH * float(spread) ** 0.5 / total
    return Interval(max(-1.0, gain - reach), min(1.0, gain + reach))


def _permutation_test(sums: Numbers, seed: int) -> float:
    """Share of sign changes of whole groups that differ at least as much."""
    import numpy as np
    from scipy.stats import permutation_test

    differing = sums[sums != 0]
    if len(differing) < 2:
        return 1.0
    test = permutation_test(
        (differing,),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        n_resamples=_DRAWS,
        batch=max(1, _AT_ONCE // len(differing)),
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def _group_sums(numbers: Numbers, groups: Sequence[Hashable]) -> Numbers:
    """The sum of each group, in the order in which groups appear."""
    import numpy as np

    places: dict[Hashable, int] = {}
    where = [places.setdefault(group, len(places)) for group in groups]
    return np.bincount(where, numbers).astype(np.float64)
