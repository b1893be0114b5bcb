"""The interface of a vision-language model: what a search can run, and what it gets back."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast

import attrs
import numpy as np
import numpy.typing as npt

from ..errors import ModelError, SpecError
from ..geometry import Box, Grid
from ..prompt import Prompt
from ..strategy.base import Strategy
from ..strategy.return_checks import MethodCall, check_returns
from ..values import RelevanceMap, View

if TYPE_CHECKING:
    from torch import Tensor

Tokens: TypeAlias = npt.NDArray[np.intp]
By: TypeAlias = Literal["next-token", "sentence"]
NOT_NUMBERS = (
    "The network computes NaN in place of numbers; set dtype=float32 or bfloat16, or download its "
    "weights again."
)


@attrs.frozen
class Capture:
    """Internals to keep from one pass: decoder layers, counted from 0, and other options."""

    values: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    rotary: bool = True  # False: keys before rotary embedding
    attention: tuple[int, ...] = ()  # weights of the last token
    span_attention: tuple[int, ...] = ()  # weights of each token of the spans after the last view
    gradients: tuple[int, ...] = ()  # of the next token's log-probability w.r.t. these weights
    pixels: bool = False  # gradients w.r.t. the pixels of the only view, and nothing else
    qformer: bool = False  # attention of a Q-Former, too: see `QFormerAttention`


NOTHING = Capture()


@attrs.frozen(eq=False)
class Patches:
    """The image token of each cell of *grid*, over one view."""

    grid: Grid  # in pixels of the original image
    tokens: (
        Tokens  # positions in the prompt, rows x columns, so that `scores[patches.tokens]` is a map
    )
    base: int | None = None  # pixels on a side that the encoder sees at once
    local: bool = False  # from local crops, not from one global view

    def map(self, scores: Any) -> RelevanceMap:
        """Arrange one score per token as a map over the view."""
        return RelevanceMap(self.grid, scores[self.tokens], self.base)


@attrs.frozen
class Usage:
    """The cost of running a request, however many passes it was charged as."""

    new_tokens: int = 0  # prompt tokens run, padding included
    reused_tokens: int = 0  # prompt tokens whose keys and values came from a cache
    decoded_tokens: int = 0
    flops: float = 0.0  # two for each multiply-accumulate
    seconds: float = 0.0
    peak_bytes: int = 0  # allocated on GPUs at most; 0 where unknown, as on a CPU
    backward: int = 0  # backward passes, which no budget counts
    macs: float = 0.0  # by the formula that papers use, as if nothing were cached
    image_tokens: int = 0  # of all views of a prompt, cached or not; once, however many replies

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
        """The part that counts even if the answer comes from a cache."""
        return Usage(macs=self.macs, image_tokens=self.image_tokens)


@attrs.frozen(eq=False)
class PixelGradients:
    """Gradient of the next token's log-probability with respect to the pixels of a view."""

    box: Box  # in pixels of the original image; padding lies outside the view
    norms: Tensor  # rows x columns of the encoder's pixels: norm over the channels


@attrs.frozen(eq=False)
class QFormerAttention:
    """Attention of Q-Former query tokens, which have no position in the image, to its patches."""

    tokens: Tokens  # positions of the query tokens in the prompt
    attention: Tensor  # heads x query tokens x cells, in the order of `Patches.tokens`
    gradients: Tensor | None = None  # as attention


