"""Nothing that is remembered grows with what is asked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FEW = {  # functions that are remembered without a bound: what they are asked for is a fixed set
    "_cache_argument": "networks' classes",
    "_draw_mask": "kinds of things that are drawn",
    "_draw_small_mask": "kinds of things that are drawn",
    "_quick_class": "classes of image processors",
    "_read_shipped": "sets of examples that ship",
    "_word_classes": "devices",
    "bundle_modules": "files of the viewer",
    "class_ids": "kinds of words, and devices",
    "read_asset": "files of the viewer",
    "draw_blocks": "the sizes that are checked",
    "draw_shape": "two shapes in two colours",
    "table": "tables of the paper",
}


def _remembered() -> Iterator[tuple[ast.FunctionDef, str]]:
    """Functions with a cache, and how it is written."""
    for folder in ("visualcrop", "plugins"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            if "tests" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                for each in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                    if "cache" in (how := ast.unparse(each)) and "property" not in how:
                        assert isinstance(node, ast.FunctionDef)
                        yield node, how


@pytest.mark.parametrize(
    ("function", "how"), [*_remembered()], ids=lambda p: getattr(p, "name", None)
)
def test_is_bounded(function: ast.FunctionDef, how: str) -> None:
    """A cache has a size, or what it can be asked for is a fixed set; it holds no picture."""
    asked = [ast.unparse(each.annotation) for each in function.args.args if each.annotation]
    assert not {"View", "Image", "Question", "Prompt"} & {*asked}
    bounded = how.startswith("lru_cache(") and "None" not in how
    assert bounded or not asked or function.name in _FEW


def test_the_list_is_no_longer_than_it_must_be() -> None:
    """Whatever is excused is there."""
    assert {*_FEW} <= {function.name for function, _ in _remembered()}
