"""The model that is checked, and what several checks need of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import attrs

from ..image import Image
from ..models.base import Choice, Model, ModelFamily
from ..models.families.blip import BlipModel
from ..models.huggingface import HuggingFaceModel
from ..prompt import Prompt, views_key
from ..values import View
from .pictures import SMALL, draw_blocks, draw_shape
from .plain import PlainPasses, blip_logits
from .report import State

if TYPE_CHECKING:
    from torch import Tensor

WORDS = ("Yes", "No", "A", "B", "C", "D", "red", "blue")  # replies whose logits are compared
CIRCLE = "Is there a circle in the image? Answer Yes or No."
_TOLERANCES = {"float64": 1e-4, "float32": 1e-4, "float16": 0.5e-2, "bfloat16": 2.5e-2}
_TOLERANCE_QUANTISED = 5e-2  # rounding in a quantised layer depends on the batch


@attrs.frozen
class Outcome:
    """What a check found: a `CheckResult` without name and time."""

    state: State
    found: str
    fix: str = ""
    figures: Mapping[str, Any] = attrs.field(factory=dict)


class SkipCheck(Exception):  # noqa: N818 - not an error
    """Raised by a check that cannot be made of this model, with the reason."""


@attrs.define(eq=False, slots=False)
class Subject:
    """An open model, and what it was opened from."""

    model: Model
    family: ModelFamily | None = None
    quick: bool = False
    _references: dict[object, tuple[float, ...]] = attrs.field(factory=dict, init=False)
    _logits: dict[object, Tensor] = attrs.field(factory=dict, init=False)

    @cached_property
    def plain(self) -> PlainPasses | None:
        """Plain passes of its network; none if it is not the engine's."""
        model = self.model
        return PlainPasses(model) if isinstance(model, HuggingFaceModel) else None

    def need_plain(self) -> PlainPasses:
        """As `plain`; a model without skips the check."""
        if self.plain is not None:
            return self.plain
        if isinstance(self.model, BlipModel):
            raise SkipCheck("its image tokens depend on the question, and are never cached")
        raise SkipCheck("the model is not a network of transformers that the engine runs")

    @cached_property
    def processor(self) -> Any:
        """The model's prompt processor; none if it has none."""
        return getattr(self.model, "prompt_processor", None)

    @property
    def has_patches(self) -> bool:
        """Whether its image tokens have a position in the image."""
        family_has = self.family is None or self.family.has_patches
        return family_has and not isinstance(self.model, BlipModel)

    @property
    def tolerance(self) -> float:
        """Largest difference by rounding, as a share of the largest number."""
        if self.plain is None:
            network = getattr(self.model, "network", None)
            dtype = str(getattr(network, "dtype", "float32")).removeprefix("torch.")
            return _TOLERANCES.get(dtype, _TOLERANCE_QUANTISED)
        if self.plain.is_quantised:
            return _TOLERANCE_QUANTISED
        return _TOLERANCES.get(self.plain.dtype, _TOLERANCE_QUANTISED)

    @property
    def first(self) -> Image:
        """A picture of a red circle."""
        return draw_shape("circle", "red")

    @property
    def second(self) -> Image:
        """Another picture of the same size, so that it has as many tokens."""
        return draw_blocks(SMALL, seed=1)

    def choose(self, prompts: Sequence[Prompt]) -> list[Choice]:
        """The model's scores of `WORDS` for each prompt, in one call."""
        return list(self.model.choose(prompts, WORDS))

    def reference(self, prompt: Prompt) -> tuple[float, ...]:
        """
        Logits of `WORDS` after *prompt* in a plain pass of transformers.

        Of a model that has no plain passes: as it scores the prompt alone, with nothing remembered.
        """
        key = prompt.parts[-1], views_key(prompt)
        if key not in self._references:
            self._references[key] = self._reference(prompt)
        return self._references[key]

    def _reference(self, prompt: Prompt) -> tuple[float, ...]:
        if not isinstance(self.model, HuggingFaceModel | BlipModel):
            self.model.forget()
            return self.choose([prompt])[0].logits
        shared, tokens = fork_replies(self.reply_tokens(prompt, WORDS))
        logits: Any = self.next_logits(prompt, shared)
        return tuple(float(logits[ids[0]]) for ids in tokens)

    def next_logits(self, prompt: Prompt, after: Sequence[int] = ()) -> Tensor | None:
        """Logits after *prompt* and some tokens by a plain pass, V, on the CPU; none without."""
        key = prompt.parts[-1], views_key(prompt), (*after,)
        if key not in self._logits:
            if self.plain is not None:
                self._logits[key] = self.plain.next_logits(prompt, after)
            elif isinstance(self.model, BlipModel):
                self._logits[key] = blip_logits(self.model, prompt, after)
        return self._logits.get(key)

    @property
    def largest_logit(self) -> float:
        """Of all tokens in the plain passes so far, at least 1: what rounding is a share of."""
        return max([1.0, *(float(logits.abs().max()) for logits in self._logits.values())])

    def reply_tokens(self, prompt: Prompt, replies: Sequence[str]) -> list[list[int]]:
        """Token ids of each of *replies*, as they follow *prompt*."""
        tokenized = self.processor.tokenize(prompt)
        found = [self.processor.tokenize_reply(tokenized, reply)[0] for reply in replies]
        return [ids.tolist() for ids in found]

    @property
    def compared_with(self) -> str:
        """What `reference` is."""
        own = isinstance(self.model, HuggingFaceModel | BlipModel)
        return "plain passes of transformers" if own else "each prompt alone"


def fork_replies(replies: Sequence[Sequence[int]]) -> tuple[list[int], list[Sequence[int]]]:
    """The tokens that all *replies* begin with, and what follows them in each, if anything."""
    shared = [column[0] for column in takewhile(_is_one, zip(*replies, strict=False))]
    return shared, [reply[len(shared) :] for reply in replies]


def _is_one(column: tuple[int, ...]) -> bool:
    return len({*column}) == 1


def about(image: Image, text: str) -> Prompt:
    """The whole image, then *text*."""
    return Prompt((View.whole(image), text))