@attrs.frozen(eq=False)
class Internals:
    """What a pass over one prompt captured, all on one device, even of a model on several GPUs."""

    patches: tuple[Patches, ...]  # one for each view, in prompt order
    spans: Mapping[str, Tokens]  # positions of the tokens of each `TextSpan`, by its name
    values: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> KV heads x tokens x width
    keys: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> KV heads x tokens x width
    attention: Mapping[int, Tensor] = attrs.field(factory=dict)  # layer -> heads x tokens, last row
    # layer -> heads x span tokens x tokens: a row for each of `span_tokens`, in their order
    span_attention: Mapping[int, Tensor] = attrs.field(factory=dict)
    span_tokens: Tokens = attrs.field(factory=lambda: np.zeros(0, np.intp))  # rising
    gradients: Mapping[int, Tensor] = attrs.field(factory=dict)  # as attention
    pixel_gradients: PixelGradients | None = None  # with `Capture.pixels`
    qformer: QFormerAttention | None = None  # with `Capture.qformer`
    usage: Usage = Usage()

    def attention_of(self, span: str, layer: int) -> Tensor:
        """Attention of the tokens of *span*, heads x its tokens x tokens, if it was captured."""
        rows = np.searchsorted(self.span_tokens, self.spans.get(span, ()))
        if layer not in self.span_attention or not len(rows):
            raise ModelError(
                f"The model gave no attention of {span!r} in layer {layer}; mark it after the last "
                "view of the prompt, and take a model that captures the attention of spans."
            )
        return self.span_attention[layer][:, rows]


def softmax(scores: Sequence[float]) -> tuple[float, ...]:
    """Probabilities in proportion to the exponentials of *scores*; none of no scores."""
    top = max(scores, default=0.0)
    weights = [math.exp(score - top) for score in scores]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


@attrs.frozen
class Choice:
    """A score for each choice: a logit or, by sentence, the mean log-probability."""

    logits: tuple[float, ...]
    usage: Usage = attrs.field(default=Usage(), eq=False)

    def __attrs_post_init__(self) -> None:
        if any(map(math.isnan, self.logits)):
            raise ModelError(NOT_NUMBERS)

    @property
    def best(self) -> int:
        return max(range(len(self.logits)), key=self.logits.__getitem__)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Softmax over the choices alone."""
        return softmax(self.logits)


@attrs.frozen
class Reply:
    """
    A generated reply.

    If its prompt has choices, *choice_logits* are theirs at the reply's first token, from the same
    pass: those that `Model.choose` gives by next token. They are empty where the model does not
    provide them, or where the first token does not tell the choices apart.

    *token_probabilities* are those of the reply's tokens over the whole vocabulary, and of the
    token that stopped it, if one did; empty where the model does not provide them.
    """

    text: str
    usage: Usage = attrs.field(default=Usage(), eq=False)
    # rounded differently from batch to batch, so that equality does not consider them
    choice_logits: tuple[float, ...] = attrs.field(default=(), eq=False)
    token_probabilities: tuple[float, ...] = attrs.field(default=(), eq=False)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Softmax over the prompt's choices alone; empty if unknown."""
        return softmax(self.choice_logits)


