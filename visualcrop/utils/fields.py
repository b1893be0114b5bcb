"""Validators and converters for the fields of values: exact types, Python's own numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import attrs

from ..errors import ResultError

_T = TypeVar("_T")
_MAX_NUMBER = 1e30  # above any count or measurement


def instance_of(kind: type[Any]) -> Any:
    """A validator: the field holds a *kind*."""

    def check(value: object, field: attrs.Attribute[Any], held: object) -> None:
        if not isinstance(held, kind):
            raise ResultError(
                f"The {field.name} of a {type(value).__name__} is a {type(held).__name__}; "
                f"give a {kind.__name__}."
            )

    return check


def is_number(value: object) -> bool:
    """Whether *value* is a finite number and no bool."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER
    )


def is_utf8(text: str) -> bool:
    """Whether *text* can be written as UTF-8: it holds no surrogates for undecodable bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def utf8_text(value: object, field: attrs.Attribute[Any], held: str) -> None:
    """A validator: the field's text can be written as UTF-8."""
    if not is_utf8(held):
        raise ResultError(f"The {field.name} of a {type(value).__name__} is no UTF-8; give text.")


def to_tuple(name: str, kind: type[_T], held: Sequence[_T]) -> tuple[_T, ...]:
    """A tuple of *kind*, from a tuple or a list."""
    if not isinstance(held, tuple | list):
        raise ResultError(f"The {name} are a {type(held).__name__}; give a tuple.")
    for each in held:
        if not isinstance(each, kind):
            raise ResultError(
                f"Among the {name} is a {type(each).__name__}; give a tuple of {kind.__name__}."
            )
    return tuple(held)


def to_float(name: str, held: Any) -> float:
    """A finite float of Python, from a number of Python or numpy."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Real) or not math.isfinite(held):
        raise ResultError(f"The {name} of a box is {held!r}; give a finite number.")
    return float(held)


def to_int(held: Any) -> int:
    """An int of Python, from a whole number of Python or numpy."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Integral):
        raise ResultError(f"An answer holds {held!r}, where a whole number belongs.")
    return int(held)


def to_score(held: float) -> float:
    """A finite number."""
    return to_float("score", held)


def to_confidence(held: float | None) -> float | None:
    """A number from -1 to 1, or none."""
    if held is None:
        return None
    sure = to_float("confidence", held)
    if not -1 <= sure <= 1:
        raise ResultError(f"The confidence of a box is {sure:g}; give a number from -1 to 1.")
    return sure
