"""A question's context, and the length of its reply: what may be given, and what becomes of it."""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import numpy as np
import pytest

from tests.support.refusals import refused
from visualcrop import (
    Box,
    BudgetedModel,
    Finding,
    Image,
    Ledger,
    Prompt,
    Question,
    Target,
    View,
    VisualSearch,
)
from visualcrop.answer.count import Count
from visualcrop.answer.relate import Relate
from visualcrop.answer.reply import reply
from visualcrop.errors import QuestionError
from visualcrop.plugin import ANSWER, AnswerComposer
from visualcrop.protocol import Inference
from visualcrop.testing import Bench, Scene, ToyModel
from visualcrop.values import MOST_TEXT

_IMAGE = Scene.draw(43).image
_OTHER = View.whole(Image.open(np.zeros((8, 8, 3), np.uint8)))
_TEXT = "What colour is the mug?"


def _ask(**given: Any) -> Question:
    return Question(_TEXT, _IMAGE, **given)


class TestQuestion:
    """What a question takes."""

    def test_none_by_default(self) -> None:
        """A question without them is what it was, in its text form, too."""
        assert (_ask().context, _ask().max_new_tokens) == ((), None)
        assert _ask() == _ask(context=[], max_new_tokens=None)
        assert "context" not in repr(_ask())

    def test_is_a_value(self) -> None:
        """Two questions after different words differ; a list becomes a tuple, and travels."""
        asked = _ask(context=["Be brief.", _OTHER], max_new_tokens=5)
        assert asked == _ask(context=("Be brief.", _OTHER), max_new_tokens=5)
        assert asked != _ask(context=("Be brief.",), max_new_tokens=5)
        assert hash(asked) == hash(pickle.loads(pickle.dumps(asked)))

    @pytest.mark.parametrize(
        ("context", "told"),
        [
            ("Be brief.", "The context of a question is a str; give a list of texts and views."),
            (None, "The context of a question is a NoneType; give a list of texts and views."),
            (
                ["Be brief.", _IMAGE],
                "The context of a question holds a part of type Image; give texts, and pictures "  # noqa: ISC004
                "as View.whole(Image.open(...)).",
            ),
            (
                ["\ud800"],
                "The question holds bytes that are no UTF-8 text; write it in another encoding.",
            ),
        ],
    )
    def test_refuses_what_is_no_context(self, context: Any, told: str) -> None:
        """A text alone is no list of texts, and a picture comes as a view."""
        assert refused(QuestionError, _ask, context=context) == told

    def test_counts_its_letters(self) -> None:
        """The limit of a question's text holds for all that it brings along."""
        room = MOST_TEXT - len(_TEXT)
        _ask(context=["x" * room])
        message = refused(QuestionError, _ask, context=["x" * (room - 1), "xy"])
        assert message == (
            "The question has 20,001 characters with its choices and context, over the limit of "
            "20,000; ask in fewer words."
        )

    @pytest.mark.parametrize("length", [0, -1, 65_537, 2.0, "5", True])
    def test_refuses_what_is_no_length(self, length: Any) -> None:
        """A reply has one token or more, and not endlessly many."""
        assert refused(QuestionError, _ask, max_new_tokens=length) == (
            f"The longest reply to a question is {length!r} tokens; give a whole number from 1 to "
            "65,536, or none."
        )


class Recorder(ToyModel):
    """A toy that keeps its prompts."""

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[Prompt] = []

    def choose(self, prompts: Any, *args: Any, **options: Any) -> Any:
        self.prompts += prompts
        return super().choose(prompts, *args, **options)

    def generate(self, prompts: Any, **options: Any) -> Any:
        self.prompts += prompts
        return super().generate(prompts, **options)


class TestReply:
    """How an answer is made."""

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    def test_context_before_evidence(self, inference: Inference) -> None:
        """However the answer is read; what it shows is the evidence alone."""
        toy, whole = Recorder(), View.whole(_IMAGE)
        question = _ask(choices=("red", "green"), context=("Be brief.", _OTHER))
        model = BudgetedModel(toy, Ledger()).at(ANSWER)
        answer = reply(question, ["See:", whole], model, inference)
        (prompt,) = toy.prompts
        assert prompt.parts[:-1] == ("Be brief.", _OTHER, "See:", whole)
        assert (*answer.shown,) == (whole,)

    def test_as_long_as_the_question_says(self) -> None:
        """Its own length goes before the strategy's, be it shorter or longer."""
        bench = Bench.set_up()
        question = attrs.evolve(bench.asked.question, choices=())
        words = reply(question, [bench.whole], bench.model).text.split()
        assert len(words) == 1
        told = attrs.evolve(question, text="Describe the image, please, in a few words.")
        for own, given in ((1, 32), (32, 1), (None, 1)):
            asked = attrs.evolve(told, max_new_tokens=own)
            found = reply(asked, [bench.whole], bench.model, max_new_tokens=given)
            assert len(found.text.split()) <= (own or given)

    def test_shown_without_the_context(self) -> None:
        """An answer's crops are of what was searched, however it is released."""
        question = _ask(context=(_OTHER,))
        answer = VisualSearch.open("toy").answer(question)
        assert {view.image for view in answer.shown} == {_IMAGE}
        assert answer.text == "green"


_MUG, _KEY = Target("mug"), Target("key")
_COUNTED = [Finding(Target("mug", every=True), Box(9, 9, 90, 90), 1.0, 1.0)]
_RELATED = [Finding(_MUG, Box(9, 9, 90, 90), 1, 1), Finding(_KEY, Box(900, 9, 990, 90), 1, 1)]


@pytest.mark.parametrize(
    ("composer", "text", "findings"),
    [
        (Count(), "How many mugs are there?", _COUNTED),
        (Relate(), "Is the mug left or right of the key?", _RELATED),
    ],
)
def test_boxes_alone_put_nothing_into_words(
    composer: AnswerComposer, text: str, findings: list[Finding]
) -> None:
    """Where a context may say how to reply, the model replies; of choices, the boxes decide."""
    for context, passes in (((), 0), (("Reply in French.",), 1)):
        toy = ToyModel()
        question = Question(text, _IMAGE, context=context)
        composer.compose(question, findings, BudgetedModel(toy, Ledger()))
        assert toy.passes == passes
    choices = ("1", "2") if isinstance(composer, Count) else ("left", "right")
    asked = Question(text, _IMAGE, choices, context=("Reply in French.",))
    answer = composer.compose(asked, findings, BudgetedModel(toy := ToyModel(), Ledger()))
    assert (answer.choice, toy.passes) == (0, 0)
