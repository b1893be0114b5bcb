"""The choices stand in the map's prompt, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop import BudgetedModel, Focus, RelevanceMap, Target, View, Vv
from visualcrop.errors import SpecError
from visualcrop.plugin import RelevanceSource, option
from visualcrop.searchers.direct import Direct
from visualcrop.testing import SearcherSuite
from visualcrop.testing.bench import Bench
from visualcrop_maps import Contrast, OptionsInPrompt

SHOWN: list[str] = []


@attrs.frozen
class Noting(RelevanceSource):
    """The map of `vv`, and a note of the prompt."""

    name = "noting"

    prompt: str = option("Is there a {target} in the image?", help="text")

    def map(self, view: View, target: Target, model: BudgetedModel) -> RelevanceMap:
        (found,) = self.maps(view, [target], model)
        return found

    def maps(
        self, view: View, targets: Sequence[Target], model: BudgetedModel
    ) -> Iterable[RelevanceMap]:
        SHOWN.append(self.prompt)
        return Vv(prompt=self.prompt).maps(view, targets, model)


class TestOptionsInPrompt(SearcherSuite):
    """Around `focus`."""

    strategy = OptionsInPrompt


@pytest.mark.parametrize("around", [lambda s: s, lambda s: Contrast(relevance=s)])
def test_choices_stand_before_the_target(around) -> None:
    """In the prompt of the map, however deep it lies; what looks like a blank is none."""
    bench = Bench.set_up()
    SHOWN.clear()
    question = attrs.evolve(bench.asked.question, choices=("red", "{target}"))
    bench.search(OptionsInPrompt(searcher=Focus(relevance=around(Noting()))), question)
    assert SHOWN == ["The choices are: red, (target). Is there a {target} in the image?"]


def test_without_choices_it_is_the_other_search() -> None:
    """The same answer, pass for pass."""
    one, other = Bench.set_up(), Bench.set_up()
    question = attrs.evolve(one.asked.question, choices=())
    assert one.search(OptionsInPrompt(), question) == other.search(Focus(), question)
    assert one.ledger.by_stage() == other.ledger.by_stage()


def test_costs_no_pass_more() -> None:
    """The map's pass is the one that there was."""
    one, other = Bench.set_up(), Bench.set_up()
    bound = Focus(overrun=False)
    one.search(OptionsInPrompt(searcher=bound))
    other.search(bound)
    assert one.ledger.by_stage() == other.ledger.by_stage()


def test_search_without_a_map_is_refused() -> None:
    """There is no prompt to put them in."""
    said = refused(SpecError, lambda: OptionsInPrompt(searcher=Direct()))
    assert said.startswith("The search 'direct' has no relevance source with a prompt;")


@pytest.mark.parametrize("text", ["{prompt}", "{choices}", ""])
def test_text_needs_both_blanks(text) -> None:
    """A text without one of them would drop the target or the choices."""
    assert "say where both go" in refused(SpecError, lambda: OptionsInPrompt(text=text))
