"""Whether confidences tell right answers from wrong: risk against coverage, and calibration."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

from .statistics import LEVEL, Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]

BINS = 10  # of confidences, equally wide
_DRAWS = 1_000
_AT_ONCE = 1 << 14  # numbers of one array while draws are made, for memory


@attrs.frozen
class Bin:
    """Answers whose confidences are alike."""

    confidence: float  # their mean
    right: float  # their mean score
    n: int


@attrs.frozen
class Selective:
    """How well one searcher's confidences order its answers, and how true they are."""

    searcher: str
    n: int  # answers
    known: int  # answers with a confidence; the others count as the least sure
    aurc: float
    aurc_interval: Interval
    ece: float  # over the answers with a confidence
    ece_interval: Interval
    bins: tuple[Bin, ...]  # with an answer in them, from the least sure
    coverage: tuple[float, ...]  # shares of answers given, in rising order
    risk: tuple[float, ...]  # mean loss of those that are given, at each coverage


@attrs.frozen
class AurcDifference:
    """What separates the areas of two searchers over the same questions."""

    n: int
    difference: float  # ours less theirs: below 0, ours orders better
    interval: Interval
    ratio: float | None  # ours over theirs; none if theirs is 0
    ratio_interval: Interval | None  # of the draws in which theirs is above 0


def measure_aurc(
    confidences: Sequence[float] | Numbers, scores: Sequence[float] | Numbers
) -> float:
    """
    Area under the risk-coverage curve: the mean risk over all coverages k / n, k = 1 to n.

    The risk at k is the mean loss, 1 - score, of the k surest answers. Of answers that are equally
    sure, any may come first: their mean over all orders is taken. An unknown confidence, NaN, is
    the least. From 0, all right; the area of confidences that say nothing is 1 - accuracy.
    """
    import numpy as np

    if not len(scores):
        return float("nan")
    _, errors, sizes = _tie(confidences, scores, np.ones((1, len(scores))))
    return float(_areas(errors, sizes)[0])


def measure_ece(confidences: Sequence[float] | Numbers, scores: Sequence[float] | Numbers) -> float:
    """
    Expected calibration error: how far bins of confidences are from their accuracy, in the mean.

    Ten bins, (0, 0.1] to (0.9, 1]; each counts by its answers. Unknown confidences, NaN, are left
    out; NaN if none is known.
    """
    import numpy as np

    return float(_calibration_errors(confidences, scores, np.ones((1, len(scores))))[0])


def measure_selective(
    searcher: str,
    confidences: Sequence[float] | Numbers,
    scores: Sequence[float] | Numbers,
    groups: Sequence[Hashable],
    *,
    seed: int = 0,
) -> Selective:
    """All of it for one searcher; the intervals are from a bootstrap of whole groups."""
    import numpy as np

    sure, right = np.asarray(confidences, float), np.asarray(scores, float)
    _, errors, sizes = _tie(sure, right, np.ones((1, len(right))))
    given, wrong = np.cumsum(sizes[0]), np.cumsum(errors[0])

    def areas(weights: Numbers) -> Numbers:
        return _areas(*_tie(sure, right, weights)[1:])

    def calibration(weights: Numbers) -> Numbers:
        return _calibration_errors(sure, right, weights)

    return Selective(
        searcher,
        len(right),
        int(np.isfinite(sure).sum()),
        measure_aurc(sure, right),
        _interval(_bootstrap(areas, groups, seed)),
        measure_ece(sure, right),
        _interval(_bootstrap(calibration, groups, seed)),
        tuple(_fill_bins(sure, right)),
        tuple((given / given[-1]).tolist()),
        tuple((wrong / given).tolist()),
    )


def compare_aurc(
    ours: tuple[Sequence[float] | Numbers, Sequence[float] | Numbers],
    theirs: tuple[Sequence[float] | Numbers, Sequence[float] | Numbers],
    groups: Sequence[Hashable],
    *,
    seed: int = 0,
) -> AurcDifference:
    """
    Compare the areas of two searchers; each is (confidences, scores) of the same questions.

    The same groups are drawn for both, so that what is hard for both moves both.
    """
    import numpy as np

    def areas(weights: Numbers) -> Numbers:
        drawn = (_areas(*_tie(*each, weights)[1:]) for each in (ours, theirs))
        return np.stack([*drawn], axis=1)

    found = _bootstrap(areas, groups, seed)
    one, two = measure_aurc(*ours), measure_aurc(*theirs)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = found[:, 0] / found[:, 1]
    return AurcDifference(
        len(groups),
        one - two,
        _interval(found[:, 0] - found[:, 1]),
        one / two if two else None,
        _interval(ratios) if two else None,
    )


