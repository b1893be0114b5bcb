"""The tests see what the repository brings, whatever else is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.strangers import install
from visualcrop.plugin import load_plugins

_ROOT = Path(__file__).parents[2]
_SOURCE = """
import attrs
from visualcrop import ModelFamily
from visualcrop.plugin import RelevanceSource, Searcher, hookimpl

@attrs.frozen
class Odd(RelevanceSource):
    name = "odd"
    def map(self, view, target, model): raise RuntimeError

@attrs.frozen
class Late(Searcher):
    name = "late"
    def search(self, question, model): raise RuntimeError

@attrs.frozen
class Rival(ModelFamily):
    name = "toy"
    def open(self): raise RuntimeError

@hookimpl
def visualcrop_strategies(): return [Odd, Late, Rival]

@hookimpl
def visualcrop_commands(app):
    @app.command()
    def odd(): pass
"""
_TESTS = [
    "docs/how-to/plugins.md",
    "tests/unit/searchers/test_swaps.py",
    "tests/unit/test_plugins_installed.py",
    "tests/unit/test_registry.py",
    "tests/docs/test_reference.py",
]


@pytest.mark.slow
def test_passes_with_a_users_own_plug_in(tmp_path: Path) -> None:
    """One that adds a source, a searcher, a command, and a rival of the toy, all of which fail."""
    install(tmp_path, "theirs", _SOURCE)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *_TESTS],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_a_distribution_can_be_blocked(tmp_path: Path, monkeypatch) -> None:
    """By its own name, as by that of its entry point."""
    install(tmp_path, "theirs", _SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("theirs", "stranger_theirs"):
        states = {plugin.name: plugin.status for plugin in load_plugins(block=[name])}
        assert states["theirs"] == "blocked"
