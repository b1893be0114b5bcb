"""Holds a value to the type of an option: exactly, or not at all."""

from __future__ import annotations

import inspect
import types
from numbers import Integral, Real
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import SpecError, nearest

_NONE = (None, type(None))
_PLAIN = {str, int, float, bool, *_NONE}


class Coercion:
    """Values as Python has them; `coerce` does the same with those of specs."""

    def coerce(self, value: Any, wanted: Any, path: str) -> Any:
        """*value* as a *wanted*; a type that no spec can spell is checked as far as Python can."""
        origin = get_origin(wanted)
        if wanted is Any:
            return value
        if origin in {Union, types.UnionType}:
            return self._union(value, get_args(wanted), path)
        if origin is Literal:
            return self._literal(value, get_args(wanted), path)
        if origin is tuple:
            return self._tuple(value, get_args(wanted), path)
        if wanted in _PLAIN:
            return self._plain(value, wanted, path)
        return self.coerce_object(value, wanted, path)

    def unwrap_scalar(self, value: Any) -> Any:
        """*value* without what stands around it: a number of numpy is a number."""
        return value.item() if getattr(value, "ndim", None) == 0 else value

    def is_list(self, value: Any) -> bool:
        return isinstance(value, tuple | list)

    def format(self, value: Any) -> str:
        return repr(value)

    def coerce_object(self, value: Any, wanted: Any, path: str) -> Any:
        """*value* as a strategy, or as whatever else a plug-in's option may hold."""
        origin = get_origin(wanted) or wanted
        if inspect.isclass(origin) and not isinstance(value, origin):
            raise self.mismatch(value, _named(wanted), path)
        return value

    def mismatch(self, value: Any, wanted: str, path: str) -> SpecError:
        shown = self.format(value).replace("\n", " ")
        shown = shown if len(shown) < 80 else shown[:77] + "..."
        return SpecError(f"{shown} is not {wanted} @ {path}")

    def _plain(self, value: Any, wanted: Any, path: str) -> Any:
        scalar = self.unwrap_scalar(value)
        if wanted is str and isinstance(scalar, str):
            return scalar
        if wanted in _NONE and scalar is None:
            return None
        if wanted is bool and isinstance(scalar, bool):
            return scalar
        if not isinstance(scalar, bool):
            if wanted is int and isinstance(scalar, Integral):
                return int(scalar)
            if wanted is float and isinstance(scalar, Real):
                try:
                    return float(scalar)
                except OverflowError:
                    raise self.mismatch(value, "a number of that size", path) from None
        raise self.mismatch(value, _named(wanted), path)

    def _union(self, value: Any, members: tuple[Any, ...], path: str) -> Any:
        """Exact types before those that a value would be turned into: 1 is not yet 1.0."""
        strategies = [m for m in members if inspect.isclass(m) and hasattr(m, "kind")]
        plain = [m for m in members if m not in strategies]
        for member in sorted(plain, key=lambda member: member is float):
            try:
                return self.coerce(value, member, path)
            except SpecError:
                continue
        if strategies:
            return self.coerce(value, strategies[0], path)
        words = [m for m in plain if get_origin(m) is Literal]
        if len(words) == 1 and all(m in _NONE for m in plain if m is not words[0]):
            return self._literal(value, get_args(words[0]), path)  # which names the nearest
        raise self.mismatch(value, " or ".join(map(_named, members)), path)

    def _literal(self, value: Any, allowed: tuple[Any, ...], path: str) -> Any:
        scalar = self.unwrap_scalar(value)
        for choice in allowed:
            if type(choice) is type(scalar) and choice == scalar:
                return choice
        if isinstance(scalar, str):
            known = nearest(scalar, map(str, allowed), called="allowed")
            raise SpecError(f"{scalar!r} cannot be used; {known} @ {path}")
        raise self.mismatch(value, _named(Literal.__getitem__(allowed)), path)

    def _tuple(self, value: Any, members: tuple[Any, ...], path: str) -> Any:
        if not self.is_list(value):
            raise self.mismatch(value, "a list", path)
        if len(members) == 2 and members[1] is Ellipsis:
            members = (members[0],) * len(value)
        if len(members) != len(value):
            raise self.mismatch(value, f"a list of {len(members)}", path)
        pairs = enumerate(zip(value, members, strict=True))
        return tuple(self.coerce(v, m, f"{path}[{i}]") for i, (v, m) in pairs)


def _named(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return " or ".join(map(str, get_args(wanted)))
    if get_origin(wanted) is tuple and Ellipsis not in get_args(wanted):
        return f"a list of {len(get_args(wanted))}"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if wanted in names or wanted in _NONE:
        return names.get(wanted, "none")
    if hasattr(wanted, "kind"):
        part = "" if "kind" in vars(wanted) else f" that is a {wanted.__name__}"
        return f"a {wanted.kind} strategy{part}"
    is_class = inspect.isclass(get_origin(wanted) or wanted) and get_origin(wanted) is not tuple
    return f"a {(get_origin(wanted) or wanted).__name__}" if is_class else "a list"
