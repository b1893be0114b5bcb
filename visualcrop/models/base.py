"""What a search may ask of a vision-language model."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast

import attrs
import numpy as np
import numpy.typing as npt

from ..errors import SpecError
from ..geometry import Box, Grid
from ..prompt import Prompt
from ..strategy.base import Strategy
from ..strategy.return_checks import MethodCall, check_returns
from ..values import RelevanceMap, View

if TYPE_CHECKING:
    from torch import Tensor

Tokens: TypeAlias = npt.NDArray[np.intp]
By: TypeAlias = Literal["next-token", "sentence"]


@attrs.frozen
class Capture:
    """Internals to keep from one pass, by decoder layer counted from 0."""

    values: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    rotary: bool = True  # False: keys as they are before positions are rotated in
    attention: tuple[int, ...] = ()
    gradients: tuple[int, ...] = ()
    pixels: bool = False  # alone: how the next token hangs on each pixel of the one view
    relayed: bool = (
        False  # attention, where tokens without a place stand between: see `QFormerAttention`
    )


NOTHING = Capture()


@attrs.frozen(eq=False)
class Patches:
    """Where each cell of *grid* sits in the token sequence."""

    grid: Grid
    tokens: Tokens  # rows x columns, so that `scores[patches.tokens]` is a map
    base: int | None = None  # pixels on a side that the encoder sees at once
    local: bool = False  # from local crops, not from one global view

    def map(self, scores: Any) -> RelevanceMap:
        """Arrange one score per token as a map over the view."""
        return RelevanceMap(self.grid, scores[self.tokens], self.base)


@attrs.frozen
class Usage:
    """What a request really cost, whatever it was billed as."""

    new_tokens: int = 0
    reused_tokens: int = 0
    decoded_tokens: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    peak_bytes: int = 0  # allocated on GPUs at most; 0 where unknown, as on a CPU
    backward: int = 0  # passes backwards, for gradients: no budget counts them
    macs: float = 0.0  # as papers count: by formula, as if nothing were remembered
    image_tokens: int = 0  # of all views shown, remembered or not

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.new_tokens + other.new_tokens,
            self.reused_tokens + other.reused_tokens,
            self.decoded_tokens + other.decoded_tokens,
            self.flops + other.flops,
            self.seconds + other.seconds,
            max(self.peak_bytes, other.peak_bytes),
            self.backward + other.backward,
            self.macs + other.macs,
            self.image_tokens + other.image_tokens,
        )

    @property
    def charged(self) -> Usage:
        """What counts all the same if the answer was remembered."""
        return Usage(macs=self.macs, image_tokens=self.image_tokens)


@attrs.frozen(eq=False)
class PixelGradients:
    """How the next token hangs on what the encoder sees of a whole view in one picture."""

    box: Box  # in pixels of the original image; padding lies outside the view
    slopes: Tensor  # rows x columns of pixels: length over RGB of the log-probability's gradient


@attrs.frozen(eq=False)
class QFormerAttention:
    """What stands between the image and tokens that have no place in it: a Q-Former's heads."""

    tokens: Tokens  # those tokens
    attention: Tensor  # heads x those tokens x cells, which `Patches.tokens` counts
    gradients: Tensor | None = None  # as attention


@attrs.frozen(eq=False)
class Internals:
    """One prompt's pass, seen from inside. Tensors stay on the model's device."""

    patches: tuple[Patches, ...]  # one for each view, in prompt order
    spans: Mapping[str, Tokens]  # the tokens of each marked word
    values: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> KV heads x tokens x width
    keys: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> KV heads x tokens x width
    attention: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> heads x tokens, last row
    gradients: Mapping[int, Tensor] = attrs.field(factory=dict)  # as attention
    sight: PixelGradients | None = None  # if pixels were asked for
    relay: QFormerAttention | None = None  # if the view's tokens have no place in it
    usage: Usage = Usage()