def _tie(
    confidences: Sequence[float] | Numbers, scores: Sequence[float] | Numbers, weights: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """
    Distinct confidences from the surest, with the errors and the answers at each.

    *weights* are draws x answers: how often each answer counts; errors and answers are draws x
    distinct confidences.
    """
    import numpy as np

    sure = np.nan_to_num(np.asarray(confidences, float), nan=-np.inf, neginf=-np.inf)
    order = np.argsort(-sure, kind="stable")
    ordered = sure[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    losses = (1 - np.asarray(scores, float))[order]
    drawn = weights[:, order]
    errors = np.add.reduceat(drawn * losses, starts, axis=1)
    return ordered[starts], errors, np.add.reduceat(drawn, starts, axis=1)


def _areas(errors: Numbers, sizes: Numbers) -> Numbers:
    """
    The area of each draw, from the errors and answers at each distinct confidence.

    Within a tie of g answers with e errors, after K answers with E errors, the risk at K + j is
    (E + j e/g) / (K + j), whose sum over j has a closed form in harmonic numbers.
    """
    import numpy as np

    totals = sizes.sum(axis=1)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, int(totals.max()) + 1))])
    after = np.cumsum(sizes, axis=1).astype(np.int64)
    before = after - sizes.astype(np.int64)
    wrong = np.cumsum(errors, axis=1) - errors
    rate = np.divide(errors, sizes, out=np.zeros_like(errors), where=sizes > 0)
    sums = errors + (wrong - rate * before) * (harmonic[after] - harmonic[before])
    areas: Numbers = sums.sum(axis=1) / totals
    return areas


def _bin_of(confidences: Numbers) -> npt.NDArray[np.int64]:
    """The bin of each confidence, 0 to 9; its upper edge is within a bin."""
    import numpy as np

    above = np.ceil(np.round(confidences * BINS, 9)) - 1
    bins: npt.NDArray[np.int64] = np.clip(above, 0, BINS - 1).astype(np.int64)
    return bins


def _calibration_errors(
    confidences: Sequence[float] | Numbers, scores: Sequence[float] | Numbers, weights: Numbers
) -> Numbers:
    """The calibration error of each draw; *weights* are draws x answers."""
    import numpy as np

    sure = np.asarray(confidences, float)
    known = np.isfinite(sure)
    gaps = (np.asarray(scores, float) - sure)[known]
    drawn, bins = weights[:, known], _bin_of(sure[known])
    total = drawn.sum(axis=1)
    summed = np.zeros(len(weights))
    for place in range(BINS):
        within = bins == place
        summed += np.abs(drawn[:, within] @ gaps[within])
    with np.errstate(divide="ignore", invalid="ignore"):
        errors: Numbers = np.where(total > 0, summed / total, np.nan)
    return errors


def _fill_bins(confidences: Numbers, scores: Numbers) -> list[Bin]:
    import numpy as np

    known = np.isfinite(confidences)
    sure, right = confidences[known], scores[known]
    bins = _bin_of(sure)
    return [
        Bin(float(sure[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum()))
        for b in np.unique(bins)
    ]


def _bootstrap(
    measure: Callable[[Numbers], Numbers], groups: Sequence[Hashable], seed: int
) -> Numbers:
    """
    What *measure* makes of draws of whole groups, with replacement, some draws at a time.

    NaN of one group: its draws are all alike, and say nothing of how far another would be.
    """
    import numpy as np

    places: dict[Hashable, int] = {}
    where = np.array([places.setdefault(group, len(places)) for group in groups])
    rng, found, some = np.random.default_rng(seed), [], max(1, _AT_ONCE // len(where))
    even = np.full(len(places), 1 / len(places))
    for first in range(0, _DRAWS, some):
        counts = rng.multinomial(len(places), even, size=min(some, _DRAWS - first))
        found.append(measure(counts[:, where].astype(np.float64)))
    drawn = np.concatenate(found)
    return drawn if len(places) > 1 else np.full_like(drawn, np.nan)


def _interval(drawn: Numbers) -> Interval:
    """The middle 95 % of what was drawn."""
    import numpy as np

    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
