"""`python -m benchmarks.methods`: the table of what each method costs."""

from __future__ import annotations

import pytest

from benchmarks import methods
from benchmarks.methods import Cost, format_row


def test_every_method_gets_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """All seven answer the toy model's questions, with the passes that they cost."""
    assert methods.main(["--data", "toy(scenes=1)", "--model", "toy"]) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert [first for first, *_ in cells] == [f"`{method}`" for method in methods.METHODS]
    passes = {first: float(count) for first, _, _, count, *_ in cells}
    assert passes["`direct`"] == 1
    assert passes["`dc2`"] > passes["`zoomeye`"] > passes["`focus`"] > 1


def test_a_row_has_means_and_the_slowest() -> None:
    """Of seconds the mean and the most, of all else the mean."""
    costs = [Cost(1.0, 10, 1000, True), Cost(3.0, 30, 3000, False)]
    assert format_row("dc2", costs) == "| `dc2` | 2.00 | 3.00 | 20.0 | 2,000 | 50.0% |"


def test_one_method_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With its options."""
    methods.main(["--data", "toy(scenes=1)", "--model", "toy", "--method", "focus(steps=1)"])
    assert capsys.readouterr().out.splitlines()[2].startswith("| `focus(steps=1)` |")
