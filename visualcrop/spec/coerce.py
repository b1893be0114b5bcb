"""Coerces a spec's values to the type of an option: exactly, or not at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from ..strategy.base import Strategy
from ..strategy.type_checks import Fitting
from .parse import Spec, Value, format_value

Build: TypeAlias = Callable[[type[Strategy], "Spec | str", str], Strategy]


def coerce(value: Value, wanted: Any, path: str, build: Build) -> Any:
    """Coerce *value* to the type *wanted*; strategies are built by *build*."""
    return _SpecCoercion(build).fit(value, wanted, path)


@attrs.frozen
class _SpecCoercion(Fitting):
    build: Build

    def word(self, value: Value) -> Value:
        return value.name if isinstance(value, Spec) and not value.options else value

    def listed(self, value: Value) -> bool:
        return isinstance(value, tuple)

    def shown(self, value: Value) -> str:
        return format_value(value)

    def made(self, value: Value, wanted: Any, path: str) -> Any:
        if not (inspect.isclass(wanted) and issubclass(wanted, Strategy)):
            raise self.misfit(value, "a list", path)
        if not isinstance(value, Spec | str):
            raise self.misfit(value, f"a {wanted.kind} strategy", path)
        return self.build(wanted, value, path)