@attrs.frozen
class Choice:
    """How strongly the model leans to each choice."""

    logits: tuple[float, ...]
    usage: Usage = attrs.field(default=Usage(), eq=False)

    @property
    def best(self) -> int:
        return max(range(len(self.logits)), key=self.logits.__getitem__)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Softmax over the choices alone."""
        top = max(self.logits)
        weights = [math.exp(logit - top) for logit in self.logits]
        return tuple(weight / sum(weights) for weight in weights)


@attrs.frozen
class Reply:
    """What the model says."""

    text: str
    usage: Usage = attrs.field(default=Usage(), eq=False)


@attrs.frozen
class ModelInfo:
    """Sizes of a model that strategies may need."""

    layers: int  # of the decoder
    base: int  # pixels on a side that the encoder sees at once

    def span(self, layers: tuple[int, int] | None) -> tuple[int, ...]:
        """Layers from the first to before the second; none means the last half."""
        start, stop = layers or (self.layers // 2, self.layers)
        if not 0 <= start < stop <= self.layers:
            raise SpecError(
                f"Layers [{start}, {stop}] do not fit a model of {self.layers} layers; "
                f"give two numbers from 0 to {self.layers}, rising."
            )
        return tuple(range(start, stop))


@attrs.frozen
class EncodedSize:
    """How large a model sees a view: a target may be lost in it."""

    size: tuple[int, int]  # width and height of the view in the encoder's pixels, at their finest
    tokens: int  # that it takes in the prompt
    cell: float  # side of what one token shows of it, in pixels of the original image


class Model(ABC):
    """A live model. Holds weights; answers do not depend on what it was asked before."""

    id: str
    info: ModelInfo
    settings: Mapping[str, object] = MappingProxyType({})  # what suits it, by its family
    fingerprint: str = ""  # another where it would answer differently; empty if nobody took it

    @property
    @abstractmethod
    def passes(self) -> int:
        """Run so far, by its own count: the ledger is checked against it."""

    def encoded_size(self, view: View) -> EncodedSize | None:
        """How large *view* is seen if it is shown alone; none if unknown."""
        del view
        return None

    def forget(self) -> None:  # noqa: B027 - most keep nothing
        """
        Let go of what was kept of prompts, so that the next one costs what it costs by itself.

        A model that keeps nothing, such as KV caches or processed pixels, has nothing to do.
        """

    @abstractmethod
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        """Read each prompt once, keeping what *capture* asks for."""

    @abstractmethod
    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        """Weigh *choices* as the reply: by their first token, or by the mean over each sentence."""

    @abstractmethod
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        """Reply to each prompt, greedily."""


class ModelFamily(Strategy):
    """A recipe for a model. Cheap to make; `open` loads the weights."""

    kind = "model"
    home: ClassVar[str] = ""  # spec of a dataset of the only world that it knows, if it is so
    has_patches: ClassVar[bool] = True  # False if image tokens have no position in the image

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        check_returns(cls, "open", _add_settings)

    @abstractmethod
    def open(self) -> Model: ...

    def fingerprint(self) -> str:
        """
        Identifies the model: it differs where answers would. A run resumes with its own only.

        It is asked before the weights are loaded, and is cheap. Here it is that of the options;
        a family with weights adds theirs, as `checkpoint_fingerprint` tells them.
        """
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()

    def settings(self) -> Mapping[str, object]:
        """
        Options that suit this model, where a user leaves them open.

        By kind of stage, `{"targets": "rules", "proposals.s_max": 3}`, and by a strategy's name,
        `{"focus": {"steps": 4}}`; a value may be a `ConditionalDefault`. The open
        model carries them.
        """
        return {}


def _add_settings(call: MethodCall, model: object) -> Model:
    """The model that a family opened, with the settings of the family."""
    if not isinstance(model, Model):
        raise call.error(f"a {type(model).__name__} instead of a Model")
    family = cast("ModelFamily", call.strategy)
    object.__setattr__(model, "settings", family.settings())
    return model
