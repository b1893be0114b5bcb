"""Strategies, their options, and the limits of these."""

from __future__ import annotations

from typing import Literal

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop.errors import SpecError
from visualcrop.plugin import Strategy, option
from visualcrop.strategy.base import at_least, between


@attrs.frozen
class Sample(Strategy):
    """
    A sample that is summed up in one line.

    And explained in more.
    """

    name = "sample"

    count: int | Literal["auto"] = option(1, help="how many", validator=at_least(1))
    sizes: tuple[int, ...] = option((), help="how large", validator=at_least(0))
    share: float = option(0.5, help="which part", validator=between(0, 1))


class TestStrategy:
    """A named value."""

    def test_summary_is_the_first_line(self) -> None:
        """The docstring's first line stands for the class, wherever it starts."""
        assert Sample.summary() == "A sample that is summed up in one line."

    def test_equal_options_equal_values(self) -> None:
        """Two values with the same options are one, and one key of a dict."""
        assert {Sample(count=2): "found"}[Sample(count=2)] == "found"
        assert Sample(count=2) != Sample(count=3)

    def test_options_are_keywords(self) -> None:
        """An option cannot be given by its place."""
        with pytest.raises(TypeError, match="positional"):
            Sample(2)

    def test_option_carries_its_help(self) -> None:
        """The sentence of help is found on the field."""
        assert attrs.fields(Sample).count.metadata["help"] == "how many"


class TestAtLeast:
    """A limit from below."""

    def test_refuses_less(self) -> None:
        """One below the limit is an error that names option, limit and value."""
        message = refused(SpecError, Sample, count=0)
        assert message == "In 'sample': count must be at least 1, not 0."

    def test_takes_the_limit_and_words(self) -> None:
        """The limit itself is allowed, and so is a word among numbers."""
        assert Sample(count=1).count == 1
        assert Sample(count="auto").count == "auto"

    def test_looks_into_tuples(self) -> None:
        """Each number of a tuple is held to the limit."""
        assert Sample(sizes=(0, 4)).sizes == (0, 4)
        message = refused(SpecError, Sample, sizes=(3, -1))
        assert message == "In 'sample': sizes must be at least 0, not -1."


class TestBetween:
    """A limit from both sides."""

    @pytest.mark.parametrize("share", [0, 0.5, 1])
    def test_takes_both_ends(self, share: float) -> None:
        """Both limits are allowed."""
        assert Sample(share=share).share == share

    @pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
    def test_refuses_outside(self, share: float) -> None:
        """A number outside, or none at all, is an error that names option, limits and value."""
        message = refused(SpecError, Sample, share=share)
        assert message == f"In 'sample': share must be from 0 to 1, not {share}."
