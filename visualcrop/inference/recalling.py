"""What a model was asked before about an image it need not be asked again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import attrs

from ..model import Work
from ..prompt import Prompt
from ..values import View
from .wrapping import Wrapping


@attrs.define(eq=False)
class Recalling(Wrapping):
    """
    A model that remembers its answers about the last image, for variants of one search.

    A ledger above it charges every pass as if it were run, but no work is done twice.
    """

    _image: Hashable = attrs.field(default=None, init=False)
    _known: dict[Hashable, Any] = attrs.field(factory=dict, init=False)

    def about(self, image: Hashable) -> None:
        """Forget what was said of any other image."""
        if image != self._image:
            self._known.clear()
            self._image = image

    def _asked(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> list[Any]:
        keys = [(kind, _key(prompt)) for prompt in prompts]
        asked = dict(zip(keys, prompts, strict=True))
        new: dict[Hashable, Prompt] = {
            key: prompt for key, prompt in asked.items() if key not in self._known
        }
        replies: Sequence[Any] = ask([*new.values()]) if new else ()
        fresh = dict(zip(new, replies, strict=True))
        self._known |= {key: attrs.evolve(reply, work=Work()) for key, reply in fresh.items()}
        return [fresh.pop(key) if key in fresh else self._known[key] for key in keys]


def _key(prompt: Prompt) -> Hashable:
    """Equal for prompts that say and show the same."""
    parts = tuple(
        (part.image.digest, part.box) if isinstance(part, View) else part for part in prompt.parts
    )
    return parts, prompt.examples, prompt.marks, prompt.sampling
