"""Coerces a spec's values to the type of an option: exactly, or not at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from ..strategy.base import Strategy
from ..strategy.type_checks import Coercion
from .parse import Spec, Value, format_value

Build: TypeAlias = Callable[[type[Strategy], "Spec | str", str], Strategy]


def coerce(value: Value, wanted: Any, path: str, build: Build) -> Any:
    """Coerce *value* to the type *wanted*; strategies are built by *build*."""
    return _SpecCoercion(build).coerce(value, wanted, path)


@attrs.frozen
class _SpecCoercion(Coercion):
    build: Build

    def unwrap_scalar(self, value: Value) -> Value:
        return value.name if isinstance(value, Spec) and not value.options else value

    def is_list(self, value: Value) -> bool:
        return isinstance(value, tuple)

    def format(self, value: Value) -> str:
        return format_value(value)

    def coerce_object(self, value: Value, wanted: Any, path: str) -> Any:
        if not (inspect.isclass(wanted) and issubclass(wanted, Strategy)):
            raise self.mismatch(value, "a list", path)
        if not isinstance(value, Spec | str):
            raise self.mismatch(value, f"a {wanted.kind} strategy", path)
        return self.build(wanted, value, path)
