"""What holds for every strategy of every kind."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import attrs
import pytest

from ..plugin.registry import Registry
from ..spec.parse import Spec
from ..strategy.base import Strategy

PUBLIC_MODULES = ("errors", "models", "plugin", "report", "testing")
_PUBLIC = ("visualcrop", *(f"visualcrop.{name}" for name in PUBLIC_MODULES))
installed = lru_cache(1)(Registry.load)  # one registry for all suites


@lru_cache(maxsize=64)
def _imported_with(module: str) -> frozenset[str]:
    """What Python has imported once it has imported *module*, in a process of its own."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    return frozenset(done.stdout.decode().split())


@lru_cache(maxsize=64)
def _deep_imports(package: str) -> tuple[str, ...]:
    """What files of the package, or of the single module, import that is not public."""
    module = sys.modules[package]
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return tuple(
        f"{path.name} imports {name}"
        for path in files or [Path(inspect.getfile(module))]
        for node in ast.walk(ast.parse(path.read_bytes()))
        for name in _names_imported(node)
        if name.partition(".")[0] == "visualcrop" and not _is_public(name)
    )


def _names_imported(node: ast.AST) -> list[str]:
    """Full names of modules, and of what is imported from them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _is_public(name: str) -> bool:
    """Whether it is a public module, or a name that `visualcrop` or a public module declares."""
    module, _, member = name.rpartition(".")
    if name in _PUBLIC or (module in _PUBLIC and member == "*"):
        return True
    if module not in _PUBLIC:
        return False
    home = importlib.import_module(module)
    found = getattr(home, "__all__", None)
    return member in found if found is not None else callable(getattr(home, member, None))


def _says_why(mark: pytest.Mark) -> bool:
    """An xfail with a reason, and no loose one: what passes needs no excuse."""
    return (
        mark.name == "xfail" and bool(mark.kwargs.get("reason")) and mark.kwargs.get("strict", True)
    )


class StrategySuite:
    """Set `strategy` to the class under test."""

    strategy: ClassVar[type[Strategy]]

    def test_constructs_with_no_arguments(self) -> None:
        """Every option has a default, and two such values are one."""
        assert self.strategy() == self.strategy()
        assert hash(self.strategy()) == hash(self.strategy())

    def test_is_frozen(self) -> None:
        """Two runs of one strategy cannot differ by hidden state."""
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            self.strategy().anything = 1  # type: ignore[attr-defined]

    def test_every_option_has_help(self) -> None:
        """`visualcrop explain` has something to say about each option."""
        assert not [f.name for f in attrs.fields(self.strategy) if not f.metadata.get("help")]

    def test_summary_is_one_line(self) -> None:
        """The docstring's first line is a sentence that fits a terminal."""
        assert re.fullmatch(r"[A-Z].{10,98}\.", self.strategy.summary())

    def test_name_is_kebab_case(self) -> None:
        """Names can be typed in a spec without quotes."""
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", self.strategy.name)

    def test_is_found_by_name(self) -> None:
        """The entry point leads from the name to the class."""
        assert installed().get(self.strategy, self.strategy.name) is self.strategy

    def test_spec_rebuilds_it(self) -> None:
        """A record of a run is enough to repeat it."""
        spec = Spec.of(self.strategy())
        assert Spec.parse(str(spec)) == spec
        assert installed().build(self.strategy, str(spec)) == self.strategy()

    def test_imports_light(self) -> None:
        """Importing it imports neither torch nor transformers."""
        module = self.strategy.__module__
        imported = _imported_with(module.partition(".")[0])  # as a rule, all of the plug-in
        if module not in imported:
            imported = _imported_with(module)
        assert not {"torch", "transformers"} & imported

    def test_uses_public_names_only(self) -> None:
        """Every file of the plug-in imports from the public modules of `visualcrop` alone."""
        if self.strategy.__module__.startswith("visualcrop."):
            return
        deep = _deep_imports(self.strategy.__module__.partition(".")[0])
        assert not deep, f"{'; '.join(deep)}: import from {' or '.join(_PUBLIC)} alone"

    def test_overrides_nothing_silently(self) -> None:
        """A suite's test may be overridden only by an xfail that says why."""
        for base in type(self).__mro__[1:]:
            for name in (name for name in vars(base) if name.startswith("test_")):
                mine = getattr(type(self), name)
                spans = getattr(mine, "pytestmark", ())
                excused = any(_says_why(mark) for mark in spans)
                assert mine is vars(base)[name] or excused, f"{name} needs an xfail that says why"

    def _skip_controls(self) -> None:
        if self.strategy.is_control:
            pytest.skip(f"{self.strategy.name} is a control: it need not find anything")
