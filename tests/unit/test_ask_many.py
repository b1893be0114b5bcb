"""Many questions at once: an answer or an error in each one's place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop import Answer, Budget, BudgetedModel, PromptProtocol, Question, VisualSearch
from visualcrop.errors import ImageError, PluginError, QuestionError, SpecError
from visualcrop.plugin import Searcher
from visualcrop.searchers.direct import Direct
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Scene, ToyModel

_SCENE = Scene.draw(43)
_MUG = "What colour is the mug?"


@attrs.frozen
class Failing(Searcher):
    """Answers, or raises what the question's text asks for."""

    name = "failing"

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        if question.text in _RAISED:
            raise _RAISED[question.text]
        return Direct().search(question, model)


_RAISED = {"Boom?": ValueError("boom"), "Exit?": SystemExit(3), "Stop?": KeyboardInterrupt()}


class TestOutcomes:
    """What comes back."""

    def test_as_if_asked_one_by_one(self) -> None:
        """In order, with the same answers and bills, whatever runs beside them."""
        asked = [each.question for seed in range(4) for each in Scene.draw(seed).questions]
        search, alone = VisualSearch.open(), VisualSearch.open()
        wanted = [alone.ask(q.image, q.text, q.choices, budget=Budget(9)) for q in asked]
        assert search.ask_many(asked, concurrency=3, budget=Budget(9)) == wanted
        assert search.model.passes == alone.model.passes

    def test_one_that_fails_loses_no_other(self) -> None:
        """Of thirteen, one raises: twelve answers, and its error in its place."""
        texts = [_MUG] * 7 + ["Boom?"] + [_MUG] * 5
        asked = [Question(text, _SCENE.image) for text in texts]
        found = VisualSearch(ToyModel(), Failing()).ask_many(asked, concurrency=3)
        assert [isinstance(each, Answer) for each in found] == [text == _MUG for text in texts]
        assert found[7] is _RAISED["Boom?"]

    def test_each_wrong_question_has_its_error(self) -> None:
        """What cannot be opened or asked, or is no question, or wants to end the program."""
        asked: list[Any] = [
            (_SCENE.image, _MUG),
            ("nowhere.png", _MUG),
            (_SCENE.image, " "),
            (_SCENE.image, _MUG, ["red"]),
            "x?",
            (_SCENE.image,),
            (_SCENE.image, "Exit?"),
            (_SCENE.image, _MUG, ["red", "green"]),
        ]
        found = VisualSearch(ToyModel(), Failing()).ask_many(asked)
        kinds = [Answer, ImageError, *[QuestionError] * 4, PluginError, Answer]
        assert [type(each) for each in found] == kinds
        assert str(found[4]).startswith("'x?' is no question; give a Question, or (image, text)")

    def test_keeps_a_questions_protocol(self) -> None:
        """A `Question` is put and read as it says."""
        scene = Scene.draw(0).questions[0].question
        other = attrs.evolve(scene, protocol=PromptProtocol(inference="option-logits"))
        found = VisualSearch(ToyModel(), Direct()).ask_many([scene, other])
        assert [sum(each.passes.values()) for each in found if isinstance(each, Answer)] == [1, 4]

    def test_an_iterable_that_fails_is_over(self) -> None:
        """Its own error is the last in the list, and what was answered stays."""

        def questions() -> Iterator[Question]:
            yield Question(_MUG, _SCENE.image)
            raise RuntimeError("no more")

        answer, error = VisualSearch(ToyModel(), Direct()).ask_many(questions())
        assert isinstance(answer, Answer)
        assert isinstance(error, RuntimeError)


class TestTaking:
    """How questions are taken."""

    def test_one_by_one(self) -> None:
        """No more than are asked at once, and one, are taken before the first is answered."""
        taken, most = [0], [0]

        def questions() -> Iterator[Question]:
            for _ in range(20):
                taken[0] += 1
                yield Question(_MUG, _SCENE.image)

        @attrs.frozen
        class Watched(Failing):
            name = "watched"

            def search(self, question: Question, model: BudgetedModel) -> Answer:
                answer = Direct().search(question, model)
                done[0] += 1
                most[0] = max(most[0], taken[0] - done[0])
                return answer

        done = [0]
        found = VisualSearch(ToyModel(), Watched()).ask_many(questions(), concurrency=2)
        assert len(found) == 20
        assert most[0] <= 4

    @pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, None, "8"])
    def test_concurrency_is_a_count(self, concurrency: Any) -> None:
        """One sentence, before anything is asked."""
        search = VisualSearch(ToyModel(), Direct())
        refused(SpecError, search.ask_many, [(_SCENE.image, _MUG)], concurrency=concurrency)
        assert search.model.passes == 0

    def test_budget_is_a_budget(self) -> None:
        """As for `ask`."""
        refused(SpecError, VisualSearch(ToyModel(), Direct()).ask_many, [], budget=4)

    @pytest.mark.parametrize("questions", ["x?", b"x?", 3, None])
    def test_questions_are_listed(self, questions: Any) -> None:
        """A text is no list of questions."""
        refused(QuestionError, VisualSearch(ToyModel(), Direct()).ask_many, questions)


class TestInterrupts:
    """Ctrl-C ends it."""

    def test_where_questions_are_made(self) -> None:
        """What has not begun is not asked."""
        search = VisualSearch(ToyModel(), Focus())

        def questions() -> Iterator[Question]:
            yield Question(_MUG, _SCENE.image)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            search.ask_many(questions())
        assert search.model.passes <= 11

    def test_where_one_is_answered(self) -> None:
        """What runs beside it ends before its next pass, and no thread stays."""
        before = threading.active_count()
        search = VisualSearch(ToyModel(), Failing())
        asked = [(_SCENE.image, _MUG), (_SCENE.image, "Stop?")] + [(_SCENE.image, _MUG)] * 50
        with pytest.raises(KeyboardInterrupt):
            search.ask_many(asked, concurrency=2)
        assert search.model.passes < 50
        assert threading.active_count() == before
