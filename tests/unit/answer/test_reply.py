"""How the answer is read off the model."""

from __future__ import annotations

import attrs
import pytest

from tests.support.refusals import refused
from tests.support.saying import saying
from tests.support.weighing import Weighing
from visualcrop import BudgetedModel, Direct, Evidence, Focus, Ledger, Question, View
from visualcrop.errors import QuestionError
from visualcrop.plugin import reply
from visualcrop.protocol import Inference, PromptProtocol
from visualcrop.testing import Bench

_CHOICES = ("rubber", "cotton")
_TOLD = ("The glove is of rubber.", "The glove is of cotton.")


class TestReply:
    """Three ways to read an answer."""

    @pytest.mark.parametrize(
        ("inference", "passes"), [("generate", 1), ("letter-logits", 1), ("option-logits", 4)]
    )
    def test_reads_the_answer_off_a_clear_view(self, inference: Inference, passes: int) -> None:
        """Each way gives the right one of four choices, at its own price."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        answer = reply(bench.asked.question, [view], bench.model, inference)
        assert answer.choice is not None
        assert bench.asked.question.choices[answer.choice] == bench.asked.answer
        assert bench.ledger.passes == bench.toy.passes == passes
        assert answer.shown == (view,)

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    def test_without_choices_it_is_said(self, inference: Inference) -> None:
        """An open question is answered in words, whatever the way; spaces around them go."""
        model, toy = saying(" a red one \n")
        question = attrs.evolve(Bench.set_up().asked.question, choices=())
        answer = reply(question, [], model, inference, 7)
        assert (answer.text, answer.choice, toy.most) == ("a red one", None, [7])

    def test_what_it_says(self) -> None:
        """By letter the text is the letter; by option it is the option itself."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        texts = [reply(bench.asked.question, [view], bench.model, way).text for way in _WAYS]
        place = bench.asked.question.choices.index(bench.asked.answer)
        assert texts == ["ABCD"[place], "ABCD"[place], bench.asked.answer]

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    def test_the_protocol_decides(self, inference: Inference) -> None:
        """The way that a question's protocol names comes before the strategy's."""
        bench = Bench.set_up()
        question = attrs.evolve(bench.asked.question, protocol=PromptProtocol(inference=inference))
        reply(question, [bench.whole], bench.model, "letter-logits")
        assert bench.toy.passes == (4 if inference == "option-logits" else 1)

    def test_sentences_are_weighed_in_place_of_choices(self) -> None:
        """Where there are some, with their end, and the sentence is the answer's text."""
        question = attrs.evolve(Bench.set_up().asked.question, choices=_CHOICES, sentences=_TOLD)
        toy = Weighing()
        answer = reply(question, [], BudgetedModel(toy, Ledger()), "option-logits")
        assert toy.weighed == [(question.text, _TOLD, True)]
        assert (answer.text, answer.choice) == ("The glove is of rubber.", 0)

    @pytest.mark.parametrize(
        ("protocol", "sentences", "weighed"),
        [
            (PromptProtocol(weigh="choices"), _TOLD, (_CHOICES, True)),
            (PromptProtocol(weigh="sentences"), _TOLD, (_TOLD, True)),
            (PromptProtocol(end_token=False), _TOLD, (_TOLD, False)),
            (PromptProtocol(), (), (_CHOICES, True)),
        ],
    )
    def test_the_protocol_says_what_is_weighed(
        self, protocol: PromptProtocol, sentences: tuple[str, ...], weighed: object
    ) -> None:
        """Sentences or choices, with or without an end; without sentences, the choices."""
        plain, toy = Bench.set_up().asked.question, Weighing()
        question = Question(plain.text, plain.image, _CHOICES, protocol, sentences=sentences)
        reply(question, [], BudgetedModel(toy, Ledger()), "option-logits")
        assert [each[1:] for each in toy.weighed] == [weighed]

    def test_sentences_that_are_missing_are_asked_for(self) -> None:
        """A protocol that weighs nothing else does not weigh words in their place."""
        plain, protocol = Bench.set_up().asked.question, PromptProtocol(weigh="sentences")
        question = Question(plain.text, plain.image, _CHOICES, protocol)
        model = BudgetedModel(Weighing(), Ledger())
        message = refused(QuestionError, reply, question, [], model, "option-logits")
        assert "this question has none; read a dataset that has them" in message

    @pytest.mark.parametrize("inference", ["generate", "letter-logits", "option-logits"])
    def test_knows_how_sure_it_is(self, inference: Inference) -> None:
        """From the scores of its own pass, which is the toy's likeliest choice in each way."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        answer = reply(bench.asked.question, [view], bench.model, inference)
        assert len(answer.probabilities) == len(bench.asked.question.choices)
        assert answer.confidence == max(answer.probabilities) > 0.5

    def test_a_model_that_gives_no_logits_is_not_sure(self) -> None:
        """The prompt names the letters, and a reply without logits has an unknown confidence."""
        question = Bench.set_up().asked.question
        model, toy = saying("B")
        answer = reply(question, [], model)
        assert (answer.choice, answer.confidence, answer.probabilities) == (1, None, ())
        assert toy.asked[0].choices == ("A", "B", "C", "D")

    def test_an_answer_that_is_no_choice(self) -> None:
        """The text stays as it was said, and no choice is made up for it."""
        question = Bench.set_up().asked.question
        answer = reply(question, [], saying("It may be A or B.")[0])
        assert (answer.text, answer.choice) == ("It may be A or B.", None)


_WAYS: tuple[Inference, ...] = ("generate", "letter-logits", "option-logits")


class TestWithSearch:
    """What a searcher adds to a reply."""

    def test_keeps_the_reply(self) -> None:
        """Text, choice and views stay, and findings do where none are given."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        bare = reply(bench.asked.question, [view], bench.model, findings=[bench.finding])
        seen = Evidence(bench.target, (bench.finding,))

        answer = bare.with_search([seen], exhausted=True, counts={"nodes": 3})

        assert (answer.text, answer.choice, answer.shown) == (bare.text, bare.choice, bare.shown)
        assert answer.findings == bare.findings == (bench.finding,)
        assert (answer.evidence, answer.exhausted, answer.counts) == ((seen,), True, {"nodes": 3})
        assert answer.with_search(findings=()).findings == ()

    def test_a_run_has_its_passes(self) -> None:
        """Each stage's, whoever searches; of a ledger with older charges, its own alone."""
        bench = Bench.set_up()
        for searcher in (Direct(), Focus()):
            before = bench.ledger.passes
            answer = searcher.run(bench.asked.question, bench.toy, bench.ledger)
            assert sum(answer.passes.values()) == bench.ledger.passes - before
            assert answer.passes["answer"] == 1
