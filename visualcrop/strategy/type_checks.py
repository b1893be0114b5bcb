"""Holds a value to the type of an option: exactly, or not at all."""

from __future__ import annotations

import inspect
import types
from numbers import Integral, Real
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import SpecError, nearest

_NONE = (None, type(None))
_PLAIN = {str, int, float, bool, *_NONE}


class Fitting:
    """Values as Python has them; `coerce` does the same with those of specs."""

    def fit(self, value: Any, wanted: Any, path: str) -> Any:
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
        return self.made(value, wanted, path)

    def word(self, value: Any) -> Any:
        """*value* without what stands around it: a number of numpy is a number."""
        return value.item() if getattr(value, "ndim", None) == 0 else value

    def listed(self, value: Any) -> bool:
        return isinstance(value, tuple | list)

    def shown(self, value: Any) -> str:
        return repr(value)

    def made(self, value: Any, wanted: Any, path: str) -> Any:
        """*value* as a strategy, or as whatever else a plug-in's option may hold."""
        origin = get_origin(wanted) or wanted
        if inspect.isclass(origin) and not isinstance(value, origin):
            raise self.misfit(value, _named(wanted), path)
        return value

    def misfit(self, value: Any, wanted: str, path: str) -> SpecError:
        shown = self.shown(value).replace("\n", " ")
        shown = shown if len(shown) < 80 else shown[:77] + "..."
        return SpecError(f"{shown} is not {wanted} @ {path}")

    def _plain(self, value: Any, wanted: Any, path: str) -> Any:
        word = self.word(value)
        if wanted is str and isinstance(word, str):
            return word
        if wanted in _NONE and word is None:
            return None
        if wanted is bool and isinstance(word, bool):
            return word
        if not isinstance(word, bool):
            if wanted is int and isinstance(word, Integral):
                return int(word)
            if wanted is float and isinstance(word, Real):
                try:
                    return float(word)
                except OverflowError:
                    raise self.misfit(value, "a number of that size", path) from None
        raise self.misfit(value, _named(wanted), path)

    def _union(self, value: Any, members: tuple[Any, ...], path: str) -> Any:
        """Exact types before those that a value would be turned into: 1 is not yet 1.0."""
        strategies = [m for m in members if inspect.isclass(m) and hasattr(m, "kind")]
        plain = [m for m in members if m not in strategies]
        for member in sorted(plain, key=lambda member: member is float):
            try:
                return self.fit(value, member, path)
            except SpecError:
                continue
        if strategies:
            return self.fit(value, strategies[0], path)
        raise self.misfit(value, " or ".join(map(_named, members)), path)

    def _literal(self, value: Any, allowed: tuple[Any, ...], path: str) -> Any:
        word = self.word(value)
        for choice in allowed:
            if type(choice) is type(word) and choice == word:
                return choice
        if isinstance(word, str):
            known = nearest(word, map(str, allowed), called="allowed")
            raise SpecError(f"{word!r} cannot be used; {known} @ {path}")
        raise self.misfit(value, _named(Literal.__getitem__(allowed)), path)

    def _tuple(self, value: Any, members: tuple[Any, ...], path: str) -> Any:
        if not self.listed(value):
            raise self.misfit(value, "a list", path)
        if len(members) == 2 and members[1] is Ellipsis:
            members = (members[0],) * len(value)
        if len(members) != len(value):
            raise self.misfit(value, f"a list of {len(members)}", path)
        pairs = enumerate(zip(value, members, strict=True))
        return tuple(self.fit(v, m, f"{path}[{i}]") for i, (v, m) in pairs)


def _named(wanted: Any) -> str:
    if get_origin(wanted) is Literal:
        return " or ".join(map(str, get_args(wanted)))
    if get_origin(wanted) is tuple and Ellipsis not in get_args(wanted):
        return f"a list of {len(get_args(wanted))}"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    if wanted in names or wanted in _NONE:
        return names.get(wanted, "none")
    if hasattr(wanted, "kind"):
        return f"a {wanted.kind} strategy"
    made = inspect.isclass(get_origin(wanted) or wanted) and get_origin(wanted) is not tuple
    return f"a {(get_origin(wanted) or wanted).__name__}" if made else "a list"
