"""SEAL's target extractor, for a model trained to name objects that it cannot see well enough."""

from __future__ import annotations

import attrs
from attrs.validators import ge

from visualcrop import BudgetedModel, Prompt, Question, Target, View
from visualcrop.plugin import TargetExtractor, option

MISSING_PREFIX = (
    "Sorry, I can not answer the question. "
    "Some visual information about the following objects is missing or unclear:"
)


@attrs.frozen
class Missing(TargetExtractor):
    """Ask the question, and take the objects that the reply names as missing. One pass."""

    name = "missing"

    limit: int = option(8, help="most targets to take from one reply", validator=ge(1))
    max_new_tokens: int = option(200, help="longest reply", validator=ge(1))

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        prompt = Prompt((View.whole(question.image), question.text))
        model.expect(1)
        (reply,) = model.generate([prompt], max_new_tokens=self.max_new_tokens)
        return tuple(Target(name) for name in parse_missing(reply.text)[: self.limit])


def parse_missing(reply: str) -> list[str]:
    """The objects that the reply names as missing, each once; none if it is an answer."""
    _, prefix, listed = reply.partition(MISSING_PREFIX)
    names = listed.strip().removesuffix(".").split(",") if prefix else []
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))
