"""What a search costs, what it gives for less, and that it runs on every kind of model."""

from __future__ import annotations

import pytest

from tests.support.opened import noise, opened
from tests.support.whole_searches import FAMILIES, search
from visualcrop import Answer, Ledger, Model, Question, VisualSearch
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import Scene, ToyModel

SCENE = Scene.draw(43)
ONE, TWO = "What colour is the 'mug'?", "Is the 'mug' left of the 'key'?"


def searched(
    spec: str, text: str = ONE, *, model: Model | None = None, passes: int | None = None
) -> tuple[Answer, Ledger]:
    """The answer about the toy scene, or about noise with a *model*, and the ledger."""
    question = Question.of(text, noise() if model else SCENE.image, ["red", "green"])
    return search(spec, question, model or ToyModel(), passes)


class TestPrice:
    """2 + T passes."""

    @pytest.mark.parametrize(("text", "targets"), [(ONE, 1), (TWO, 2)])
    @pytest.mark.parametrize("relevance", ["tad", "vv"])
    def test_is_a_map_for_each_target(self, text: str, targets: int, relevance: str) -> None:
        """And one pass each for the targets and for the answer."""
        _, ledger = searched(f"hide(relevance={relevance}, targets=in-context)", text)
        assert ledger.by_stage() == {"targets": 1, "relevance": targets, "answer": 1}

    def test_is_what_the_summary_says(self) -> None:
        """Which every list of methods prints."""
        summary = Registry.load().build(Searcher, "hide").summary
        assert summary().endswith(" 2 + T passes.")

    def test_question_that_names_nothing_is_looked_for_itself(self) -> None:
        """As the original does where no entity is extracted."""
        answer, ledger = searched("hide(targets=quoted)", "Why?")
        assert [evidence.target.text for evidence in answer.evidence] == ["Why?"]
        assert ledger.by_stage() == {"relevance": 1, "answer": 1}


class TestBudget:
    """Passes that may not be run are not run."""

    def test_for_some_maps_gives_their_boxes(self) -> None:
        """One target of two is found, and the answer says that the budget ran out."""
        answer, ledger = searched("hide(targets=quoted)", TWO, passes=1)
        assert [finding.target.text for finding in answer.findings] == ["mug"] * len(
            answer.findings
        )
        assert answer.findings
        assert answer.exhausted
        assert ledger.by_stage() == {"relevance": 1, "answer": 1}

    def test_of_nothing_asks_the_whole_image(self) -> None:
        """As `direct` does."""
        answer, ledger = searched("hide", passes=0)
        assert ledger.by_stage() == {"answer": 1}
        assert answer.exhausted
        assert [view.size for view in answer.shown] == [(SCENE.image.width, SCENE.image.height)]


@pytest.mark.parametrize("relevance", ["tad", "vv"])
@pytest.mark.parametrize("family", FAMILIES)
def test_runs_on_a_checkpoint(family: str, relevance: str) -> None:
    """Boxes in the image, every pass charged, an answer within a budget, and the same twice."""
    model, spec = opened(family), f"hide(targets=quoted, relevance={relevance})"
    model.forget()  # what is in its caches changes the last digits of a score
    answer, ledger = searched(spec, TWO, model=model)
    assert ledger.passes == 3
    assert {finding.target.text for finding in answer.findings} == {"mug", "key"}
    model.forget()
    assert searched(spec, TWO, model=model)[0] == answer

    less, ledger = searched(spec, TWO, model=model, passes=1)
    assert ledger.by_stage() == {"relevance": 1, "answer": 1}
    assert less.exhausted


@pytest.mark.parametrize("relevance", ["tad", "vv"])
def test_runs_on_tiny(relevance: str) -> None:
    """Which is shown the whole image and the canvas, and answers with a letter."""
    visualcrop_tiny = pytest.importorskip("visualcrop_tiny.shapes")
    sample = next(iter(visualcrop_tiny.Shapes(split="dev", about="attribute").read()))
    hide = VisualSearch.open("tiny-shapes", f"hide(relevance={relevance})")
    image = sample.source.open()
    answer = hide.ask(image, sample.text, sample.choices)
    assert answer.choice is not None
    assert len(answer.shown) == 2
    whole, canvas = answer.shown
    assert canvas.size[0] * canvas.size[1] < whole.size[0] * whole.size[1]
    assert answer.passes == {"relevance": 1, "answer": 1}
