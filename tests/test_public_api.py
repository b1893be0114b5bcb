"""What may be imported is what is said to be public."""

from __future__ import annotations
import __future__

import re
import types

import pytest

import visualcrop
from visualcrop import errors, models, pipeline, plugin, testing


def _importable(module: types.ModuleType) -> list[str]:
    """Names that a user would find in *module*, once those that are imported on use were used."""
    for name in module.__all__:
        getattr(module, name)
    return [
        name
        for name, member in ((name, getattr(module, name)) for name in dir(module))
        if not name.startswith("_")
        and (not isinstance(member, types.ModuleType) or member is errors)
        and not isinstance(member, __future__._Feature)
    ]


@pytest.mark.parametrize("module", [visualcrop, models, pipeline, plugin, testing])
class TestPublicNames:
    """`__all__` of each public module."""

    def test_are_what_can_be_imported(self, module: types.ModuleType) -> None:
        """Nothing public is left out, and nothing else is there."""
        assert set(module.__all__) == set(_importable(module))

    def test_are_sorted_and_told_once(self, module: types.ModuleType) -> None:
        """Constants, then classes, then functions, in the order of the alphabet and of numbers."""
        names = list(module.__all__)
        parts = [
            [(p.isdigit(), int(p) if p.isdigit() else p) for p in re.split(r"(\d+)", n)]
            for n in names
        ]
        ranks = [
            (not n.isupper(), not n[0].isupper(), part)
            for n, part in zip(names, parts, strict=True)
        ]
        assert ranks == sorted(ranks)
        assert len(names) == len(set(names))

    def test_are_explained(self, module: types.ModuleType) -> None:
        """Each class and function that is public has a docstring."""
        members = [getattr(module, name) for name in module.__all__]
        owned = [m for m in members if getattr(m, "__module__", "").startswith("visualcrop")]
        assert [m.__name__ for m in owned if not m.__doc__] == []
