"""Contract suites bite: a strategy that breaks a promise fails the test that holds it."""

from __future__ import annotations

from collections.abc import Callable
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
