"""What a model was asked before about an image it need not be asked again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import attrs

from ...prompt import Prompt
from ...values import View
from ..base import NOTHING, Capture, Internals
from .remembering import Key, Memory
from .wrapping import Wrapping

_SMALL = 1000  # bytes of a reply in words, about
_KINDS = ("values", "keys", "attention")  # whose layers may be taken in one pass


@attrs.frozen(eq=False)
class _Said:
    """What a model replied."""

    reply: Any

    @property
    def bytes(self) -> int:
        return _SMALL + _held(self.reply)


def _held(part: Any) -> int:
    """Bytes of all tensors and arrays in it."""
    if hasattr(part, "nbytes"):
        return int(part.nbytes)
    if attrs.has(type(part)):
        return sum(_held(getattr(part, field.name)) for field in attrs.fields(type(part)))
    parts = part.values() if isinstance(part, Mapping) else part
    return sum(map(_held, parts)) if isinstance(part, Mapping | tuple | list) else 0


@attrs.define(eq=False)
class Recalling(Wrapping):
    """
    A model that remembers its answers about the last image, for variants of one search.

    A ledger above it charges every pass as if it were run, with the image tokens and the MACs that
    papers count, but no work is done twice. One pass takes the layers that all variants want, from
    the second question on: by then each has said which. Of *most_bytes* of replies, those that were
    wanted least recently are forgotten, and asked for again.
    """

    most_bytes: int = 1 << 30
    _image: Hashable = attrs.field(default=None, init=False)
    _known: Memory[_Said] = attrs.field(
        default=attrs.Factory(lambda self: Memory(self.most_bytes), takes_self=True), init=False
    )
    _wanted: dict[Hashable, Capture] = attrs.field(factory=dict, init=False)

    def about(self, image: Hashable) -> None:
        """Forget what was said of any other image."""
        if image != self._image:
            self._known.clear()
            self._image = image

    def forget(self) -> None:
        self._known.clear()
        super().forget()

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.gradients or capture.pixels or capture.relayed:
            return super().forward(prompts, capture)
        # Only what is alike goes together: keys without positions, say, cannot come from a cache.
        kind = (capture.rotary, *(bool(getattr(capture, name)) for name in _KINDS))
        wide = _joined(self._wanted.get(kind, capture), capture)
        readings = super().forward(prompts, wide)
        self._wanted[kind] = wide  # not before it was read: layers may be asked for that are none
        return [_narrowed(reading, capture) for reading in readings]

    def _asked(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> list[Any]:
        keys: list[Key] = [(kind, *_key(prompt)) for prompt in prompts]
        asked = dict(zip(keys, prompts, strict=True))
        known = {key: said.reply for key in asked if (said := self._known.find(key)) is not None}
        new = {key: prompt for key, prompt in asked.items() if key not in known}
        replies: Sequence[Any] = ask([*new.values()]) if new else ()
        fresh = dict(zip(new, replies, strict=True))
        for key, reply in fresh.items():
            known[key] = attrs.evolve(reply, usage=reply.usage.charged)
            self._known.keep(key, _Said(known[key]))
        return [fresh.pop(key) if key in fresh else known[key] for key in keys]


def _joined(one: Capture, other: Capture) -> Capture:
    layers: dict[str, Any] = {
        name: tuple(sorted({*getattr(one, name), *getattr(other, name)})) for name in _KINDS
    }
    return attrs.evolve(other, **layers)


def _narrowed(reading: Internals, capture: Capture) -> Internals:
    """With the layers of *capture* alone, in its order."""
    kept: dict[str, Any] = {
        name: {layer: getattr(reading, name)[layer] for layer in getattr(capture, name)}
        for name in _KINDS
    }
    return attrs.evolve(reading, **kept)


def _key(prompt: Prompt) -> Key:
    """Equal for prompts that say and show the same."""
    parts = tuple(
        (part.image.digest, part.box) if isinstance(part, View) else part for part in prompt.parts
    )
    return parts, prompt.examples, prompt.spans, prompt.sampling
