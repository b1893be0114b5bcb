"""A vision-language model of transformers, as a `Model`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial, wraps
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import attrs

from ..errors import ModelError
from ..prompt import Prompt, views_key
from ..utils.ahead import map_ahead
from ..utils.forking import after_fork_in_child
from ..values import View
from .base import (
    NOTHING,
    By,
    Capture,
    Choice,
    EncodedSize,
    Internals,
    Model,
    ModelInfo,
    Patches,
    Reply,
    Usage,
)
from .checkpoints.load_errors import explain_failure
from .checkpoints.loading import NOT_EXPLAINED
from .engine.batch import PaddedBatch
from .engine.byte_lru import ByteLRU, Key
from .engine.capture import gather_tensors
from .engine.kv_cache import DecodingState
from .engine.metering.meter import Measurement, Meter
from .engine.pixels import pixel_gradients, single_view
from .engine.planner import BatchPlanner
from .engine.prompting import PromptProcessor, TokenizedPrompt
from .engine.runner import mean_log_likelihood, prefill
from .engine.threads import on_own_threads, torch_threads
from .layouts.layout import Layout

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_T = TypeVar("_T")
_P = ParamSpec("_P")
_MOST_THREADS = 8  # each holds the pixels of a prompt


def explains_errors(method: Callable[_P, _T]) -> Callable[_P, _T]:
    """Turn exceptions of a model's *method* into a `ModelError` of one sentence."""

    @wraps(method)
    def explains(*args: _P.args, **named: _P.kwargs) -> _T:
        try:
            return method(*args, **named)
        except NOT_EXPLAINED:
            raise
        except BaseException as exc:  # a panic in a Rust parser is not an Exception
            checkpoint: str = args[0].id  # type: ignore[attr-defined]
            raise ModelError(explain_failure(checkpoint, exc, "asked")) from exc

    return explains


