"""A cache of a model's answers about one image, for variants of a search that share prompts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import attrs

from ...prompt import Prompt
from ...values import View
from ..base import NOTHING, Capture, Internals
from .byte_lru import ByteLRU, Key
from .wrappers import ModelWrapper

_ENTRY_BYTES = 1000  # of a result without its tensors, roughly
_KINDS = (
    "values",
    "keys",
    "attention",
    "span_attention",
)  # layers of these are captured together in one pass


@attrs.frozen(eq=False)
class _Entry:
    """A result: `Internals`, `Choice` or `Reply`."""

    result: Any

    @property
    def bytes(self) -> int:
        return _ENTRY_BYTES + _tensor_bytes(self.result)


def _tensor_bytes(part: Any) -> int:
    """Bytes of all tensors and arrays in *part*, a result or a piece of one."""
    if hasattr(part, "nbytes"):
        return int(part.nbytes)
    if attrs.has(type(part)):
        return sum(_tensor_bytes(getattr(part, field.name)) for field in attrs.fields(type(part)))
    parts = part.values() if isinstance(part, Mapping) else part
    return sum(map(_tensor_bytes, parts)) if isinstance(part, Mapping | tuple | list) else 0


@attrs.define(eq=False)
class ResponseCache(ModelWrapper):
    """
    Caches a model's answers about the last image, up to *max_bytes*.

    The ledger charges every pass as if it were run, with its image tokens and the MACs that papers
    count, but nothing is run twice. From the second question on, one pass captures all layers that
    any variant has captured before.
    """

    max_bytes: int = 1 << 30
    _image: Hashable = attrs.field(default=None, init=False)
    _cache: ByteLRU[_Entry] = attrs.field(
        default=attrs.Factory(lambda self: ByteLRU(self.max_bytes), takes_self=True), init=False
    )
    _wanted: dict[Hashable, Capture] = attrs.field(factory=dict, init=False)

    def set_image(self, image: Hashable) -> None:
        """Clear the cache unless *image* is the same as before."""
        if image != self._image:
            self._cache.clear()
            self._image = image

    def forget(self) -> None:
        self._cache.clear()
        super().forget()

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.gradients or capture.pixels or capture.qformer:
            return super().forward(prompts, capture)
        # Only captures of one kind are merged: a KV cache, say, has no keys before rotation.
        kind = (capture.rotary, *(bool(getattr(capture, name)) for name in _KINDS))
        wide = _merge_captures(self._wanted.get(kind, capture), capture)
        outputs = super().forward(prompts, wide)
        self._wanted[kind] = wide  # after the run, which fails if a layer does not exist
        return [_select_layers(output, capture) for output in outputs]

    def _call(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        run: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> list[Any]:
        keys: list[Key] = [(kind, *_prompt_key(prompt)) for prompt in prompts]
        wanted = dict(zip(keys, prompts, strict=True))
        known = {key: e.result for key in wanted if (e := self._cache.get(key)) is not None}
        new = {key: prompt for key, prompt in wanted.items() if key not in known}
        results: Sequence[Any] = run([*new.values()]) if new else ()
        fresh = dict(zip(new, results, strict=True))
        for key, result in fresh.items():
            known[key] = attrs.evolve(result, usage=result.usage.charged)
            self._cache.put(key, _Entry(known[key]))
        return [fresh.pop(key) if key in fresh else known[key] for key in keys]


def _merge_captures(one: Capture, other: Capture) -> Capture:
    """*other* with the layers of both."""
    layers: dict[str, Any] = {
        name: tuple(sorted({*getattr(one, name), *getattr(other, name)})) for name in _KINDS
    }
    return attrs.evolve(other, **layers)


def _select_layers(internals: Internals, capture: Capture) -> Internals:
    """*internals* with the layers of *capture* only, in its order."""
    kept: dict[str, Any] = {
        name: {layer: getattr(internals, name)[layer] for layer in getattr(capture, name)}
        for name in _KINDS
    }
    return attrs.evolve(internals, **kept)


def _prompt_key(prompt: Prompt) -> Key:
    """A key that is equal for prompts with the same text and images in the same order."""
    parts = tuple(
        (part.image.key, part.box) if isinstance(part, View) else part for part in prompt.parts
    )
    return parts, prompt.examples, prompt.spans, prompt.sampling, prompt.stop, prompt.choices
