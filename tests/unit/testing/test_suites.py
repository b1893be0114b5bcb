"""Contract suites bite: a strategy that breaks a promise fails the test that holds it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.support.breaking import (
    Astray,
    Backwards,
    Careless,
    Empty,
    Excessive,
    Excited,
    Fickle,
    Hasty,
    Lost,
    Moody,
    Outlying,
    Repeating,
    Silent,
    Spendthrift,
    Untidy,
)
from visualcrop.errors import PluginError
from visualcrop.plugin import Strategy
from visualcrop.proposals.sliding import Sliding
from visualcrop.testing import SUITES, ProposalGeneratorSuite, StrategySuite
from visualcrop.testing.strategy_suite import _deep_imports

_PLUGINS = Path(__file__).parents[3] / "plugins"
_OURS = sorted({path.stem for path in _PLUGINS.glob("*/visualcrop_*")})  # with any egg-info
_NUMBERS = count()  # each package has a name of its own
_BITES: list[tuple[type[Strategy], str]] = [
    (Repeating, "targets_are_words_without_repeats"),
    (Repeating, "every_pass_is_charged"),
    (Lost, "map_lies_over_the_view"),
    (Lost, "points_at_the_target"),
    (Lost, "same_question_same_map"),
    (Lost, "every_pass_is_charged"),
    (Outlying, "boxes_lie_in_the_map"),
    (Backwards, "best_come_first_and_once"),
    (Excessive, "one_confidence_for_each_view"),
    (Excited, "together_as_alone"),
    (Excited, "every_pass_is_charged"),
    (Silent, "answers_without_findings"),
    (Silent, "reads_the_answer_off_a_finding"),
    (Silent, "answers_in_words"),
    (Silent, "every_pass_is_charged"),
    (Spendthrift, "no_worse_than_asking_directly"),
    (Spendthrift, "same_question_same_answer"),
    (Spendthrift, "budget_is_a_promise"),
    (Spendthrift, "every_pass_is_charged"),
    (Astray, "findings_lie_in_the_image"),
    (Spendthrift, "answers_what_it_cannot_find"),
    (Careless, "counts_its_passes"),
    (Empty, "holds_samples"),
    (Fickle, "reads_the_same_twice"),
    (Fickle, "each_id_comes_once"),
    (Fickle, "samples_are_light"),
    (Fickle, "questions_can_be_asked"),
    (Fickle, "encoded_as_opened"),
    (Hasty, "answers_each_task_once"),
    (Hasty, "takes_tasks_as_they_can_be_asked"),
    (Hasty, "nothing_to_ask"),
    (Moody, "rules_on_every_reply"),
    (Moody, "same_reply_same_verdict"),
    (Untidy, "summary_is_one_line"),
    (Untidy, "name_is_kebab_case"),
]


def _suite(strategy: type[Strategy], **members: Any) -> Any:
    base = SUITES.get(strategy.kind, StrategySuite)
    return type("TestIt", (base,), {"strategy": strategy, **members})()


class TestSuites:
    """One for each kind."""

    @pytest.mark.parametrize(("strategy", "promise"), _BITES)
    def test_bite(self, strategy: type[Strategy], promise: str) -> None:
        """The test of a promise fails for a strategy that breaks it, or it is refused already."""
        with pytest.raises((AssertionError, PluginError)):
            getattr(_suite(strategy), f"test_{promise}")()


def _with(test: Callable[..., None]) -> Any:
    return _suite(Sliding, test_covers_the_peak=test)


def _nothing(self: object) -> None:
    """Claims nothing."""


class TestOverriding:
    """An inherited test stands."""

    def test_silently_is_noticed(self) -> None:
        """A suite that replaces a test fails the test for that, by name."""
        with pytest.raises(AssertionError, match="test_covers_the_peak needs an xfail"):
            _with(lambda self: None).test_overrides_nothing_silently()

    def test_needs_a_reason(self) -> None:
        """An xfail without a reason is not enough; with one, it is."""
        with pytest.raises(AssertionError, match="needs an xfail that says why"):
            _with(pytest.mark.xfail(_nothing)).test_overrides_nothing_silently()
        excused = pytest.mark.xfail(reason="it has no peak")(_nothing)
        _with(excused).test_overrides_nothing_silently()

    def test_all_else_is_untouched(self) -> None:
        """A suite as it comes overrides nothing."""
        _suite(Sliding).test_overrides_nothing_silently()
        assert isinstance(_suite(Sliding), ProposalGeneratorSuite)


_DEEP = {  # import -> what of it is not public
    "import visualcrop.geometry": "visualcrop.geometry",
    "import visualcrop.geometry as shapes": "visualcrop.geometry",
    "from visualcrop import interfaces": "visualcrop.interfaces",
    "from visualcrop import Box, typing": "visualcrop.typing",
    "from visualcrop.searchers.direct import Direct": "visualcrop.searchers.direct.Direct",
    "from visualcrop.plugin import registry": "visualcrop.plugin.registry",
    "def late():\n    from visualcrop.geometry import Box": "visualcrop.geometry.Box",
}
_FINE = """
import visualcrop
import visualcrop.plugin
import visualcrop_else.deep
from visualcrop import Box, errors, models
from visualcrop.errors import PluginError
from visualcrop.models import Family
from .deep import geometry
"""
_STRATEGY = """
from visualcrop.plugin import TargetExtractor

class Mine(TargetExtractor):
    name = "mine"
"""


class TestImports:
    """A plug-in sees what is public, in each of its files."""

    @pytest.mark.parametrize(("line", "deep"), _DEEP.items(), ids=_DEEP)
    @pytest.mark.parametrize("file", ["{}.py", "{}/__init__.py", "{}/inner/other.py"])
    def test_deep_ones_fail(
        self, line: str, deep: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the only module, in the strategy's file, or in one that it does not import."""
        suite = _importing(line, file, tmp_path, monkeypatch)
        with pytest.raises(AssertionError, match=re.escape(f" imports {deep}")):
            suite.test_uses_public_names_only()

    @pytest.mark.parametrize("file", ["{}.py", "{}/inner/other.py"])
    def test_public_ones_pass(
        self, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Public modules and their names, other packages, and its own files."""
        lines = _FINE if "/" in file else _FINE.replace("from .deep import geometry", "")
        lines = f"if False:\n{indent(lines, '    ')}"
        _importing(lines, file, tmp_path, monkeypatch).test_uses_public_names_only()

    @pytest.mark.parametrize("module", _OURS)
    def test_our_own_pass(self, module: str) -> None:
        """The plug-ins of this repository keep to it in every file."""
        pytest.importorskip(module)
        assert _deep_imports(module) == ()


def _importing(line: str, file: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The suite of a strategy of a new package, one file of which holds *line*."""
    name = f"acme_{next(_NUMBERS)}"
    path = folder / file.format(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    home = path if file == "{}.py" else folder / name / "__init__.py"
    home.write_text(_STRATEGY)
    path.write_text(f"{line}\n{path.read_text() if path == home else ''}")
    monkeypatch.syspath_prepend(str(folder))
    return _suite(__import__(name).Mine)