@attrs.define(eq=False)
class HuggingFaceModel(Model):
    """A vision-language model of transformers, as opened by one of the families."""

    id: str
    info: ModelInfo
    network: PreTrainedModel
    prompt_processor: PromptProcessor
    layout: Callable[[View, int], Layout]  # from a view and the number of views in the prompt
    meter: Meter
    prefix_cache: ByteLRU[DecodingState] | None = None
    max_tokens: int | None = None  # in a pass, padding included; none: by the device
    preparing_threads: int | None = None  # prepare prompts during a pass; none: by the device
    cpu_threads: int | None = None  # torch's, of a pass on a CPU; none: as many as torch has
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)  # one pass at a time

    def __attrs_post_init__(self) -> None:
        after_fork_in_child(self._reset_after_fork)

    def _reset_after_fork(self) -> None:
        """Make a new lock in a forked child, which lacks the thread that holds this one."""
        self._lock = threading.Lock()

    @property
    def passes(self) -> int:
        return self.meter.sequences

    @property
    def token_limit(self) -> int:
        """Most tokens in a pass: thousands keep a GPU busy; a CPU is as fast with one prompt."""
        on_cpu = self.network.device.type == "cpu"
        return self.max_tokens or (1024 if on_cpu else 8192)

    @property
    def threads(self) -> int:
        """Threads that prepare prompts ahead: those of torch, which idle while a GPU runs."""
        import torch

        on_cpu = self.network.device.type == "cpu"
        by_device = 0 if on_cpu else min(torch.get_num_threads(), _MOST_THREADS)
        return by_device if self.preparing_threads is None else self.preparing_threads

    @explains_errors
    def encoded_size(self, view: View) -> EncodedSize:
        layout = self.layout(view, 1)
        return EncodedSize(layout.shown, layout.tokens, layout.grid.cell_side)

    def computing(self) -> AbstractContextManager[None]:
        return torch_threads(self.cpu_threads)

    def forget(self) -> None:
        self.prompt_processor.pixel_cache.clear()
        if self.prefix_cache is not None:
            self.prefix_cache.clear()

    @explains_errors
    @on_own_threads
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.pixels:
            return [self._forward_to_pixels(prompt) for prompt in prompts]
        outputs = self._run(prompts, lambda planner, group: planner.capture(group, capture))
        backward = Usage(backward=int(bool(capture.gradients)))
        internals = []
        for prompt, (tokenized, layers, usage) in zip(prompts, outputs, strict=True):
            patches, device = tuple(self._patches(prompt, tokenized)), self.network.device
            kinds: dict[str, Any] = {
                kind: gather_tensors(ts, device) for kind, ts in layers.items()
            }
            kinds["span_tokens"] = tokenized.span_tokens
            found = Internals(patches, tokenized.spans, **kinds, usage=usage + backward)
            internals.append(found)
        return internals

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
        if by == "sentence":
            processor = self.prompt_processor
            write = processor.end_replies if end_token else processor.defuse_replies
            outputs = self._run(prompts, _score_replies, replies=write(choices))
        else:
            outputs = self._run(prompts, partial(self._score_first_tokens, choices=choices))
        return [Choice(logits, usage) for _, logits, usage in outputs]

    @explains_errors
    @on_own_threads
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        processor = self.prompt_processor
        outputs = self._run(
            prompts,
            lambda planner, group: planner.generate(group, processor.stop_tokens, max_new_tokens),
        )
        return [
            Reply(
                processor.detokenize(reply.tokens),
                usage,
                reply.choice_logits,
                reply.token_probabilities,
            )
            for _, reply, usage in outputs
        ]

    def _run(
        self,
        prompts: Sequence[Prompt],
        run: Callable[[BatchPlanner, Sequence[TokenizedPrompt]], Sequence[_T]],
        replies: Sequence[str] = (),
    ) -> list[tuple[TokenizedPrompt, _T, Usage]]:
        """
        Each prompt, tokenized; its result; and its share of the usage of the prompts run together.

        MACs are not shared: they are of the prompt, or of it with each of the *replies*, alone.
        """
        outputs: dict[int, tuple[TokenizedPrompt, _T, Usage]] = {}
        keys, limit = [views_key(prompt) for prompt in prompts], self.token_limit
        many = len({*keys}) > 1
        planner = BatchPlanner(self.network, self.meter, self.prefix_cache, limit, many)
        with closing(self._groups(prompts, keys, replies)) as groups:
            for indices, group in groups:
                with self._measure() as measurement:
                    results = run(planner, group)
                costs = self._costs(group, measurement.usage)
                outputs.update(zip(indices, zip(group, results, costs, strict=True), strict=True))
        return [outputs[index] for index in range(len(prompts))]

    def _costs(self, group: Sequence[TokenizedPrompt], usage: Usage) -> Iterator[Usage]:
        """Each prompt's share of the *usage* of the group."""
        shares = split_usage(usage, [prompt.length for prompt in group])
        for prompt, share in zip(group, shares, strict=True):
            macs = sum(map(self.meter.formula, prompt.sequence_lengths))
            yield attrs.evolve(share, macs=macs, image_tokens=len(prompt.placeholders))

    def _groups(
        self, prompts: Sequence[Prompt], keys: Sequence[Key], replies: Sequence[str]
    ) -> Generator[tuple[list[int], list[TokenizedPrompt]], None, None]:
        """
        Groups of prompts to run together, tokenized, with their indices.

        Prompts with the same images, which have the same of *keys*, are in one group.
        """
        by_images: dict[Key, list[int]] = {}
        for index, key in enumerate(keys):
            by_images.setdefault(key, []).append(index)
        indices: list[int] = []
        group: list[TokenizedPrompt] = []
        tokens, limit = 0, self.token_limit

        def tokenize(alike: Sequence[int]) -> list[TokenizedPrompt]:
            return [self.prompt_processor.tokenize(prompts[index], replies) for index in alike]

        images, threads = by_images.values(), self.threads
        made = map_ahead(tokenize, images, threads) if threads else (tokenize(i) for i in images)
        with closing(made) as prepared:
            for alike, more in zip(by_images.values(), prepared, strict=True):
                longest = max(prompt.length for prompt in more)
                if group and tokens + longest > limit:
                    yield indices, group
                    indices, group, tokens = [], [], 0
                indices, group, tokens = indices + alike, group + more, tokens + longest
        if group:
            yield indices, group

    def _score_first_tokens(
        self, planner: BatchPlanner, group: Sequence[TokenizedPrompt], choices: Sequence[str]
    ) -> list[tuple[float, ...]]:
        """Logits of the first token of each choice that not all choices share."""
        forked = [self.prompt_processor.fork_at_replies(p, choices) for p in group]
        pairs = zip(planner.next_logits([p for p, _ in forked]), forked, strict=True)
        return [tuple(logits[0, tokens].float().tolist()) for logits, (_, tokens) in pairs]

    def _forward_to_pixels(self, prompt: Prompt) -> Internals:
        """One pass forward, and one backward to the pixels of the view."""
        view, tokenized = single_view(prompt), self.prompt_processor.tokenize(prompt)
        inputs = tokenized.to(self.network.device, self.network.dtype).inputs

        def next_logits(inputs: Mapping[str, Tensor]) -> Tensor:
            return prefill(self.network, PaddedBatch.of(self.network, [inputs]))[0].next_logits

        with self._measure() as measurement, self.meter.count_as(1):
            layout = self.layout(view, 1)
            found = pixel_gradients(self.network, inputs, next_logits, view, layout)
        patches = tuple(self._patches(prompt, tokenized))
        more = Usage(image_tokens=len(tokenized.placeholders), backward=1)
        return Internals(
            patches, tokenized.spans, pixel_gradients=found, usage=measurement.usage + more
        )

    @contextmanager
    def _measure(self) -> Iterator[Measurement]:
        import torch

        with self._lock, torch.no_grad(), self.meter.measure() as measurement:
            yield measurement

    def _patches(self, prompt: Prompt, tokenized: TokenizedPrompt) -> Iterator[Patches]:
        """The patches of each view: cells in the original image, and their tokens."""
        start = 0
        for view in prompt.views:
            layout = self.layout(view, len(prompt.views))
            tokens = tokenized.placeholders[start + layout.cells]
            grid = layout.grid.moved(*view.origin)
            yield Patches(grid, tokens, self.info.base, local=layout.local)
            start += layout.tokens
        if start != len(tokenized.placeholders):
            raise ModelError(
                f"{self.id} gave {len(tokenized.placeholders)} image tokens where {start} were "
                "expected; its processor differs from its family's, please report it."
            )


def _score_replies(
    planner: BatchPlanner, group: Sequence[TokenizedPrompt]
) -> list[tuple[float, ...]]:
    """Mean log-likelihood of each prompt's replies."""
    return [
        tuple(
            mean_log_likelihood(first, logits, reply)
            for logits, reply in zip(inside, prompt.replies, strict=True)
        )
        for prompt, (first, *inside) in zip(group, planner.reply_logits(group), strict=True)
    ]


def split_usage(usage: Usage, weights: Sequence[int]) -> Iterator[Usage]:
    """Split *usage* by weight: whole numbers add up, and each part has the whole peak memory."""
    total = sum(weights)
    for weight, upto in zip(weights, accumulate(weights), strict=True):
        split = partial(_split_amount, start=upto - weight, stop=upto, total=total)
        yield Usage(
            new_tokens=split(usage.new_tokens),
            reused_tokens=split(usage.reused_tokens),
            decoded_tokens=split(usage.decoded_tokens),
            flops=split(int(usage.flops)),
            seconds=usage.seconds * weight / total,
            peak_bytes=usage.peak_bytes,
            macs=usage.macs * weight / total,
        )


def _split_amount(amount: int, *, start: int, stop: int, total: int) -> int:
    return amount * stop // total - amount * start // total
