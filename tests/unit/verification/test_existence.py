"""The odds of "Yes"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest
import torch

from tests.support.refusals import refused
from visualcrop import BudgetedModel, Choice, Ledger, Prompt, Target, View
from visualcrop.errors import SpecError
from visualcrop.models.base import By
from visualcrop.testing import Bench, ToyModel
from visualcrop.verification.existence import Existence


@attrs.define
class Leaning(ToyModel):
    """Leans to each prompt's choices by the logits it was given, and remembers what it weighed."""

    logits: list[tuple[float, ...]] = attrs.field(factory=list)
    weighed: list[tuple[Prompt, tuple[str, ...]]] = attrs.field(factory=list)

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        self.passes += len(prompts)
        self.weighed += [(prompt, tuple(choices)) for prompt in prompts]
        return [Choice(self.logits.pop(0)) for _ in prompts]


class TestExistence:
    """Confidence from -1 to 1."""

    @pytest.mark.parametrize("yes", [-50.0, -1.5, 0.0, 0.1, 3.0, 50.0])
    def test_is_equation_five(self, yes: float) -> None:
        """Twice the softmax of yes over no, less one half."""
        toy = Leaning(logits=[(yes, 0.25)])
        bench = Bench.set_up()
        (found,) = Existence().verify([bench.whole], bench.target, BudgetedModel(toy, Ledger()))
        softmax = torch.tensor([yes, 0.25], dtype=torch.float64).softmax(0)[0]
        assert found == pytest.approx(2 * (float(softmax) - 0.5), abs=1e-9)
        assert -1 <= found <= 1

    def test_asks_what_it_is_told_to(self) -> None:
        """Prompt and both replies are options; each view is asked about on its own."""
        toy, bench = Leaning(logits=[(0.0, 0.0)] * 2), Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box)]
        verifier = Existence(prompt="See {target}?", yes="Ja", no="Nein")
        verifier.verify(views, Target("red mug"), BudgetedModel(toy, Ledger()))
        assert [choices for _, choices in toy.weighed] == [("Ja", "Nein")] * 2
        assert [p.parts for p, _ in toy.weighed] == [(view, "See red mug?") for view in views]

    def test_asks_for_one_of_many(self) -> None:
        """Where all things of a kind are wanted, the question is about a single one (type 2)."""
        toy, bench = Leaning(logits=[(0.0, 0.0)]), Bench.set_up()
        target = Target("red mugs", every=True)
        Existence().verify([bench.whole], target, BudgetedModel(toy, Ledger()))
        assert [p.parts[1] for p, _ in toy.weighed] == ["Is there a red mug in the image?"]

    def test_costs_a_pass_for_each_view(self) -> None:
        """Three views, three passes."""
        bench = Bench.set_up()
        Existence().verify([bench.whole] * 3, bench.target, bench.model)
        assert bench.ledger.passes == 3

    def test_says_no_from_afar_and_yes_close_by(self) -> None:
        """In the whole image the toy cannot see the thing; in the finding's box it is sure."""
        bench = Bench.set_up()
        views = [bench.whole, View(bench.scene.image, bench.finding.box)]
        afar, close_by = Existence().verify(views, bench.target, bench.model)
        assert afar < 0
        assert close_by > 0.6


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"prompt": "hello"}, "has no {target} in it"),
        ({"yes": "No"}, "cannot be told apart"),
        ({"yes": ""}, "cannot be told apart"),
    ],
)
def test_what_would_mean_nothing_is_refused(given: dict[str, Any], what: str) -> None:
    """A prompt that names no target, and replies that are one, would give confidences, too."""
    assert what in refused(SpecError, Existence, **given)
