"""What values hold: each part of its type, and numbers as Python's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import attrs

from ..errors import ResultError

_T = TypeVar("_T")


def a(kind: type[Any]) -> Any:
    """Validate that a field holds a *kind*."""

    def check(value: object, field: attrs.Attribute[Any], held: object) -> None:
        if not isinstance(held, kind):
            raise ResultError(
                f"The {field.name} of a {type(value).__name__} is a {type(held).__name__}; "
                f"give a {kind.__name__}."
            )

    return check


def is_writable(text: str) -> bool:
    """Whether it can be written as UTF-8: nothing in it stands for bytes that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object, field: attrs.Attribute[Any], held: str) -> None:
    """Validate that a field's text can be written."""
    if not is_writable(held):
        raise ResultError(f"The {field.name} of a {type(value).__name__} is no UTF-8; give text.")


def listed(name: str, kind: type[_T], held: Sequence[_T]) -> tuple[_T, ...]:
    """A tuple of one type."""
    if not isinstance(held, tuple | list):
        raise ResultError(f"The {name} are a {type(held).__name__}; give a tuple.")
    for each in held:
        if not isinstance(each, kind):
            raise ResultError(
                f"Among the {name} is a {type(each).__name__}; give a tuple of {kind.__name__}."
            )
    return tuple(held)


def finite(name: str, held: Any) -> float:
    """A number of Python, from whatever number it is."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Real) or not math.isfinite(held):
        raise ResultError(f"The {name} of a box is {held!r}; give a finite number.")
    return float(held)


def whole(held: Any) -> int:
    """A whole number of Python, from whatever whole number it is."""
    held = held.item() if getattr(held, "ndim", None) == 0 else held
    if isinstance(held, bool) or not isinstance(held, Integral):
        raise ResultError(f"An answer holds {held!r}, where a whole number belongs.")
    return int(held)


def score(held: float) -> float:
    """A finite number."""
    return finite("score", held)


def confidence(held: float | None) -> float | None:
    """A number from -1 to 1, or none."""
    if held is None:
        return None
    sure = finite("confidence", held)
    if not -1 <= sure <= 1:
        raise ResultError(f"The confidence of a box is {sure:g}; give a number from -1 to 1.")
    return sure
