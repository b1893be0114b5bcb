"""Many settings of one search: grids over its options, and random draws."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from itertools import product

from ..errors import EvaluationError
from ..plugin.configure import read_option
from ..spec.parse import format_value, read_value

_MOST = 2000  # settings of one sweep
_SHOWN = 10**15  # a greater number is not written out


def make_grid(
    sets: Sequence[str], draws: Sequence[str], count: int, seed: int
) -> list[tuple[str, ...]]:
    """
    Options, as path=value, of each setting.

    Each of *sets* is `path=value,value,...`, and all combinations are taken; each of *draws* is
    `path=low:high`, from which *count* values are drawn.
    """
    axes = [_axis(text) for text in sets]
    _check_size(math.prod(map(len, axes)) * (count if draws else 1))
    drawn = _drawn([_range(text) for text in draws], count, seed)
    found = [tuple(map("=".join, (*point, *more))) for point in product(*axes) for more in drawn]
    if not found or found == [()]:
        raise EvaluationError("A sweep needs options; give --set steps=1,2,4,8 or --draw.")
    return found


def label_points(points: Sequence[tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Options by their label; a point that comes again is the same one."""
    return {label_point(point): point for point in points}


def label_point(point: Sequence[str]) -> str:
    """A label made of options, with the last word of each path: `steps=4`."""
    return " ".join(map(_last_word, point))


def _check_size(settings: int) -> None:
    """Refuse more settings than a sweep may have, before any is made."""
    if settings > _MOST:
        shown = f"{settings:,}" if settings < _SHOWN else f"more than {_SHOWN:,}"
        raise EvaluationError(
            f"That is {shown} settings; a sweep has {_MOST:,} at most: give fewer values or draws."
        )


def _last_word(option: str) -> str:
    path, _, value = option.partition("=")
    return f"{path.rpartition('.')[2]}={value}"


def _axis(text: str) -> list[tuple[str, str]]:
    path, values = _split(text, "=", "path=value,value")
    listed = read_value(f"[{values}]")
    if not isinstance(listed, tuple) or not listed:
        raise EvaluationError(f"The axis {text!r} has no values; write path=value,value.")
    return [(path, format_value(value)) for value in listed]


def _range(text: str) -> tuple[str, float, float, bool]:
    path, bounds = _split(text, "=", "path=low:high")
    low, high = _split(bounds, ":", "path=low:high")
    ends = [read_option(f"{path}={end}")[1] for end in (low, high)]
    if not all(type(end) in {int, float} for end in ends):
        raise EvaluationError(f"The range {text!r} is not of numbers; write path=low:high.")
    first, last = (float(str(end)) for end in ends)
    if first >= last:
        raise EvaluationError(f"The range {text!r} does not rise; write the lower number first.")
    return path, first, last, all(type(end) is int for end in ends)


def _drawn(
    ranges: Sequence[tuple[str, float, float, bool]], count: int, seed: int
) -> list[tuple[tuple[str, str], ...]]:
    """For each draw a value of every range; one draw of nothing if there is no range."""
    if not ranges:
        return [()]
    rng = random.Random(seed)  # noqa: S311 - no secret
    return [tuple((r[0], _one(rng, r[1], r[2], whole=r[3])) for r in ranges) for _ in range(count)]


def _one(rng: random.Random, low: float, high: float, *, whole: bool) -> str:
    return format_value(
        rng.randint(int(low), int(high)) if whole else round(rng.uniform(low, high), 4)
    )


def _split(text: str, by: str, form: str) -> tuple[str, str]:
    left, found, right = text.partition(by)
    if not (found and left.strip() and right.strip()):
        raise EvaluationError(f"{text!r} is not {form}.")
    return left.strip(), right.strip()
