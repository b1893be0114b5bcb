"""A generated reply has the probabilities of its tokens, from the passes that generated it."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import torch

from tests.support import blips
from tests.support.opened import about, noise, opened
from tests.support.refusals import refused
from visualcrop import Answer, Ledger, Model, Prompt, Question, RepetitionStop, Sampling, View
from visualcrop.errors import ResultError
from visualcrop.models.engine.generation import ProbabilityRecorder, choose_greedily, decode
from visualcrop.models.engine.runner import ModelRunner
from visualcrop.searchers.direct import Direct

pytestmark = pytest.mark.torch
FAMILIES = ["llava", "llava-onevision", "qwen2-5-vl", "qwen3-5"]
ASKED = Prompt((View.whole(noise(64, 48)), "What is on the left?"))


def by_transformers(model: Any, prompt: Prompt, tokens: int) -> list[float]:
    """The softmax of the scores that `generate` returns, at the tokens that it chose."""
    inputs = model.prompt_processor.tokenize(prompt).inputs
    told = model.network.generate(
        **inputs,
        do_sample=False,
        repetition_penalty=1.0,  # a published config has one, which is not applied here
        max_new_tokens=tokens,
        output_logits=True,
        return_dict_in_generate=True,
    )
    steps = len(told.logits)
    pairs = zip(told.logits, told.sequences[0, -steps:], strict=True)
    return [float(scores[0].float().softmax(-1)[token]) for scores, token in pairs]


@pytest.mark.parametrize("family", FAMILIES)
def test_are_those_of_transformers(family: str) -> None:
    """To 1e-5, alone and in a batch with a longer prompt."""
    model = opened(family)
    longer = about("mug", "Is there a {target} in the image, or is there none at all?")
    wanted = by_transformers(model, ASKED, 5)
    for prompts in ([ASKED], [longer, ASKED]):
        reply = model.generate(prompts, max_new_tokens=5)[-1]
        assert reply.token_probabilities == pytest.approx(wanted, abs=1e-5)


def test_of_a_qformer() -> None:
    """InstructBLIP's are a plain pass's softmax over its vocabulary."""
    prompt = about("mug")
    (reply,) = blips.opened().generate([prompt], max_new_tokens=1)
    wanted = blips.logits(**blips.laid_out(prompt))[-1].softmax(-1).max()
    assert reply.token_probabilities == pytest.approx([float(wanted)], abs=1e-5)


def test_end_with_the_token_that_stopped_the_reply() -> None:
    """One more than the reply has, unless it was cut at its longest."""
    model = opened("llava")
    network: Any = model.network

    def replies(ends: frozenset[int]) -> tuple[list[int], tuple[float, ...]]:
        tokenized = model.prompt_processor.tokenize(ASKED)
        with torch.no_grad():
            (state,) = ModelRunner(network, model.meter).prefill([tokenized])
            choose = ProbabilityRecorder(choose_greedily)
            (tokens,) = decode(network, state, ends, 6, choose)
        (probabilities,) = choose.read([tokens], ends)
        return tokens, probabilities

    free, whole = replies(frozenset())
    cut, stopped = replies(frozenset({free[2]}))
    first = free.index(free[2])
    assert len(whole) == len(free) == 6
    assert (len(cut), len(stopped)) == (first, first + 1)
    assert stopped == pytest.approx(whole[: first + 1], abs=1e-5)


def test_of_rows_that_run_on_are_left_out() -> None:
    """On a GPU a pass may run after the last token: what it chose is no part of the reply."""
    choose = ProbabilityRecorder(choose_greedily)
    for top in (3, 4, 5):
        choose(torch.eye(8)[[top, top]] * 9, [0, 1])
    cut, stopped = choose.read([[3], [3]], frozenset({4}))
    repeated, _ = choose.read([[3], [3]], frozenset())
    assert (len(cut), len(stopped), len(repeated)) == (2, 2, 1)


def test_a_sampled_token_has_its_probability_by_the_raw_logits() -> None:
    """Neither the temperature nor the rule that ends a loop changes it."""
    model: Model = opened("llava")
    drawn = attrs.evolve(ASKED, sampling=Sampling(5.0), stop=RepetitionStop(4, 2))
    (greedy,), (sampled,) = (model.generate([p], max_new_tokens=4) for p in (ASKED, drawn))
    assert min(sampled.token_probabilities) > 0
    assert sampled.token_probabilities[0] <= greedy.token_probabilities[0]


def test_an_answer_has_them_if_it_was_generated() -> None:
    """By letters nothing is generated, and nothing is known of tokens."""
    model = opened("qwen2-5-vl")
    question = Question("What colour is it?", noise(), ["red", "green"])
    told = [
        Direct(inference=way, max_new_tokens=4).run(question, model, Ledger())
        for way in ("generate", "letter-logits")
    ]
    prompt = Prompt((*told[0].shown, question.asked))
    assert told[0].token_probabilities == pytest.approx(by_transformers(model, prompt, 4), abs=1e-5)
    assert told[1].token_probabilities == ()


def test_what_is_no_probability_is_refused() -> None:
    """A number above 1, and one that is none."""
    for wrong in ((1.5,), (float("nan"),)):
        assert "give numbers from 0 to 1" in refused(
            ResultError, Answer, "red", token_probabilities=wrong
        )
