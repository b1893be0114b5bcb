"""How the answer is read off the model: said, or weighed by letter or by option."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from ..budget import BudgetedModel
from ..prompt import Part, Prompt
from ..values import LETTERS, Answer, Finding, Question

Inference: TypeAlias = Literal["generate", "letter-logits", "option-logits"]
_INSTRUCTION = "Answer with the option's letter from the given choices directly."


def reply(
    question: Question,
    evidence: Sequence[Part],
    model: BudgetedModel,
    inference: Inference = "generate",
    max_new_tokens: int = 32,
) -> Answer:
    """Ask *question* after *evidence*. Without choices the model always says its answer."""
    if not question.choices or inference == "generate":
        prompt = Prompt((*evidence, asked(question)))
        (said,) = model.generate([prompt], max_new_tokens=max_new_tokens)
        text = said.text.strip()
        return Answer(text, named_choice(text, question.choices), shown=prompt.views)
    if inference == "letter-logits":
        prompt, choices = (
            Prompt((*evidence, asked(question))),
            tuple(LETTERS[: len(question.choices)]),
        )
        (choice,) = model.choose([prompt], choices)
    else:
        prompt, choices = Prompt((*evidence, question.text)), question.choices
        (choice,) = model.choose([prompt], choices, by="sentence")
    return Answer(choices[choice.best], choice.best, shown=prompt.views)


def asked(question: Question) -> str:
    """The question with its choices in letters."""
    if not question.choices:
        return question.text
    options = [
        f"({letter}) {choice}" for letter, choice in zip(LETTERS, question.choices, strict=False)
    ]
    return "\n".join([question.text, *options, _INSTRUCTION])


def named_choice(text: str, choices: Sequence[str]) -> int | None:
    """Which choice *text* is, by its letter or its words; nothing is guessed."""
    bare = text.strip().strip("().:").strip()
    if len(bare) == 1 and bare in LETTERS[: len(choices)]:
        return LETTERS.index(bare)
    words = [choice.casefold().strip() for choice in choices]
    return words.index(bare.casefold()) if words.count(bare.casefold()) == 1 else None


def with_findings(answer: Answer, findings: Sequence[Finding]) -> Answer:
    """Say which findings *answer* rests on."""
    return attrs.evolve(answer, findings=tuple(findings))
