"""How the answer is read off the model: said, or weighed by letter or by option."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..budget import BudgetedModel
from ..prompt import Part, Prompt
from ..protocol import Inference
from ..values import Answer, Finding, Question


def reply(
    question: Question,
    evidence: Sequence[Part],
    model: BudgetedModel,
    inference: Inference = "generate",
    max_new_tokens: int = 32,
) -> Answer:
    """Ask *question* after *evidence*. Without choices the model always says its answer."""
    inference = question.protocol.inference or inference
    if question.choices and inference != "generate":
        return _weighed(question, evidence, model, inference)
    prompt = Prompt((*evidence, question.asked))
    (said,) = model.generate([prompt], max_new_tokens=max_new_tokens)
    text = said.text.strip()
    named = question.protocol.named(text, question.choices)
    return Answer(text, named, shown=prompt.views)


def _weighed(
    question: Question, evidence: Sequence[Part], model: BudgetedModel, inference: Inference
) -> Answer:
    """The choice that the model leans to most, by its letter or as a sentence."""
    if inference == "letter-logits":
        prompt, choices = Prompt((*evidence, question.asked)), tuple(question.letters)
        (choice,) = model.choose([prompt], choices)
    else:
        prompt, choices = Prompt((*evidence, question.text)), question.choices
        (choice,) = model.choose([prompt], choices, by="sentence")
    return Answer(choices[choice.best], choice.best, shown=prompt.views)


def with_findings(answer: Answer, findings: Sequence[Finding]) -> Answer:
    """Say which findings *answer* rests on."""
    return attrs.evolve(answer, findings=tuple(findings))
