"""How sure a verifier is of crops with and without the target, and where the map puts it."""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs

from ..errors import ResultError

_MOST = 1_000  # bins, and ranks: more are no calibration's
_ROUNDING = 1e-6  # by which probabilities may miss the sum of 1
_HALF = 0.5  # crop of either kind that each bin is given, so that no ratio is 0 or infinite


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, int | float) and not isinstance(value, bool)
    return is_plain and abs(value) <= sys.float_info.max  # nor NaN, nor an integer beyond floats


def _numbers(values: Any) -> tuple[float, ...]:
    """Finite numbers, from a list or a tuple of a bounded length."""
    if not isinstance(values, list | tuple) or len(values) > _MOST:
        raise ResultError(
            f"A part of the densities is no list of at most {_MOST:,} numbers; calibrate again."
        )
    if not all(map(_is_number, values)):
        raise ResultError(
            "A part of the densities holds what is no finite number; calibrate again."
        )
    return tuple(map(float, values))


def _are_probabilities(values: Sequence[float], least: float) -> bool:
    return all(value >= least for value in values) and abs(sum(values) - 1) < _ROUNDING


@attrs.frozen
class Densities:
    """
    Probabilities of a verifier's confidences, given whether a crop shows the target.

    A confidence falls into one of K bins. *first* and *following* are the map's prior: how many
    boxes come before the first that shows the target, and, where all instances are wanted, before
    the next that shows a new one.
    """

    edges: tuple[float, ...] = attrs.field(converter=_numbers)  # K - 1 confidences, rising
    on_target: tuple[float, ...] = attrs.field(converter=_numbers)  # K, above 0, summing up to 1
    off_target: tuple[float, ...] = attrs.field(converter=_numbers)  # likewise
    first: tuple[float, ...] = attrs.field(converter=_numbers)  # by rank from 0, summing up to 1
    # likewise by the boxes skipped; empty if no calibration question wanted all instances
    following: tuple[float, ...] = attrs.field(default=(), converter=_numbers)

    def __attrs_post_init__(self) -> None:
        sizes = len(self.on_target), len(self.off_target)
        if not sizes[0] or sizes != (len(self.edges) + 1,) * 2:
            raise ResultError(
                f"Densities with {len(self.edges)} edges have {len(self.edges) + 1} bins, not "
                f"{sizes[0]} and {sizes[1]}; calibrate again."
            )
        bounded = all(-1 <= edge <= 1 for edge in self.edges)
        if not bounded or any(a >= b for a, b in pairwise(self.edges)):
            raise ResultError("The edges of densities do not rise from -1 to 1; calibrate again.")
        tiny = math.ulp(0.0)
        masses = (self.on_target, tiny), (self.off_target, tiny), (self.first, 0.0)
        following = [(self.following, 0.0)] if self.following else []
        if not all(_are_probabilities(*mass) for mass in (*masses, *following)):
            raise ResultError(
                "A part of the densities is no list of probabilities that sum up to 1; calibrate "
                "again."
            )
        if any(a > b * (1 + _ROUNDING) for a, b in pairwise(self.ratios)):
            raise ResultError(
                "In these densities a surer box is less likely to show the target; calibrate again."
            )

    @property
    def ratios(self) -> tuple[float, ...]:
        """Likelihood ratio of each bin: how much likelier it is with the target than without."""
        return tuple(on / off for on, off in zip(self.on_target, self.off_target, strict=True))

    def ratio(self, confidence: float | None) -> float:
        """The likelihood ratio of a *confidence*; 1 where the model was not asked."""
        if confidence is None:
            return 1.0
        bin = bisect_right(self.edges, confidence)
        return self.on_target[bin] / self.off_target[bin]

    def to_dict(self) -> dict[str, list[float]]:
        """As JSON can hold it, for `from_dict`."""
        return {name: [*values] for name, values in attrs.asdict(self, recurse=False).items()}

    @classmethod
    def from_dict(cls, values: object) -> Densities:
        """Read what `to_dict` wrote, field by field; nothing else is accepted."""
        names = {field.name for field in attrs.fields(cls)}
        if not isinstance(values, Mapping) or {*values} != names:
            raise ResultError(
                f"Densities are a table with {', '.join(sorted(names))}, and this is none; "
                "calibrate again."
            )
        return cls(**values)

    @classmethod
    def fit(
        cls,
        on_target: Iterable[float],
        off_target: Iterable[float],
        first: Sequence[int],
        following: Sequence[int] = (),
        *,
        ranks: int,
    ) -> Densities:
        """
        Fit the densities by isotonic regression, so that the ratio rises with the confidence.

        Each bin has half a crop of either kind on top of those counted, and each list of ranks one
        question that is spread over all ranks: the fewer data, the slower a search stops.

        Args:
            on_target: Confidences of crops that show the target.
            off_target: Confidences of crops that do not.
            first: For each target, the rank from 0 of the first box that shows it.
            following: For each instance of a target, the boxes that were skipped to find it.
            ranks: Boxes in the longest list.
        """
        counts = _count(on_target, off_target)
        if not sum(on for _, on, _ in counts) or not sum(off for _, _, off in counts):
            raise ResultError(
                "Densities need crops with the target and crops without; calibrate on a run in "
                "which boxes were verified, of a dataset with annotated boxes."
            )
        bins = _pool(_pool(counts, 0.0), _HALF)
        starts = [start for start, _, _ in bins[1:]]
        ends = [max(c for c, _, _ in counts if c < start) for start in starts]
        return cls(
            edges=[(low + high) / 2 for low, high in zip(ends, starts, strict=True)],
            on_target=_normalise([on + _HALF for _, on, _ in bins]),
            off_target=_normalise([off + _HALF for _, _, off in bins]),
            first=_estimate_ranks(first, ranks),
            following=_estimate_ranks(following, ranks) if following else (),
        )


_Bin = tuple[float, float, float]  # its least confidence; crops with the target, and without


def _count(on_target: Iterable[float], off_target: Iterable[float]) -> list[_Bin]:
    """Each confidence once, in rising order."""
    found: dict[float, list[float]] = {}
    for index, confidences in enumerate((on_target, off_target)):
        for confidence in confidences:
            if not (_is_number(confidence) and -1 <= confidence <= 1):
                raise ResultError(f"A confidence is from -1 to 1, not {confidence!r}; give others.")
            found.setdefault(float(confidence), [0.0, 0.0])[index] += 1
    return [(confidence, on, off) for confidence, (on, off) in sorted(found.items())]


def _pool(bins: Sequence[_Bin], extra: float) -> list[_Bin]:
    """Pool adjacent violators: neighbours whose ratio, with *extra* of each kind, does not rise."""
    pooled: list[_Bin] = []
    for bin in bins:
        start, on, off = bin
        while pooled:
            before, low_on, low_off = pooled[-1]
            if (low_on + extra) * (off + extra) < (on + extra) * (low_off + extra):
                break
            pooled.pop()
            start, on, off = before, low_on + on, low_off + off
        pooled.append((start, on, off))
    return pooled


def _normalise(masses: Sequence[float]) -> list[float]:
    total = sum(masses)
    return [mass / total for mass in masses]


def _estimate_ranks(found: Sequence[int], ranks: int) -> list[float]:
    """Shares of the ranks, with one more question that is spread over all of them."""
    counts = [1 / ranks] * ranks
    for rank in found:
        counts[rank] += 1
    return _normalise(counts)
