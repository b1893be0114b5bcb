"""What a model was asked before about an image it need not be asked again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import attrs

from ..model import NOTHING, By, Capture, Choice, Model, Reading, Reply, Traits, Work
from ..prompt import Prompt
from ..values import View

_R = TypeVar("_R", Reading, Choice, Reply)


@attrs.define(eq=False)
class Recalling(Model):
    """
    A model that remembers its answers about the last image, for variants of one search.

    A ledger above it charges every pass as if it were run, but no work is done twice.
    """

    model: Model
    id: str = attrs.field(init=False)
    traits: Traits = attrs.field(init=False)
    _image: Hashable = attrs.field(default=None, init=False)
    _known: dict[Hashable, Any] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.id, self.traits = self.model.id, self.model.traits

    @property
    def passes(self) -> int:
        return self.model.passes

    def about(self, image: Hashable) -> None:
        """Forget what was said of any other image."""
        if image != self._image:
            self._known.clear()
            self._image = image

    def read(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Reading]:
        return self._asked(("read", capture), prompts, lambda ps: self.model.read(ps, capture))

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        kind = ("choose", tuple(choices), by)
        return self._asked(kind, prompts, lambda ps: self.model.choose(ps, choices, by=by))

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        ask, limit = self.model.generate, max_new_tokens
        kind = ("generate", limit)
        return self._asked(kind, prompts, lambda ps: ask(ps, max_new_tokens=limit))

    def _asked(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[_R]],
    ) -> list[_R]:
        keys = [(kind, _key(prompt)) for prompt in prompts]
        asked = dict(zip(keys, prompts, strict=True))
        new: dict[Hashable, Prompt] = {
            key: prompt for key, prompt in asked.items() if key not in self._known
        }
        replies: Sequence[_R] = ask([*new.values()]) if new else ()
        fresh = dict(zip(new, replies, strict=True))
        self._known |= {key: attrs.evolve(reply, work=Work()) for key, reply in fresh.items()}
        return [fresh.pop(key) if key in fresh else self._known[key] for key in keys]


def _key(prompt: Prompt) -> Hashable:
    """Equal for prompts that say and show the same."""
    parts = tuple(
        (part.image.digest, part.box) if isinstance(part, View) else part for part in prompt.parts
    )
    return parts, prompt.examples, prompt.marks, prompt.sampling
