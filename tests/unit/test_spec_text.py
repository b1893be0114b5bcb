"""The grammar of specs."""

from __future__ import annotations

import contextlib
import random

import pytest

from tests.support.refusals import refused
from visualcrop.errors import SpecError
from visualcrop.plugin import Spec
from visualcrop.spec.parse import Value, format_value, read_value


class TestGrammar:
    """What can be read."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("4", 4),
            ("-4", -4),
            ("+4", 4),
            ("4.", 4.0),
            (".5", 0.5),
            ("1e3", 1000.0),
            (f"{'9' * 4000}", int("9" * 4000)),
            ("true", True),
            ("false", False),
            ("none", None),
            ('"4"', "4"),
            (r'"\u00e9\n\""', 'é\n"'),
            ("[]", ()),
            ("[1, [2,], vv]", (1, (2,), Spec("vv"))),
            ("vv", Spec("vv")),
            ("True", True),
            ("False", False),
            ("None", None),
            ("'tea spoon'", "tea spoon"),
            (r"'don\'t'", "don't"),
            (r"'\u00e9\n\x41'", "é\nA"),
            ("(8, 14)", (8, 14)),
            ("(8,)", (8,)),
            ("( 8 )", 8),
            ("( 8 , )", (8,)),
            ("()", ()),
            ("((1, 2), [3])", ((1, 2), (3,))),
            ("('a', None, vv(clip=True))", ("a", None, Spec("vv", (("clip", True),)))),
            ("~/a.b/c-1.json", Spec("~/a.b/c-1.json")),
            ("./tiny", Spec("./tiny")),
            ("../a/tiny-1", Spec("../a/tiny-1")),
            ("org/model:rev-2", Spec("org/model:rev-2")),
            ("vv ( clip = true , )", Spec("vv", (("clip", True),))),
            ("vv()", Spec("vv")),
        ],
    )
    def test_reads_values(self, text: str, value: Value) -> None:
        """Each form of value is read as itself, of its own type."""
        found = read_value(f" {text} ")
        assert (found, type(found)) == (value, type(value))

    def test_keeps_the_order(self) -> None:
        """Options come out as they went in."""
        assert [key for key, _ in Spec.parse("a(z=1, b=2, a=3)").options] == ["z", "b", "a"]


@pytest.mark.parametrize(
    "text", [r"'C:\data'", r"'\777'", r"'\x4'", r"'\N{no such name}'", "'a' 'b'"]
)
def test_other_escapes_of_python_are_refused(text: str, recwarn: pytest.WarningsRecorder) -> None:
    """Also those that Python reads with a warning on standard error."""
    refused(SpecError, read_value, text)
    assert not recwarn.list


_ATOMS = [
    *"()[],='\"\\ \n#:.-_01xNu{}",
    "focus",
    "True",
    "'a'",
    '"b"',
    "a=",
    "1e5",
    "\ud800",
    "(1,)",
    "b(c=1)",
]


def test_any_text_is_a_spec_or_a_sentence() -> None:
    """And what is read comes out as text that is read as the same."""
    chance = random.Random(0)
    for _ in range(3000):
        text = "".join(chance.choices(_ATOMS, k=chance.randint(1, 12)))
        for read in (read_value, Spec.parse):
            with contextlib.suppress(SpecError):
                value = read(text)
                assert read(format_value(value)) == value
