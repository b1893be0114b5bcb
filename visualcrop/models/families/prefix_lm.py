"""Models in whose prompts every token attends to every other: prefix language models."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...prompt import Prompt
from ..base import By, Choice
from ..engine.batch import PaddedBatch
from ..engine.planner import BatchPlanner
from ..engine.prompting import TokenizedPrompt
from ..engine.runner import prefill, score_reply
from ..engine.threads import on_own_threads
from ..huggingface import HuggingFaceModel, explains_errors


@attrs.define(eq=False)
class PrefixLanguageModel(HuggingFaceModel):
    """
    Runs each prompt whole and alone.

    Image tokens depend on the question, so that no prefix can be shared; padding would be attended
    to; and a reply comes after the whole prompt, not after a part of it.
    """

    @classmethod
    def of(cls, model: HuggingFaceModel) -> PrefixLanguageModel:
        """The same as *model*, which only assumes that its prompts are causal."""
        fields = attrs.fields(HuggingFaceModel)
        given = {field.name: getattr(model, field.name) for field in fields if field.init}
        return cls(**given | {"prefix_cache": None})

    @property
    def token_limit(self) -> int:
        """One prompt in a pass, whoever asks for more."""
        return 1

    @explains_errors
    @on_own_threads
    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        if by == "next-token":
            return HuggingFaceModel.choose(self, prompts, choices, by=by)
        processor = self.prompt_processor
        write = processor.end_replies if end_token else processor.defuse_replies
        outputs = self._run(prompts, self._score_after_prompts, replies=write(choices))
        return [Choice(logits, usage) for _, logits, usage in outputs]

    def _score_after_prompts(
        self, planner: BatchPlanner, group: Sequence[TokenizedPrompt]
    ) -> list[tuple[float, ...]]:
        """Mean log-likelihood of each prompt's replies, each of which counts as a sequence."""
        return [self._score_replies(prompt) for prompt in group]

    def _score_replies(self, prompt: TokenizedPrompt) -> tuple[float, ...]:
        inputs = prompt.to(self.network.device, self.network.dtype).inputs
        with self.meter.count_as(len(prompt.replies)):
            (state,) = prefill(self.network, PaddedBatch.of(self.network, [inputs]))
        scores = []
        for reply in prompt.replies:
            with self.meter.count_as(0):
                scores.append(score_reply(self.network, state, reply.to(self.network.device)))
        return tuple(scores)
