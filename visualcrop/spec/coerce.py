"""Fits a spec's values to an option's type: exactly, or not at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from ..strategy.base import Strategy
from ..strategy.type_checks import Fitting
from .parse import Spec, Value, written

Build: TypeAlias = Callable[[type[Strategy], "Spec | str", str], Strategy]


def conform(value: Value, wanted: Any, path: str, build: Build) -> Any:
    """Give *value* as a *wanted*; strategies are made by *build*."""
    return _OfSpecs(build).fit(value, wanted, path)


@attrs.frozen
class _OfSpecs(Fitting):
    build: Build

    def word(self, value: Value) -> Value:
        return value.name if isinstance(value, Spec) and not value.options else value

    def listed(self, value: Value) -> bool:
        return isinstance(value, tuple)

    def shown(self, value: Value) -> str:
        return written(value)

    def made(self, value: Value, wanted: Any, path: str) -> Any:
        if not (inspect.isclass(wanted) and issubclass(wanted, Strategy)):
            raise self.misfit(value, "a list", path)
        if not isinstance(value, Spec | str):
            raise self.misfit(value, f"a {wanted.kind} strategy", path)
        return self.build(wanted, value, path)
