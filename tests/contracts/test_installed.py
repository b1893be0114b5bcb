"""Every installed strategy keeps the contract of its kind, whoever wrote it."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator

import pytest

from visualcrop import Registry
from visualcrop.testing import SUITES, StrategySuite

# What a strategy is meant not to do, and why.
EXCUSED = {
    "random": {"test_points_at_the_target": "a random map knows nothing of the target"},
    "unchecked": {"test_surer_with_the_target_than_without": "it looks at nothing"},
}


def _suites() -> Iterator[type[StrategySuite]]:
    for entry in Registry.load():
        cls = entry.strategy
        suite = SUITES.get(cls.kind, StrategySuite)
        excused = {
            t: _excused(getattr(suite, t), why) for t, why in EXCUSED.get(cls.name, {}).items()
        }
        name = f"Test{cls.kind.title()}{cls.__name__}"
        yield type(name, (suite,), {"strategy": cls, "__module__": __name__, **excused})


def _excused(test: types.FunctionType, why: str) -> Callable[..., None]:
    copy = types.FunctionType(test.__code__, test.__globals__, test.__name__)
    copy.__doc__ = test.__doc__
    marked: Callable[..., None] = pytest.mark.xfail(reason=why, strict=False)(copy)
    return marked


globals().update({suite.__name__: suite for suite in _suites()})
