"""Answers that hang together, such as those about one image."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]


def summed(numbers: Numbers, groups: Sequence[Hashable]) -> Numbers:
    """The sum of each group."""
    import numpy as np

    places: dict[Hashable, int] = {}
    where = [places.setdefault(group, len(places)) for group in groups]
    return np.bincount(where, numbers).astype(np.float64)


def error(numbers: Numbers, groups: Sequence[Hashable]) -> float:
    """Standard error of the mean of numbers that are independent only between groups."""
    sums = summed(numbers - numbers.mean(), groups)
    return float((sums**2).sum() ** 0.5) / len(numbers)
