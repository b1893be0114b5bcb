"""A model around another, through which all that is asked passes at one place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import attrs

from ...prompt import Prompt
from ...values import View
from ..base import NOTHING, By, Capture, Choice, EncodedSize, Internals, Model, ModelInfo, Reply


@attrs.define(eq=False)
class Wrapping(Model):
    """Answers as *model* does; what was asked of its prompts comes with them as one kind."""

    model: Model
    id: str = attrs.field(init=False)
    info: ModelInfo = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.id, self.info = self.model.id, self.model.info
        self.settings = self.model.settings

    @property
    def passes(self) -> int:
        return self.model.passes

    def encoded_size(self, view: View) -> EncodedSize | None:
        return self.model.encoded_size(view)

    def forget(self) -> None:
        self.model.forget()

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        return self._asked(
            ("forward", capture), prompts, lambda ps: self.model.forward(ps, capture)
        )

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        kind = ("choose", tuple(choices), by)
        return self._asked(kind, prompts, lambda ps: self.model.choose(ps, choices, by=by))

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        generate, limit = self.model.generate, max_new_tokens
        kind = ("generate", limit)
        return self._asked(kind, prompts, lambda ps: generate(ps, max_new_tokens=limit))

    @abstractmethod
    def _asked(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        """An answer to each prompt; *ask* has the model answer some of them."""
