"""A Hugging Face checkpoint as a model that can be searched with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import add
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ..errors import ModelError
from ..prompt import Prompt
from ..utils.forking import in_child
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
from .checkpoints.loading import explaining
from .engine.engine import State, begin, likelihood
from .engine.metering.meter import Meter, Span
from .engine.padding import Padded
from .engine.pixels import only_view, placed_in, sight
from .engine.prompting import Prepared, Prompter
from .engine.reading import Reader, shared
from .engine.remembering import Key, Memory, views_key
from .layouts.layout import Layout

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_T = TypeVar("_T")


@attrs.define(eq=False)
class HuggingFaceModel(Model):
    """A decoder with eyes, as loaded by one of the families."""

    id: str
    info: ModelInfo
    network: PreTrainedModel
    prompter: Prompter
    layout: Callable[[View, int], Layout]  # of a view among so many
    meter: Meter
    prefixes: Memory[State] | None = None
    most_tokens: int | None = None  # read in one pass, with padding; none: as suits the device
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)  # one runs at a time

    def __attrs_post_init__(self) -> None:
        in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        """In a forked child, where whoever had its turn is gone."""
        self._turn = threading.Lock()

    @property
    def passes(self) -> int:
        return self.meter.sequences

    @property
    def limit(self) -> int:
        """Most tokens in one pass. A GPU wants thousands; a core is as fast with one prompt."""
        on_cpu = self.network.device.type == "cpu"
        return self.most_tokens or (1024 if on_cpu else 8192)

    @explaining
    def encoded_size(self, view: View) -> EncodedSize:
        layout = self.layout(view, 1)
        return EncodedSize(layout.shown, layout.tokens, layout.grid.cell_side)

    def forget(self) -> None:
        self.prompter.pixels.clear()
        if self.prefixes is not None:
            self.prefixes.clear()

    @explaining
    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        if capture.pixels:
            return [self._sight(prompt) for prompt in prompts]
        seen = self._answered(prompts, lambda reader, asked: reader.internals(asked, capture))
        back = Usage(backward=int(bool(capture.gradients)))
        readings = []
        for prompt, (prepared, found, usage) in zip(prompts, seen, strict=True):
            patches, kinds = tuple(self._patches(prompt, prepared)), dict[str, Any](found)
            readings.append(Internals(patches, prepared.spans, **kinds, usage=usage + back))
        return readings

    @explaining
    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        weigh = self._by_sentence if by == "sentence" else self._by_token

        def lengths(prepared: Prepared) -> list[int]:
            ends = self._replies(prepared, choices) if by == "sentence" else ()
            return [prepared.length + end.shape[1] - 1 for end in ends] or [prepared.length]

        weighed = self._answered(
            prompts, lambda reader, asked: weigh(reader, asked, choices), lengths
        )
        return [Choice(logits, usage) for _, logits, usage in weighed]

    @explaining
    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        ends = self.prompter.ends
        said = self._answered(
            prompts, lambda reader, asked: reader.said(asked, ends, max_new_tokens)
        )
        return [Reply(self.prompter.text(tokens), usage) for _, tokens, usage in said]

    def _answered(
        self,
        prompts: Sequence[Prompt],
        answer: Callable[[Reader, Sequence[Prepared]], Sequence[_T]],
        lengths: Callable[[Prepared], Sequence[int]] = lambda prepared: (prepared.length,),
    ) -> list[tuple[Prepared, _T, Usage]]:
        """
        Each prompt's answer, and its share of the work of those that were asked together.

        MACs are no share: they are of the *lengths* that a prompt has by itself, in tokens.
        """
        answers: dict[int, tuple[Prepared, _T, Usage]] = {}
        many = len({views_key(prompt) for prompt in prompts}) > 1
        reader = Reader(self.network, self.meter, self.prefixes, self.limit, many)
        for group in self._groups(prompts):
            asked = list(group.values())
            with self._measured() as span:
                found = answer(reader, asked)
            shares = shared(span.usage, [prepared.length for prepared in asked])
            usages = map(add, shares, (prepared.shown for prepared in asked))
            macs = (sum(map(self.meter.formula, lengths(prepared))) for prepared in asked)
            costs = [attrs.evolve(usage, macs=own) for usage, own in zip(usages, macs, strict=True)]
            answers.update(zip(group, zip(asked, found, costs, strict=True), strict=True))
        return [answers[place] for place in range(len(prompts))]

    def _groups(self, prompts: Sequence[Prompt]) -> Iterator[Mapping[int, Prepared]]:
        """Prompts by place: those that show the same, and others as long as there is room."""
        showing: dict[Key, list[int]] = {}
        for place, prompt in enumerate(prompts):
            showing.setdefault(views_key(prompt), []).append(place)
        group: dict[int, Prepared] = {}
        tokens = 0
        for places in showing.values():
            alike = {place: self.prompter.prepare(prompts[place]) for place in places}
            longest = max(prepared.length for prepared in alike.values())
            if group and tokens + longest > self.limit:
                yield group
                group, tokens = {}, 0
            group |= alike
            tokens += longest
        if group:
            yield group

    def _by_token(
        self, reader: Reader, asked: Sequence[Prepared], choices: Sequence[str]
    ) -> list[tuple[float, ...]]:
        firsts = [[int(tokens[0, 0]) for tokens in self._replies(p, choices)] for p in asked]
        pairs = zip(reader.next(asked), firsts, strict=True)
        return [tuple(after[0, first].float().tolist()) for after, first in pairs]

    def _by_sentence(
        self, reader: Reader, asked: Sequence[Prepared], choices: Sequence[str]
    ) -> list[tuple[float, ...]]:
        replies = [self._replies(prepared, choices) for prepared in asked]
        told = reader.replies(asked, [[r[:, :-1] for r in each] for each in replies])
        return [
            tuple(likelihood(after, *pair) for pair in zip(inside, each, strict=True))
            for (after, *inside), each in zip(told, replies, strict=True)
        ]

    def _replies(self, prepared: Prepared, choices: Sequence[str]) -> list[Tensor]:
        """Tokens of each choice, as it would follow the prompt."""
        device = self.network.device
        return [self.prompter.tokens(prepared, choice).to(device) for choice in choices]

    def _sight(self, prompt: Prompt) -> Internals:
        """A pass, and one backwards down to the pixels of the view."""
        view, prepared = only_view(prompt), self.prompter.prepare(prompt)
        inputs = prepared.to(self.network.device, self.network.dtype).inputs
        with self._measured() as span, self.meter.packed(1):
            found = sight(
                self.network,
                inputs,
                lambda inputs: begin(self.network, Padded.of(self.network, [inputs]))[0].next,
                view,
                self.layout(view, 1),
            )
        patches = tuple(self._patches(prompt, prepared))
        usage = span.usage + prepared.shown + Usage(backward=1)
        return Internals(patches, prepared.spans, sight=found, usage=usage)

    @contextmanager
    def _measured(self) -> Iterator[Span]:
        import torch

        with self._turn, torch.no_grad(), self.meter.measure() as span:
            yield span

    def _patches(self, prompt: Prompt, prepared: Prepared) -> Iterator[Patches]:
        """Each view's cells, in pixels of the original image."""
        start = 0
        for view in prompt.views:
            layout = self.layout(view, len(prompt.views))
            tokens = prepared.placeholders[start + layout.cells]
            yield Patches(placed_in(view, layout), tokens, self.info.base, local=layout.local)
            start += layout.tokens
        if start != len(prepared.placeholders):
            raise ModelError(
                f"{self.id} gave {len(prepared.placeholders)} image tokens where {start} were "
                "expected; its processor differs from its family's, please report it."
            )
