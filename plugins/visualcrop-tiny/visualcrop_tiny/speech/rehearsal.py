"""Prompts as the library itself writes them, taken down by a model that only listens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import attrs

from visualcrop import (
    BudgetedModel,
    Capture,
    Choice,
    Finding,
    Image,
    Internals,
    Ledger,
    Model,
    Prompt,
    Question,
    Reply,
)
from visualcrop.models import ModelInfo
from visualcrop.plugin import AnswerComposer, reply

_NOTHING = Capture()


@attrs.define(eq=False)
class Listener(Model):
    """Takes down what it is asked, and has nothing to say."""

    id: str = "listener"
    info: ModelInfo = ModelInfo(6, 112)
    heard: list[Prompt] = attrs.field(factory=list)
    passes: int = 0

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = _NOTHING
    ) -> Sequence[Internals]:
        raise NotImplementedError

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: str = "next-token"
    ) -> Sequence[Choice]:
        raise NotImplementedError

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.heard += prompts
        self.passes += len(prompts)
        return [Reply("") for _ in prompts]


def rehearsed(composer: AnswerComposer, question: Question, findings: Sequence[Finding]) -> Prompt:
    """The prompt that *composer* asks the question with."""
    listener = Listener()
    composer.compose(question, findings, BudgetedModel(listener, Ledger()))
    return listener.heard[0]


@lru_cache(1 << 16)
def prompt_of(text: str, choices: tuple[str, ...] = ()) -> str:
    """The question as it is put after what is shown, its choices in letters."""
    import PIL.Image

    listener = Listener()
    question = Question(text, Image(PIL.Image.new("RGB", (8, 8))), choices)
    reply(question, [], BudgetedModel(listener, Ledger()))
    return listener.heard[0].text
