"""How many files one question enters, and how many turns it takes between them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def walk() -> dict[str, Any]:
    """The script's functions and limits."""
    return runpy.run_path(str(ROOT / "scripts" / "walk.py"))


@pytest.mark.torch
@pytest.mark.slow
def test_the_walk_is_no_longer_than_its_limits(
    walk: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """The script prints both walks, and succeeds only within its limits."""
    assert walk["main"]() == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert [line.partition(":")[0] for line in lines] == [
        "a warm ask in Python",
        "a warm ask on the command line, which opens image and model",
    ]


def test_a_turn_is_a_step_to_another_file(walk: dict[str, Any]) -> None:
    """Functions of other packages, comprehensions and lambdas are no steps."""
    from visualcrop import Box
    from visualcrop.prompt import Prompt

    def act() -> None:
        Box(0, 0, 4, 4).area  # noqa: B018 - two steps in one file
        Prompt(("a",)).text  # noqa: B018
        [n for n in range(3)]  # noqa: C416

    found = walk["second"](act)
    assert set(found.files) == {"geometry.py", "prompt.py"}
    assert found.turns == 1
