"""A map less the null target's keeps the contract, reads the view once and holds to the budget."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from visualcrop import Budget, BudgetedModel, Ledger, Target, View, VisualSearch, Vv
from visualcrop.testing import RelevanceSourceSuite
from visualcrop.testing.bench import Bench
from visualcrop_maps import Contrast
from visualcrop_tiny.shapes import Shapes


class TestContrast(RelevanceSourceSuite):
    """Around `vv`."""

    strategy = Contrast


def _normalised(target: str) -> npt.NDArray[np.float64]:
    bench = Bench.set_up()
    scores = Vv().map(bench.whole, Target(target), bench.model).scores.astype(np.float64)
    total: float = np.abs(scores).sum()
    return scores / total


def test_takes_the_null_map_away() -> None:
    """Equal to the difference of two maps of the inner source, each with a sum of one."""
    bench = Bench.set_up()
    difference = _normalised(bench.target.text) - _normalised("object")
    for clip, expected in ((True, difference.clip(0)), (False, difference)):
        found = Contrast(clip=clip).map(bench.whole, bench.target, bench.model)
        assert np.allclose(found.scores, expected, atol=1e-7)


def test_null_target_keeps_its_own_map() -> None:
    """A map less itself would be flat."""
    bench = Bench.set_up()
    found = Contrast().map(bench.whole, Target("object"), bench.model)
    assert found == Vv().map(bench.whole, Target("object"), bench.model)


@pytest.mark.parametrize(("passes", "contrasted"), [(2, False), (3, True)])
def test_budget_without_the_null_pass_gives_the_inner_maps(passes, contrasted) -> None:
    """Two targets take three passes; with two there is nothing to take away."""
    bench = Bench.set_up(passes=passes)
    targets = [bench.target, Target("lamp")]
    found = [*Contrast().maps(bench.whole, targets, bench.model)]
    assert bench.ledger.passes == passes
    free = Bench.set_up()
    plain = [*Vv().maps(free.whole, targets, free.model)]
    assert (found != plain) == contrasted


def test_null_prompt_is_a_suffix() -> None:
    """On `tiny-shapes` it is charged as a pass, and adds less than a tenth of the map's FLOPs."""
    sample = next(iter(Shapes(split="dev", size="1k", count=1)))
    view = View.whole(sample.source.open())
    spent = []
    for source in (Vv(), Contrast()):
        ledger = Ledger(Budget())
        model = BudgetedModel(VisualSearch.open("tiny-shapes").model, ledger, "relevance")
        source.map(view, Target(sample.targets[0].name), model)
        spent.append((ledger.passes, ledger.usage.flops))
    (one, alone), (two, both) = spent
    assert (one, two) == (1, 2)
    assert both < 1.1 * alone
