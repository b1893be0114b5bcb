"""Threads share a model without noticing one another."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.support.crowd import Crowd, Gated, eight
from visualcrop import Answer, Capture, Model, Prompt, Reply, VisualSearch
from visualcrop.models import BatchingModel
from visualcrop.searchers.focus import Focus
from visualcrop.testing import Bench, ToyModel

TEXT = "Is there a {target} in the image?"


def _chosen(model: Model, prompts: Sequence[Prompt], state: float) -> object:
    choices = ("Yes", "No") if state < 0.5 else ("mug", "key", "coin")
    return model.choose(prompts, choices, by="next-token" if state < 0.7 else "sentence")


def _said(model: Model, prompts: Sequence[Prompt], state: float) -> object:
    return model.generate(prompts, max_new_tokens=1 + int(4 * state))


def _seen(model: Model, prompts: Sequence[Prompt], state: float) -> object:
    readings = model.forward(prompts, Capture(values=(int(2 * state),)))
    return [[(n, v.sum().item()) for n, v in reading.values.items()] for reading in readings]


def searched(model: Model, seed: int) -> Answer:
    """What FOCUS finds in a scene of its own."""
    asked = Bench.set_up(seed).asked.question
    return VisualSearch(model, Focus()).ask(asked.image, asked.text, asked.choices)


QUESTIONS = (_chosen, _said, _seen)


class OddError(Exception):
    """Some prompts cannot be read."""


def refuse(texts: Sequence[str]) -> None:
    """Fail as a whole if one is odd."""
    if "odd" in texts:
        raise OddError(*texts)


class TestTogether:
    """What runs in one call."""

    def test_all_that_waits_is_one_call(self) -> None:
        """The first thread found the model free; the others waited, and are answered at once."""
        crowd = Crowd(Gated())
        assert crowd.said(["a"], ["b", "c"], ["d"]) == [["a"], ["b", "c"], ["d"]]
        assert crowd.model.calls[0] == ("a",)
        assert sorted(map(sorted, crowd.model.calls)) == [["a"], ["b", "c", "d"]]

    def test_nobody_waits_for_company(self) -> None:
        """A lone request is run by its own thread, as it is."""
        model = Gated()
        model.gate.set()
        batching = BatchingModel(model)
        said = batching.generate([Prompt(("a",)), Prompt(("b",))])
        assert [reply.text for reply in said] == ["a", "b"]
        assert batching.generate([]) == []
        assert (batching.id, batching.info, batching.passes) == ("gated", model.info, 2)

    def test_other_kinds_have_calls_of_their_own(self) -> None:
        """Replies of other lengths, or other choices, are other questions."""
        crowd = Crowd(Gated())
        asks = [crowd.saying(["first"])]
        asks += [crowd.saying([f"text {n}"], limit=4 + n % 2) for n in range(4)]
        assert crowd.answers(*asks) == [["first"], ["text"], ["text "], ["text"], ["text "]]
        sizes = sorted(len(call) for call in crowd.model.calls)
        assert sizes == [1, 2, 2]

    @pytest.mark.parametrize(("most", "largest"), [(1, 1), (2, 2), (3, 3), (100, 9)])
    def test_no_call_is_too_large(self, most: int, largest: int) -> None:
        """Requests stay whole where they fit in, and are cut where they never would."""
        crowd = Crowd(Gated(), most)
        requests = [["a"], ["b", "c"], ["d", "e", "f", "g"], ["h"], ["i", "j"]]
        assert crowd.said(*requests) == requests
        assert max(map(len, crowd.model.calls)) == largest
        assert sorted(text for call in crowd.model.calls for text in call) == list("abcdefghij")


class TestErrors:
    """What goes wrong for one goes wrong for nobody else."""

    def test_reach_their_own_thread_only(self) -> None:
        """Those who were in the same call get their answers."""
        crowd = Crowd(Gated(refuse))
        requests = [["a"], ["b"], ["c", "odd"], ["d"], ["e", "f"], ["odd"], ["g"]]
        for texts, said in zip(requests, crowd.said(*requests), strict=True):
            assert isinstance(said, OddError) if "odd" in texts else said == texts

    def test_of_a_lone_request_are_not_tried_again(self) -> None:
        """It would fail in pieces, too."""
        crowd = Crowd(Gated(refuse))
        (said,) = crowd.said(["a", "b", "odd", "c"])
        assert isinstance(said, OddError)
        assert len(crowd.model.calls) == 1

    def test_an_interrupted_thread_holds_up_nobody(self) -> None:
        """Whoever ran the call is gone; the others run their own."""
        calls: list[Sequence[str]] = []

        def interrupt(texts: Sequence[str]) -> None:
            calls.append(texts)
            if len(calls) == 2:
                raise KeyboardInterrupt

        said = Crowd(Gated(interrupt)).said(["a"], ["b"], ["c"], ["d"])
        assert sum(isinstance(each, KeyboardInterrupt) for each in said) == 1
        assert sum(isinstance(each, list) for each in said) == 3

    def test_too_few_answers_are_an_error(self) -> None:
        """A model that forgets a prompt is not believed."""

        class Forgetful(ToyModel):
            def generate(
                self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32
            ) -> Sequence[Reply]:
                return super().generate(prompts[:-1], max_new_tokens=max_new_tokens)

        with pytest.raises(ValueError, match="shorter"):
            BatchingModel(Forgetful()).generate([Prompt(("a",)), Prompt(("b",))])


@pytest.mark.slow
class TestCrowds:
    """Eight threads, for a while."""

    def test_each_gets_its_own_answers(self) -> None:
        """Whatever is asked, in whatever order: as from the bare model."""
        bench, batching = Bench.set_up(), BatchingModel(ToyModel(), most=5)
        wrong: list[object] = []

        def ask(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(25):
                said = chance.choices(("mug", "green coin", "key", "lamp"), k=chance.randint(0, 4))
                prompts = [Prompt.fill(bench.whole, TEXT, target=target) for target in said]
                question, state = chance.choice(QUESTIONS), chance.random()
                found, wanted = (question(m, prompts, state) for m in (batching, ToyModel()))
                wrong.extend([(found, wanted)] if found != wanted else [])

        eight(ask)
        assert not wrong

    def test_searches_are_as_if_alone(self) -> None:
        """Answers, bills, and what the model counted in all."""
        batching = BatchingModel(ToyModel())
        found: dict[int, Answer] = {}

        def search(seed: int) -> None:
            found[seed] = searched(batching, seed)

        eight(search)
        assert found == {seed: searched(ToyModel(), seed) for seed in range(8)}
        assert batching.passes == sum(sum(a.passes.values()) for a in found.values())
