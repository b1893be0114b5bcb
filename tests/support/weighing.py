"""A toy model that weighs the first choice most, and remembers what it was to weigh."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from visualcrop import Choice, Prompt, Reply
from visualcrop.models.base import By
from visualcrop.testing import ToyModel


@attrs.define
class Weighing(ToyModel):
    """Says A, and takes the first of what it weighs."""

    said: list[Prompt] = attrs.field(factory=list)  # what it replied to
    prompts: list[Prompt] = attrs.field(factory=list)  # after which it weighed
    # the text of the prompt, what was weighed, and whether with an end
    weighed: list[tuple[str, tuple[str, ...], bool]] = attrs.field(factory=list)

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        assert by == "sentence"
        self.passes += len(prompts) * len(choices)
        self.prompts += prompts
        self.weighed += [(prompt.text, tuple(choices), end_token) for prompt in prompts]
        return [Choice(tuple(-float(n) for n in range(len(choices)))) for _ in prompts]

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        self.said += prompts
        return [Reply("A") for _ in prompts]
