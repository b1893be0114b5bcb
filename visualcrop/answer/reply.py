"""How the answer is read off the model: from a generated reply, or from the logits of choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..budget import BudgetedModel
from ..prompt import Part, Prompt
from ..protocol import Inference
from ..strategy.base import between, option
from ..values import LONGEST_REPLY, Answer, Finding, Question, View


def inference_option() -> Any:
    """The option of a searcher or composer that is passed to `reply` as *inference*."""
    return option("generate", help="how the answer is read off the model")


def max_new_tokens_option() -> Any:
    """The option of a searcher or composer that is passed to `reply` as *max_new_tokens*."""
    return option(32, help="longest answer", validator=between(1, LONGEST_REPLY))


def reply(
    question: Question,
    evidence: Sequence[Part],
    model: BudgetedModel,
    inference: Inference = "generate",
    max_new_tokens: int = 32,
    *,
    findings: Sequence[Finding] = (),
) -> Answer:
    """
    Ask *question* after *evidence*: the one place where an answer is made.

    The model reads the question's context, then *evidence*, then the question.

    A question without choices is always answered by generating. The question's own protocol goes
    before *inference*, and its own `max_new_tokens` before *max_new_tokens*. What a search saw on
    the way is added with `Answer.with_search`.

    The answer's probabilities come from the same pass: a softmax over the letters' logits where the
    reply begins, or over the sentences' mean log-probabilities. A generated answer has those of its
    tokens, too.

    Args:
        evidence: Texts and views, in the order in which the model reads them before the question.
        model: A model at its answer stage, `model.at(ANSWER)`, which no budget limits.
        inference: Generate the reply, or take the choice whose letter is likeliest, or whose
            sentence: a choice without one is weighed as it is.
        max_new_tokens: Longest generated reply; without a role for the other two.
        findings: What the evidence shows: the answer's `findings`.
    """
    inference = question.protocol.inference or inference
    before, letters = (*question.context, *evidence), tuple(question.letters)
    of_tokens: Sequence[float] = ()  # where nothing is generated
    if not question.choices or inference == "generate":
        prompt = Prompt((*before, question.asked), choices=letters)
        model.expect(1)
        longest = question.max_new_tokens or max_new_tokens
        (generated,) = model.generate([prompt], max_new_tokens=longest)
        text = generated.text.strip()
        choice = question.protocol.named(text, question.choices)
        probabilities, of_tokens = generated.probabilities, generated.token_probabilities
    elif inference == "letter-logits":
        prompt = Prompt((*before, question.asked))
        model.expect(1)
        (scores,) = model.choose([prompt], letters)
        text, choice, probabilities = letters[scores.best], scores.best, scores.probabilities
    else:
        prompt, protocol = Prompt((*before, question.text)), question.protocol
        weighed = protocol.weighed(question.choices, question.sentences)
        how: Any = {"by": "sentence", "end_token": protocol.end_token}
        model.expect(len(weighed))
        (scores,) = model.choose([prompt], weighed, **how)
        text, choice, probabilities = weighed[scores.best], scores.best, scores.probabilities
    known, known_tokens = (
        tuple(each) if all(map(math.isfinite, each)) else ()  # of infinite logits
        for each in (probabilities, of_tokens)
    )
    return Answer(
        text,
        choice,
        findings=tuple(findings),
        shown=tuple(part for part in evidence if isinstance(part, View)),
        probabilities=known,
        token_probabilities=known_tokens,
    )
