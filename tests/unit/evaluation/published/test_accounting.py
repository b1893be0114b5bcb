"""What FOCUS's passes in Table 10 are made of: the argument of `protocols.md`, step by step."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from visualcrop import BudgetedModel, Focus, Ledger, Question, focus_paper
from visualcrop.evaluation.published.accounting import PassAccounting
from visualcrop.evaluation.published.recomputed import DATASETS, MODELS
from visualcrop.evaluation.published.tables import table
from visualcrop.models.toy import Toy
from visualcrop.models.toy.dataset import SceneSource

PAGE = Path(__file__).parents[4] / "docs" / "explanation" / "protocols.md"
EVERY = [(model, dataset) for model in MODELS for dataset in DATASETS]
HALF = 0.005  # what rounding can hide of a printed figure
ALONE = {("llava-1.5", "vstar"): 4, ("llava-1.5", "hrbench_4k"): 3, ("llava-1.5", "hrbench_8k"): 3}


@pytest.mark.parametrize(("model", "dataset"), EVERY)
class TestParts:
    """Of each model on each dataset."""

    def test_one_step_is_not_a_map_for_each_target_alone(self, model: str, dataset: str) -> None:
        """Two steps would cost three times as much, and cost less, by more than rounding hides."""
        parts = PassAccounting.read(model, dataset)
        two = parts.passes["Steps-2 (without overrun)"]
        assert two + HALF < 3 * (parts.one_step - HALF)

    def test_one_step_has_more_than_the_maps_of_type_1(self, model: str, dataset: str) -> None:
        """And fewer passes than if it also checked a box of each: it checks none."""
        parts = PassAccounting.read(model, dataset)
        assert parts.targets + HALF < parts.one_step - HALF
        if dataset == "vstar":
            assert parts.one_step + HALF < 2 * (parts.targets - HALF)

    def test_target_extraction_is_not_counted(self, model: str, dataset: str) -> None:
        """One pass for it and one map for each target would be more, on V*Bench."""
        parts = PassAccounting.read(model, dataset)
        if dataset == "vstar":
            assert parts.one_step + HALF < 1 + parts.targets - HALF

    def test_overrun_occurs(self, model: str, dataset: str) -> None:
        """At every number of steps, at 8 too, and most of all at one."""
        parts = PassAccounting.read(model, dataset)
        least = {steps: parts.overrun(steps)[0] for steps in (1, 2, 8)}
        assert least[1] > least[2] > least[8] > 8 * HALF

    def test_the_page_has_the_figures(self, model: str, dataset: str) -> None:
        """A row of its table, or of the one for both HR-Bench where all figures are the same."""
        parts = PassAccounting.read(model, dataset)
        low, high = parts.overrun(8)
        cells = (
            f"{parts.one_step:.2f}",
            f"{parts.passes['Steps-2 (without overrun)']:.2f}",
            f"{3 * parts.one_step:.2f}",
            f"{parts.targets:.3f}",
            f"{parts.type_2:.3f}",
            f"{parts.overrun(1)[0]:.2f}",
            f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}",
        )
        assert " | ".join(cells) in PAGE.read_text()


def test_v_star_has_as_many_boxes() -> None:
    """1.39 type-1 targets a question, where 115 questions have one true box and 76 have two."""
    questions = int(table(8).row(dataset="vstar")["questions"])
    boxes = (115 + 2 * 76) / questions
    assert questions == 115 + 76
    assert PassAccounting.read("llava-1.5", "vstar").targets == pytest.approx(boxes, abs=0.01)
    assert f"{boxes:.3f}" in PAGE.read_text()


@pytest.mark.parametrize(("where", "jumps"), ALONE.items())
def test_passes_jump_where_k_grows(where: tuple[str, str], jumps: int) -> None:
    """One step more costs at most a check for each target, but for one step: k is 30 from there."""
    parts = PassAccounting.read(*where)
    passes = {n: parts.passes[f"Steps-{n} (overrun)"] for n in (1, 2, 3, 4, 6, 8)}
    above = {
        later: (passes[later] - passes[before]) / (later - before)
        for before, later in pairwise(passes)
    }
    assert [n for n, cost in above.items() if cost > parts.targets + 2 * HALF] == [jumps]


class TestOurs:
    """The same parts in our own ledger."""

    def test_two_steps_differ_from_one_by_two_checks(self) -> None:
        """Of a type-1 target, without overrun: a map, then a map and two checks."""
        counts = {}
        for steps in (1, 2, 3):
            ledger = Ledger()
            question = Question("What colour is the mug?", SceneSource(0).open())
            Focus(steps=steps, overrun=False).search(question, BudgetedModel(Toy().open(), ledger))
            counts[steps] = focus_paper(ledger)
        targets = (counts[2] - counts[1]) / 2
        assert counts == {1: targets, 2: 3 * targets, 3: 4 * targets}
