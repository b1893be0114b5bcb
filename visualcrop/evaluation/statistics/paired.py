"""Whether one of two runs over the same questions is better."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import attrs

from .clusters import summed
from .intervals import LEVEL, Interval

if TYPE_CHECKING:
    from .clusters import Numbers

_DRAWS = 9_999
_AT_ONCE = 1 << 18  # signs that are drawn together, for memory: of all they may be thousands
_REACH = 1.96  # standard errors within which 95 % lie


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


def difference(
    ours: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0
) -> Difference:
    """
    Compare answers, 1 for right and 0 for wrong, question by question.

    Where no two questions share a group McNemar's exact test says how clear it is; otherwise whole
    groups change sides in a permutation test.
    """
    import numpy as np

    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    won, lost = int((a > b).sum()), int((a < b).sum())
    alone = len(set(groups)) == len(groups)
    p = mcnemar(won, lost) if alone else _permuted(summed(a - b, groups), seed)
    moved = np.abs((a - b) if alone else summed(a - b, groups))
    least = least_net(int((moved > 0).sum())) * float(moved[moved > 0].mean() if moved.any() else 1)
    bounds = _bounds(summed(a - b, groups), len(a))
    return Difference(float((a - b).mean()), bounds, p, won, lost, least / len(a))


def _bounds(sums: Numbers, n: int) -> Interval:
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


def mcnemar(won: int, lost: int) -> float:
    """Exact two-sided p of *won* against *lost* differing answers."""
    from scipy.stats import binomtest

    return float(binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0


def least_net(differing: int) -> int:
    """By how many of its *differing* answers a run must lead to be called better."""
    leads = range(differing % 2, differing + 1, 2)
    return next((lead for lead in leads if _clear(lead, differing)), differing + 1)


def _clear(lead: int, differing: int) -> bool:
    return mcnemar((differing + lead) // 2, (differing - lead) // 2) < 1 - LEVEL


def _permuted(sums: Numbers, seed: int) -> float:
    """Share of sign changes of whole groups that differ at least as much."""
    import numpy as np
    from scipy.stats import permutation_test

    told = sums[sums != 0]
    if len(told) < 2:
        return 1.0
    test = permutation_test(
        (told,),
        lambda x, axis: x.sum(axis=axis),
        permutation_type="samples",
        n_resamples=_DRAWS,
        batch=max(1, _AT_ONCE // len(told)),
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(test.pvalue)
