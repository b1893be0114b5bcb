"""The choices of a prompt are weighed in the pass that generates the reply to it."""

from __future__ import annotations

import attrs
import pytest
import torch

from tests.support import blips
from tests.support.opened import about, noise, opened
from visualcrop import Ledger, Prompt, Question, VisualSearch
from visualcrop.models.base import Usage
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.models.engine.wrappers import BatchingModel
from visualcrop.searchers.direct import Direct

pytestmark = pytest.mark.torch
LETTERS = ("A", "B", "C", "D")
SPACES = {"llava": " ", "qwen2-5-vl": ""}  # what the template has between prompt and reply


def spent(usage: Usage) -> Usage:
    """*usage* without what the clock says."""
    return attrs.evolve(usage, seconds=0.0, peak_bytes=0)


@pytest.mark.parametrize("family", SPACES)
def test_an_answer_has_the_probabilities_of_a_plain_forward(family: str) -> None:
    """To 1e-5 they are transformers' softmax over the letters as they are spelled there."""
    model, ledger = opened(family), Ledger()
    question = Question("What colour is the mug?", noise(), ["red", "green", "blue", "white"])
    answer = Direct().run(question, model, ledger)
    prepared = model.prompt_processor.tokenize(Prompt((*answer.shown, question.asked)))
    tokenizer = model.prompt_processor.processor.tokenizer
    whole = [tokenizer(prepared.text + SPACES[family] + letter)["input_ids"] for letter in LETTERS]
    with torch.no_grad():
        logits = model.network(**prepared.inputs).logits[0, -1]
    wanted = logits[[ids[-1] for ids in whole]].softmax(-1).tolist()

    assert len({ids[-1] for ids in whole}) == len(LETTERS)
    assert answer.probabilities == pytest.approx(wanted, abs=1e-5)
    assert max(wanted) - min(wanted) > 1e-3
    assert ledger.by_stage() == {"answer": 1}


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "qwen3-5"])
@pytest.mark.parametrize("memory", [4 << 30, 0], ids=["cached", "uncached"])
def test_cost_nothing_and_change_no_reply(family: str, memory: int) -> None:
    """Text, passes, tokens and FLOPs are those without choices, alone and in a batch."""
    plain = [about("mug"), about("green coin")]
    asked = [attrs.evolve(prompt, choices=LETTERS) for prompt in plain]
    bills = []
    for prompts in (plain, asked):
        model = opened(family, memory=memory)
        model.forget()
        before = model.passes
        replies = model.generate(prompts, max_new_tokens=5)
        bills.append((model.passes - before, [(r.text, spent(r.usage)) for r in replies]))
    assert bills[0] == bills[1]
    assert [reply.choice_logits != () for reply in replies] == [True, True]
    for prompt, reply in zip(asked, replies, strict=True):
        (alone,) = opened(family, memory=0).choose([prompt], LETTERS)
        assert reply.choice_logits == pytest.approx(alone.logits, abs=1e-4)


def test_are_unknown_where_the_first_token_does_not_tell() -> None:
    """Choices that begin alike have no logits, and a prompt without choices has none."""
    model = opened("llava")
    alike = attrs.evolve(about("mug"), choices=("the red one", "the blue one"))
    for prompt in (alike, about("mug")):
        (reply,) = model.generate([prompt], max_new_tokens=2)
        assert reply.choice_logits == reply.probabilities == ()


@pytest.mark.parametrize("wrap", [ResponseCache, BatchingModel])
def test_wrappers_pass_them_on(wrap: type[ResponseCache | BatchingModel]) -> None:
    """The second time, too, and no cached reply stands for one with other choices."""
    model = opened("llava")
    wrapped, asked = wrap(model), attrs.evolve(about("mug"), choices=LETTERS)
    for choices in (LETTERS, LETTERS, (), LETTERS[:2]):
        (reply,) = wrapped.generate([attrs.evolve(asked, choices=choices)])
        (wanted,) = model.choose([asked], choices) if choices else (None,)
        logits = wanted.logits if wanted else ()
        assert reply.choice_logits == pytest.approx(logits, abs=1e-4)


def test_of_a_qformer() -> None:
    """They are a plain pass's, for the words as they are after a space."""
    prompt = attrs.evolve(about("mug"), choices=("Yes", "No"))
    words = blips.published().tokenizer.convert_tokens_to_ids(["▁Yes", "▁No"])
    wanted = blips.logits(**blips.laid_out(prompt))[-1, words]
    (reply,) = blips.opened().generate([prompt], max_new_tokens=3)
    assert reply.choice_logits == pytest.approx(wanted.tolist(), abs=1e-4)


def test_a_search_is_as_sure_by_either_way() -> None:
    """Generating and comparing letters give the same probabilities."""
    model = opened("qwen2-5-vl")
    question = Question("What colour is the mug?", noise(), ["red", "green", "blue"])
    told = [
        VisualSearch(model, Direct(inference=way)).answer(question)
        for way in ("generate", "letter-logits")
    ]
    assert told[0].probabilities == pytest.approx(told[1].probabilities, abs=1e-5)
    assert told[1].confidence == max(told[1].probabilities)
