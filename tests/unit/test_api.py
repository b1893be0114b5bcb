"""Right answers in a few lines of an application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Budget, BudgetedModel, Ledger, Question, VisualSearch
from visualcrop.answer.text_boxes import TextBoxes
from visualcrop.errors import (
    ImageError,
    PluginError,
    QuestionError,
    SpecError,
    UnknownStrategyError,
)
from visualcrop.relevance.vv import Vv
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Scene

_SCENE = Scene.draw(0)
_ASKED = _SCENE.questions[0]


class TestOpen:
    """A model and a way to search."""

    def test_by_default(self) -> None:
        """FOCUS on the toy model."""
        search = VisualSearch.open()
        assert (search.model.id, search.searcher) == ("toy", Focus())

    def test_settings_fill_what_is_open(self) -> None:
        """The model's settings give way to the spec and to options."""
        search = VisualSearch.open(
            "toy(local=true)", "focus(t_type2=0.9)", ["relevance.layers=[1, 3]"]
        )
        answer, layers = TextBoxes(), Vv(layers=(1, 3))
        assert search.searcher == Focus(answer=answer, t_type2=0.9, relevance=layers)

    def test_specs_may_lie_in_files(self, tmp_path: Path) -> None:
        """Of the searcher and of the model."""
        model, searcher = tmp_path / "model.toml", tmp_path / "searcher.toml"
        model.write_text('name = "toy"\n', encoding="utf-8")
        searcher.write_text('name = "direct"\n', encoding="utf-8")
        assert VisualSearch.open(str(model), str(searcher)).searcher == Direct()

    def test_refuses_what_is_not_there(self) -> None:
        """A wrong model, searcher or option is an error before anything is loaded."""
        assert "no model is called 'tou'" in refused(UnknownStrategyError, VisualSearch.open, "tou")
        refused(UnknownStrategyError, VisualSearch.open, "toy", "fokus")
        refused(SpecError, VisualSearch.open, "toy", "focus", ["steps=4.7"])

    @pytest.mark.parametrize("specs", [("toy", None), (object(),), (4, "focus")])
    def test_refuses_what_is_no_text(self, specs: tuple[Any, ...]) -> None:
        """A spec is text, and the refusal says so."""
        message = refused(SpecError, VisualSearch.open, *specs)
        assert message.startswith("A spec is text, such as focus(steps=4), not ")


class TestAsk:
    """One question."""

    @pytest.mark.parametrize("local", ["false", "true"])
    def test_finds_the_answer(self, local: str) -> None:
        """From an array, with choices; the answer says what it cost."""
        search = VisualSearch.open(f"toy(local={local})")
        pixels, question = np.asarray(_SCENE.image.picture), _ASKED.question
        answer = search.ask(pixels, question.text, list(question.choices))
        assert answer.choice is not None
        assert question.choices[answer.choice] == _ASKED.answer
        assert answer.found
        assert sum(answer.passes.values()) == search.model.passes

    def test_again_and_again(self) -> None:
        """Each question has a bill of its own, and the same one the same answer."""
        search = VisualSearch.open()
        one, other = (search.ask(_SCENE.image, _ASKED.question.text) for _ in range(2))
        assert one == other
        assert search.model.passes == 2 * sum(one.passes.values())

    def test_budget(self) -> None:
        """A budget bounds what comes before the answer, and the answer says so."""
        answer = VisualSearch.open().ask(_SCENE.image, _ASKED.question.text, budget=Budget(4))
        assert answer.exhausted
        assert sum(answer.passes.values()) == 5

    def test_a_ledger_of_ones_own(self) -> None:
        """Whoever gives a ledger can read the bill line by line, and its budget holds."""
        ledger = Ledger(Budget(3))
        VisualSearch.open().ask(_SCENE.image, _ASKED.question.text, ledger=ledger)
        assert [charge.stage for charge in ledger.charges][-1] == "answer"
        assert ledger.passes == 4

    def test_a_shared_ledger_bills_each_answer_its_own(self) -> None:
        """What was asked before stands on the ledger, and not on this answer."""
        search, ledger, image = VisualSearch.open("toy"), Ledger(), Scene.draw(3).image
        bills = [dict(search.ask(image, "A mug?", ledger=ledger).passes) for _ in range(2)]
        assert bills[0] == bills[1]
        assert ledger.passes == 2 * sum(bills[0].values())

    def test_a_strategy_that_ends_the_program_is_named(self) -> None:
        """Nothing ends quietly, as if it were done."""

        @attrs.frozen
        class Quitter(Direct):
            """Ends the program."""

            name = "quitter"

            def search(self, question: Question, model: BudgetedModel) -> Answer:
                raise SystemExit(0)

        search = VisualSearch(VisualSearch.open("toy").model, Quitter())
        assert "SystemExit: 0" in refused(PluginError, search.ask, Scene.draw(3).image, "A mug?")

    def test_options_are_a_list(self) -> None:
        """A text alone is letters."""
        assert "give a list" in refused(SpecError, VisualSearch.open, "toy", "focus", "steps=4")

    def test_refuses_what_cannot_be_asked(self) -> None:
        """No image, no question: an error, and no pass."""
        search = VisualSearch.open()
        refused(ImageError, search.ask, "nowhere.png", "What colour?")
        refused(QuestionError, search.ask, _SCENE.image, " ")
        refused(QuestionError, search.ask, _SCENE.image, "What colour?", "red")
        refused(QuestionError, search.ask, _SCENE.image, "What colour?", ["red", "red"])
        refused(SpecError, search.ask, _SCENE.image, "What colour?", budget=4)
        message = refused(
            SpecError, search.ask, _SCENE.image, "Why?", budget=Budget(4), ledger=Ledger()
        )
        assert message == "A ledger has a budget of its own; give Ledger(budget) alone."
        assert search.model.passes == 0
