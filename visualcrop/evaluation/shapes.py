"""Whether what JSON says has the shape that it should have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..record import is_count, is_number

# What a value has to be: one of several (a tuple), a list of such (a list of one), or a table, of
# named values, which may lack those with a question mark and have others if `...` is named, or of
# values of one shape under any name (which stands under `str`).
Shape: TypeAlias = Any

_PLAIN: Mapping[Any, tuple[str, Callable[[object], bool]]] = {
    None: ("none", lambda value: value is None),
    str: ("text", lambda value: isinstance(value, str)),
    int: ("a whole number", is_count),
    float: ("a number", is_number),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    object: ("anything", lambda value: True),
}


def misfit(value: object, shape: Shape, at: str = "it") -> str:
    """Where *value* is not as *shape* says, in words; empty if it is so everywhere."""
    if isinstance(shape, tuple):
        wrong = [misfit(value, each, at) for each in shape]
        return "" if "" in wrong else wrong[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{at} is no list"
        return _first(misfit(each, shape[0], f"{at}[{n}]") for n, each in enumerate(value))
    if isinstance(shape, Mapping):
        return _misfit(value, shape, at) if isinstance(value, dict) else f"{at} is no table"
    what, fits = _PLAIN[shape]
    return "" if fits(value) else f"{at} is not {what}"


def _misfit(table: Mapping[str, object], shape: Mapping[Any, Shape], at: str) -> str:
    under = "" if at == "it" else f"{at}."
    if str in shape:
        return _first(misfit(each, shape[str], f"{under}{name}") for name, each in table.items())
    own = {name.rstrip("?"): each for name, each in shape.items() if name != "..."}
    if lacking := [name for name in shape if name in own and name not in table]:
        return f"it has no {under}{lacking[0]}"
    if "..." not in shape and (others := [name for name in table if name not in own]):
        return f"it has {under}{others[0][:50]}, which nobody knows"
    return _first(misfit(table[n], own[n], f"{under}{n}") for n in own if n in table)


def _first(told: Iterator[str]) -> str:
    return next(filter(None, told), "")
