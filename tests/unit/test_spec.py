"""A strategy and its options, as text."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.support.drawn import specs
from tests.support.refusals import refused
from visualcrop.errors import SpecError
from visualcrop.plugin import Registry, Spec
from visualcrop.proposals.anchors import Anchors
from visualcrop.searchers.focus import Focus
from visualcrop.spec.parse import format_value, to_value
from visualcrop.targets.given import Given


class TestRoundTrip:
    """Text and spec are two forms of one thing."""

    @given(specs)
    def test_text_gives_the_spec_back(self, spec: Spec) -> None:
        """Parsing what was written gives an equal spec, with every value of its old type."""
        parsed = Spec.parse(str(spec))
        assert parsed == spec
        assert repr(parsed) == repr(spec)  # for 1 == True == 1.0

    @given(specs)
    def test_text_is_one_printable_line(self, spec: Spec) -> None:
        """Whatever its strings hold, a spec fits on one line of ASCII."""
        assert str(spec).isascii()
        assert str(spec).replace("\x7f", "").isprintable()

    def test_a_strategy_comes_back(self, registry: Registry) -> None:
        """The spec of a nested strategy with odd text builds an equal strategy."""
        names = ('a "mug"', "line\nend", "\x7f😀", "all [keys] = (2)")
        method = Focus(targets=Given(names=names), proposals=Anchors(s_max="auto"), t_type2=1e-9)
        assert registry.build(Focus, str(Spec.of(method))) == method


class TestOf:
    """A strategy's spec."""

    def test_says_everything(self) -> None:
        """Defaults are written out, so that a record needs no other source."""
        text = 'given(names=["mug", "key"], every=false)'
        assert str(Spec.of(Given(names=("mug", "key")))) == text

    def test_nests(self) -> None:
        """A strategy's strategies are specs in turn."""
        inner = Spec.of(Focus()).get("proposals")
        assert inner == Spec.of(Anchors())

    def test_other_values_become_text(self) -> None:
        """Lists become tuples, and what no spec can hold its own text."""
        assert to_value([1, [2.5, None]]) == (1, (2.5, None))
        assert to_value(1j) == "1j"


class TestWithOption:
    """One option set, by its path."""

    def test_sets_deep_down(self) -> None:
        """A dotted path leads into a nested spec and leaves all else as it was."""
        spec = Spec.parse("focus(relevance=vv(clip=true), steps=4)")
        changed = spec.with_option("relevance.clip", value=False)
        assert str(changed) == "focus(relevance=vv(clip=false), steps=4)"
        assert str(spec) == "focus(relevance=vv(clip=true), steps=4)"

    def test_adds_at_the_end(self) -> None:
        """An option that was not given comes last."""
        assert str(Spec.parse("focus(steps=4)").with_option("k", 2)) == "focus(steps=4, k=2)"

    def test_a_step_must_exist(self) -> None:
        """A path through an option that is not there is refused with the nearest."""
        spec = Spec.parse("focus(relevance=vv)")
        message = refused(SpecError, spec.with_option, "relevence.clip", 1)
        assert message == (
            "Cannot set 'relevence.clip': 'focus' has no option 'relevence'; "
            "did you mean 'relevance'? (options: relevance)."
        )

    def test_a_step_must_be_a_strategy(self) -> None:
        """A path through a number is refused."""
        message = refused(SpecError, Spec.parse("focus(steps=4)").with_option, "steps.more", 1)
        assert message == "Cannot set 'steps.more': 'steps' of 'focus' is not a strategy."


class TestGet:
    """One option's value."""

    def test_none_if_not_given(self) -> None:
        """Asking for an option that is not there is no error."""
        spec = Spec.parse("focus(steps=4)")
        assert (spec.get("steps"), spec.get("relevance")) == (4, None)


class TestWritten:
    """One value in the grammar."""

    @pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
    def test_refuses_what_is_no_number(self, number: float) -> None:
        """Infinities and nan cannot be written, for they could not be read."""
        message = refused(SpecError, format_value, (1, number))
        assert message == f"A spec cannot hold the number {number}; give a finite one."

    def test_refuses_endless_numbers(self) -> None:
        """A number that Python itself will not print is refused, not a crash."""
        message = refused(SpecError, format_value, 10**5000)
        assert message == "A spec cannot hold a number of more than 4,300 digits."
