"""Fits a spec's values to an option's type: exactly, or not at all."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from .errors import SpecError, nearest
from .spec import Spec, Value, written
from .strategy import Strategy

Build: TypeAlias = Callable[[type[Strategy], "Spec | str", str], Strategy]


def conform(value: Value, wanted: Any, path: str, build: Build) -> Any:
    """Give *value* as a *wanted*; strategies are made by *build*."""
    if wanted is Any:
        return value
    origin = get_origin(wanted)
    if origin in {Union, types.UnionType}:
        return _union(value, get_args(wanted), path, build)
    if origin is Literal:
        return _literal(value, get_args(wanted), path)
    if origin is tuple:
        return _tuple(value, get_args(wanted), path, build)
    if inspect.isclass(wanted) and issubclass(wanted, Strategy):
        if not isinstance(value, Spec | str):
            raise _misfit(value, f"a {wanted.kind} strategy", path)
        return build(wanted, value, path)
    return _plain(value, wanted, path)


def _plain(value: Value, wanted: Any, path: str) -> Any:
    word = _word(value)
    if wanted is str and isinstance(word, str):
        return word
    if wanted is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise _misfit(value, "a number of that size", path) from None
    if wanted in {None, type(None)} and value is None:
        return None
    if wanted in {int, float, bool} and type(value) is wanted:
        return value
    raise _misfit(value, _named(wanted), path)


def _union(value: Value, members: tuple[Any, ...], path: str, build: Build) -> Any:
    plain = [m for m in members if not (inspect.isclass(m) and issubclass(m, Strategy))]
    for member in plain:
        try:
            return conform(value, member, path, build)
        except SpecError:
            continue
    if len(plain) < len(members):
        return conform(value, next(m for m in members if m not in plain), path, build)
    raise _misfit(value, " or ".join(map(_named, members)), path)


def _literal(value: Value, allowed: tuple[Any, ...], path: str) -> Any:
    word = _word(value)
    for choice in allowed:
        if type(choice) is type(word) and choice == word:
            return choice
    if isinstance(word, str):
        known = nearest(word, map(str, allowed), called="allowed")
        raise SpecError(f"{word!r} cannot be used; {known} @ {path}")
    raise _misfit(value, _named(Literal.__getitem__(allowed)), path)


def _tuple(value: Value, members: tuple[Any, ...], path: str, build: Build) -> Any:
    if not isinstance(value, tuple):
        raise _misfit(value, "a list", path)
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise _misfit(value, f"a list of {len(members)}", path)
    pairs = enumerate(zip(value, members, strict=True))
    return tuple(conform(v, m, f"{path}[{i}]", build) for i, (v, m) in pairs)


def _word(value: Value) -> Value:
    return value.name if isinstance(value, Spec) and not value.options else value


def _named(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return " or ".join(map(str, get_args(wanted)))
    if get_origin(wanted) is tuple and Ellipsis not in get_args(wanted):
        return f"a list of {len(get_args(wanted))}"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(wanted) or ("none" if wanted in {None, type(None)} else "a list")


def _misfit(value: Value, wanted: str, path: str) -> SpecError:
    shown = written(value)
    return SpecError(f"{shown if len(shown) < 80 else shown[:77] + '...'} is not {wanted} @ {path}")
