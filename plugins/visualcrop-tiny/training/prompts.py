"""Records the prompts that visualcrop makes, so that training has the text of inference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import attrs
import PIL.Image

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

_NO_CAPTURE = Capture()


@attrs.define(eq=False)
class PromptRecorder(Model):
    """A model that records the prompts it is given, and replies with empty text."""

    id: str = "prompt-recorder"
    info: ModelInfo = ModelInfo(6, 112)
    prompts: list[Prompt] = attrs.field(factory=list)
    passes: int = 0

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = _NO_CAPTURE
    ) -> Sequence[Internals]:
        raise NotImplementedError

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: str = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        raise NotImplementedError

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.prompts += prompts
        self.passes += len(prompts)
        return [Reply("") for _ in prompts]


def record_prompt(
    composer: AnswerComposer, question: Question, findings: Sequence[Finding]
) -> Prompt:
    """The prompt that *composer* asks the question with."""
    recorder = PromptRecorder()
    composer.compose(question, findings, BudgetedModel(recorder, Ledger()))
    return recorder.prompts[0]


@lru_cache(1 << 16)
def format_question(text: str, choices: tuple[str, ...] = ()) -> str:
    """The text of a question with lettered choices, as it follows the images in a prompt."""
    recorder = PromptRecorder()
    question = Question(text, Image(PIL.Image.new("RGB", (8, 8))), choices)
    reply(question, [], BudgetedModel(recorder, Ledger()))
    return recorder.prompts[0].text
