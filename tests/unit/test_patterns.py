"""
No text, however written, takes more steps than it is long.

What a regular expression does with a text hangs on both. So every expression in the code is checked
for the ambiguity that makes it slow, and nothing is timed; those that are allowed it see little
text, and say how little.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import attrs
import numpy as np
import pytest

from tests.support.patterns import slow
from tests.support.refusals import refused
from visualcrop import Image, Question
from visualcrop.answer.interleaved import choose_outline_colour
from visualcrop.errors import QuestionError, SpecError
from visualcrop.plugin import Registry, Searcher, Spec
from visualcrop.spec.parse import _TOKEN
from visualcrop.targets.quoted import _QUOTED

_ROOT = Path(__file__).parents[2]
_ANCHORED = {"match", "fullmatch"}
_CALLS = {*_ANCHORED, "compile", "search", "sub", "subn", "split", "findall", "finditer"}
_LITTLE = {  # by file and pattern's first letters: why it may be slow
    ("protocol.py", r"\b(?:answer|"): "a reply's first 2,000 characters",
}
_ELSEWHERE = {
    "WORD": {"fullmatch"},
    "KEBAB": {"fullmatch"},
}  # how patterns are used that other files import
_WOVEN = {  # by file: why what is put into the pattern cannot make it slow
    "protocol.py": "an escaped text between two conditions on a letter",
    "prompting.py": "escaped texts, one of them",
    "chat_template.py": "a set of private characters",
    "placeholders.py": "an escaped text, some times",
    "files.py": "an escaped text, some times",
    "report.py": "an escaped name",
    "tokenizer.py": "escaped texts, one of them",
    "run_folder.py": "an escaped name of a file, and numbers of a few digits",
    "tables.py": "numbers that formatting.py wrote",
    "mask_decoder.py": "names of weights, renamed by a table of ours",
    "parse.py": "the pattern WORD; the whole is checked below",
}


@attrs.frozen
class Found:
    """One regular expression of the code."""

    file: Path
    line: int
    pattern: str
    flags: int
    searching: bool
    whole: bool


def _expressions() -> Iterator[Found | tuple[str, int]]:
    """Each with its flags; file and line of those that are put together while running."""
    for folder in ("visualcrop", "plugins"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts and not {"build", "dist"} & {*path.parts}:
                yield from _in_file(path)


def _in_file(path: Path) -> Iterator[Found | tuple[str, int]]:
    tree = ast.parse(path.read_text("utf-8"))
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.setdefault(node.value.id, set()).add(node.attr)
    named = {
        node.value: node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and _is_of_re(func := node.func)):
            continue
        pattern = node.args[0]
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            yield path.name, node.lineno
            continue
        name = named.get(node, "")
        how = {func.attr} if not name else used.get(name, set()) - {"pattern"}
        how |= _ELSEWHERE.get(name, {"search"}) if name and not name.startswith("_") else set()
        flags = (ast.unparse(each) for each in (*node.args[1:], *(k.value for k in node.keywords)))
        on = [getattr(re, name) for text in flags for name in re.findall(r"re\.([A-Z]+)", text)]
        yield Found(
            path, node.lineno, pattern.value, sum(on), not how <= _ANCHORED, "fullmatch" in how
        )


def _is_of_re(call: ast.expr) -> TypeGuard[ast.Attribute]:
    if not (isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)):
        return False
    return call.value.id == "re" and call.attr in _CALLS


_EVERY = [*_expressions()]
_CONSTANT = [each for each in _EVERY if isinstance(each, Found)]


@pytest.mark.parametrize("found", _CONSTANT, ids=lambda f: f"{f.file.name}:{f.line}")
def test_is_linear(found: Found) -> None:
    """Or sees so little text that it does not matter."""
    little = [f for f, start in _LITTLE if f == found.file.name and found.pattern.startswith(start)]
    how = {"searching": found.searching, "whole": found.whole}
    assert little or not slow(found.pattern, found.flags, **how)


def test_none_is_missed() -> None:
    """There are some forty, and those that are put together while running have a reason."""
    assert len(_CONSTANT) > 30
    woven = {each[0] for each in _EVERY if not isinstance(each, Found)}
    assert woven <= {*_WOVEN}


@pytest.mark.slow
def test_specs() -> None:
    """The pattern of a spec's words and marks is put together, and used where one begins."""
    assert not slow(_TOKEN.pattern, _TOKEN.flags, searching=False)


class TestLongTexts:
    """Texts that took a minute, a million letters long."""

    def test_of_letters(self) -> None:
        """Nothing of a question is read from each of its letters."""
        assert choose_outline_colour("a" * 1_000_000) == "red"
        assert choose_outline_colour("red " * 300_000 + "bounding box") == "blue"

    def test_of_quotes_that_are_never_closed(self) -> None:
        """Each would be looked for to the end."""
        assert _QUOTED.findall("“" * 300_000 + "mug”") == [("", "", "mug", "")]
        assert _QUOTED.findall("‘" * 300_000) == []

    @pytest.mark.parametrize("text", ["a" * 20_001, "a " * 10_001])
    def test_are_no_questions(self, text: str) -> None:
        """Beyond 20,000 characters, choices included, a question is refused in one sentence."""
        image = Image.open(np.zeros((2, 2), np.uint8))
        said = refused(QuestionError, Question, text, image)
        assert "over the limit of 20,000; ask in fewer words." in said
        assert refused(QuestionError, Question, "What?", image, ("red", text))

    def test_are_no_specs(self) -> None:
        """Nor is a list of a million values a spec."""
        said = refused(SpecError, Spec.parse, f"focus(layers=[{'1,' * 1_000_000}])")
        assert said == "A spec has 100,000 characters at most, not 2,000,016; give fewer options."

    @pytest.mark.parametrize(
        "spec", ["direct(max_new_tokens=1000000000)", "focus(answer=canvas(cell=1000000))"]
    )
    def test_are_no_replies(self, spec: str) -> None:
        """Nor can a billion words be asked for, or a canvas of a terabyte."""
        with pytest.raises(SpecError, match="must be from"):
            Registry.load().build(Searcher, Spec.parse(spec))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(\w+)\s+(?:box|frame)",
        r"(a*)*b",
        r"(a|a)*b",
        r"(a|ab|b)*c",
        r"\d+\.?\d*(?!\w)",
        r"“([^”]+)”",
        r"```\s*(.*?)```",
        r"x*x*y",
        r"\s+$",
    ],
)
def test_slow_ones_are_found(pattern: str) -> None:
    """The check knows those that take a square of steps, and those that take a power of two."""
    assert slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"\w+", r"(?<!\w)\w+\s+box", r"“([^“”]+)”", r"\bsteps\s*=\s*(\d+)", r"\b\w+,", r"So: (.+)"],
)
def test_quick_ones_are_let_pass(pattern: str) -> None:
    """It does not cry wolf."""
    assert not slow(pattern)


def test_how_a_pattern_is_used_counts() -> None:
    """What is slow where it is looked for may be quick at one place, and the other way round."""
    assert slow(r"\s*,")
    assert not slow(r"\s*,", searching=False)
    assert not slow(r"(a|a)*")
    assert slow(r"(a|a)*", searching=False, whole=True)
