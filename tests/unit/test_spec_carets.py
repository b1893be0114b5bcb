"""A message about a spec points at the place."""

from __future__ import annotations

import pytest

from tests.support.refusals import refused
from visualcrop.errors import SpecError
from visualcrop.plugin import Spec
from visualcrop.spec.parse import DEEPEST, read_value

# Where the caret belongs is written as § in the text, and taken out before it is parsed.
_BROKEN = [
    ("§", "a word"),
    ("  §", "a word"),
    ("§4", "a word"),
    ("focus§)", "the end"),
    ("focus §vv", "the end"),
    ("focus(§", "an option's name"),
    ("focus(§=4)", "an option's name"),
    ("focus(§4=4)", "an option's name"),
    ("focus(§a-b=4)", "an option's name"),
    ("focus(steps§)", "'='"),
    ("focus(steps=§)", "a value"),
    ("focus(steps=§=4)", "a value"),
    ("focus(steps=4§", "','"),
    ("focus(steps=4 §overrun=true)", "','"),
    ("focus(steps=4, §, overrun=true)", "an option's name"),
    ("focus(steps=4,\n\t §?)", "an option's name"),
    ("focus(steps=[1 §2])", "','"),
    ("focus(steps=[1,§", "a value"),
    ("focus(steps=§4-px)", "a value"),
    ("focus(steps=§1.2.3)", "a value"),
    ("focus(steps=§1e999)", "a smaller number"),
    (f"focus(steps=§{'9' * 5000})", "a smaller number"),
    ('focus(prompt=§"open)', "a value"),
    (r'focus(prompt=§"\q")', "text with JSON's escapes"),
    ('focus(prompt=§"a\tb")', "text with JSON's escapes"),
    ("focus(§\u00a0steps=4)", "an option's name"),
    ("focus(steps=4)§\u00a0", "the end"),
]


class TestCaret:
    """A message points at the place."""

    @pytest.mark.parametrize(("text", "wanted"), _BROKEN)
    def test_points_at_the_offence(self, text: str, wanted: str) -> None:
        """The caret stands in the column at which reading stopped."""
        column, spec = text.index("§"), text.replace("§", "")
        message = refused(SpecError, Spec.parse, spec)
        first, line, caret = message.split("\n")
        assert first == f"Expected {wanted} here:"
        assert caret == f"  {' ' * column}^"
        assert line.isprintable()
        assert line[2:].isascii()

    def test_shows_the_neighbourhood_of_a_long_spec(self) -> None:
        """Of a long text only what is near the offence is shown, and the caret moves along."""
        text = f"focus(prompt={'x' * 500}, steps=?, prompt={'y' * 500})"
        _, line, caret = refused(SpecError, Spec.parse, text).split("\n")
        assert len(line) <= 122
        assert line[len(caret) - 1] == "?"

    def test_a_value_alone_ends(self) -> None:
        """After the value of an option there is nothing."""
        message = refused(SpecError, lambda: read_value("4 5"))
        assert message == "Expected the end here:\n  4 5\n    ^"

    def test_refuses_an_option_given_twice(self) -> None:
        """The second of two equal keys is pointed at, with the strategy's name."""
        message = refused(SpecError, Spec.parse, "focus(steps=4, steps=5)")
        assert message == (
            "Expected another option (or an end), for 'focus' has 'steps' already, here:\n"
            "  focus(steps=4, steps=5)\n"
            "                 ^"
        )


class TestNesting:
    """Brackets within brackets."""

    @pytest.mark.parametrize(("opening", "closing"), [("a(b=", ")"), ("[", "]")])
    def test_goes_as_deep_as_promised(self, opening: str, closing: str) -> None:
        """The deepest level allowed is read; one more is refused, not a crash."""
        deep = f"{opening * (DEEPEST - 1)}1{closing * (DEEPEST - 1)}"
        assert Spec.parse(f"focus(a={deep})").name == "focus"
        message = refused(SpecError, Spec.parse, f"focus(a={opening}{deep}{closing})")
        assert message.startswith(f"Expected at most {DEEPEST} levels of brackets here:\n")

    def test_survives_any_depth(self) -> None:
        """Ten thousand brackets are as wrong as 33."""
        message = refused(SpecError, Spec.parse, f"focus(a={'[' * 10_000}")
        assert message.startswith("Expected at most 32 levels")