@attrs.frozen
class ModelInfo:
    """Sizes of a model that strategies may need."""

    layers: int  # of the decoder
    base: int  # pixels on a side that the encoder sees at once
    # Layers that keep keys and values of their own; those of linear attention keep none. By default
    # all.
    kv_layers: tuple[int, ...] = attrs.field()
    # Layers that attend to tokens, if only to those of an earlier layer. By default all.
    attention_layers: tuple[int, ...] = attrs.field()

    @kv_layers.default
    def _all_kv_layers(self) -> tuple[int, ...]:
        return tuple(range(self.layers))

    @attention_layers.default
    def _all_attention_layers(self) -> tuple[int, ...]:
        return tuple(range(self.layers))

    def span(self, layers: tuple[int, int] | None) -> tuple[int, ...]:
        """Layers with keys and values in the half-open range; none: the last half of them."""
        return self._span(layers, self.kv_layers, "keys and values")

    def attention_span(self, layers: tuple[int, int] | None) -> tuple[int, ...]:
        """Layers with attention weights in the half-open range; none: the last half of them."""
        return self._span(layers, self.attention_layers, "attention")

    def nearest_attention_layer(self, layer: int) -> int:
        """The attention layer that is nearest to *layer*; of two, the later one."""
        return min(self.attention_layers, key=lambda own: (abs(own - layer), -own))

    def _span(
        self, layers: tuple[int, int] | None, among: tuple[int, ...], what: str
    ) -> tuple[int, ...]:
        if layers is None:
            return among[len(among) // 2 :]
        start, stop = layers
        if not 0 <= start < stop <= self.layers:
            raise SpecError(
                f"Layers [{start}, {stop}] do not fit a model of {self.layers} layers; "
                f"give two numbers from 0 to {self.layers}, rising."
            )
        if not (found := tuple(layer for layer in among if start <= layer < stop)):
            raise SpecError(
                f"No layer in [{start}, {stop}] has {what} of its own; "
                f"give a range with some of {', '.join(map(str, among))}."
            )
        return found


@attrs.frozen
class EncodedSize:
    """The resolution at which a model sees a view: a small target may be lost in it."""

    size: tuple[int, int]  # width and height of the view in the encoder's pixels, at their finest
    tokens: int  # image tokens of the view in the prompt
    cell: float  # side of the area of one token, in pixels of the original image


class Model(ABC):
    """A loaded model with its weights. Answers do not depend on earlier requests."""

    id: str
    info: ModelInfo
    settings: Mapping[str, object] = MappingProxyType({})  # options that suit it: see `ModelFamily`
    fingerprint: str = ""  # differs where answers would; empty if unknown: see `fingerprint_of`
    family: ModelFamily | None = None  # that opened it

    @property
    @abstractmethod
    def passes(self) -> int:
        """Passes run so far, by the model's own count, which the ledger is checked against."""

    def encoded_size(self, view: View) -> EncodedSize | None:
        """The resolution at which *view* is seen if it is shown alone; none if unknown."""
        del view
        return None

    def forget(self) -> None:  # noqa: B027 - most keep nothing
        """
        Clear all caches (KV, pixels), so that the next prompt costs what it costs by itself.

        A model without caches has nothing to do.
        """

    def computing(self) -> AbstractContextManager[None]:
        """
        The context in which a search with this model computes, in the thread that enters it.

        Its own methods enter it by themselves. Most models need none.
        """
        return nullcontext()

    @abstractmethod
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        """Run each prompt once, and keep what *capture* asks for."""

    @abstractmethod
    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        """
        Score each of *choices* as the reply to each prompt.

        By next token, the logit of its first token; by sentence, the mean log-probability of all
        of its tokens, with *end_token* including those that end a reply.
        """

    @abstractmethod
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        """
        Reply to each prompt, greedily unless the prompt has a `Sampling`.

        A prompt's `RepetitionStop` may end the reply before its last token. A prompt's choices are
        weighed in the same pass, and change neither reply nor cost: see `Reply.choice_logits`. A
        model may leave them out.
        """


class ModelFamily(Strategy):
    """A recipe for a model. Cheap to make; `open` loads the weights."""

    kind = "model"
    demo_dataset: ClassVar[str] = ""  # spec of the only dataset that the model is for, if so
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
        a family with weights adds theirs: see `checkpoint_fingerprint`.
        """
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()

    def settings(self) -> Mapping[str, object]:
        """
        Options that suit this model, where a user leaves them open.

        By kind of stage, `{"targets": "rules", "proposals.s_max": 3}`, and by a strategy's name,
        `{"focus": {"steps": 4}}`; a value may be a `ConditionalDefault`. The open
        model carries them. In Python, an option set to its default cannot be told from one left
        open; to insist on it, build the searcher from a spec.
        """
        return {}

    def uses_one_core(self) -> bool:
        """Whether the model computes on one core, so that `evaluate` may give others a process."""
        return False

    def notes(self) -> Sequence[str]:
        """What a user should know about this model before reading its results, a sentence each."""
        return ()


def _add_settings(call: MethodCall, model: object) -> Model:
    """The model that a family opened, with the settings of the family."""
    if not isinstance(model, Model):
        raise call.error(f"a {type(model).__name__} instead of a Model")
    family = cast("ModelFamily", call.strategy)
    object.__setattr__(model, "settings", family.settings())
    object.__setattr__(model, "family", family)
    return model


def fingerprint_of(model: Model) -> str:
    """The fingerprint of an open model: its own, or its family's; empty if neither is known."""
    while isinstance(inside := getattr(model, "model", None), Model):
        model = inside  # wrappers answer as it does
    if not model.fingerprint and model.family:  # once: it reads files, and searches ask often
        object.__setattr__(model, "fingerprint", model.family.fingerprint())
    return model.fingerprint
