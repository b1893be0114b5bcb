"""A Hugging Face checkpoint as a model that can be searched with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import attrs

from ..errors import ModelError
from ..inference.engine import State, greedy, likelihood
from ..inference.prompting import Prepared, Prompter
from ..inference.reading import Reader, shared
from ..inference.remembering import Key, Memory, views_key
from ..layouts.layout import Layout
from ..metering.meter import Meter, Span
from ..model import NOTHING, By, Capture, Choice, Model, Patches, Reading, Reply, Traits, Work
from ..prompt import Prompt
from ..values import View

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

_T = TypeVar("_T")


@attrs.define(eq=False)
class HuggingFaceModel(Model):
    """A decoder with eyes, as loaded by one of the families."""

    id: str
    traits: Traits
    network: PreTrainedModel
    prompter: Prompter
    layout: Callable[[View, int], Layout]  # of a view among so many
    meter: Meter
    prefixes: Memory[State] | None = None

    @property
    def passes(self) -> int:
        return self.meter.sequences

    @property
    def reader(self) -> Reader:
        return Reader(self.network, self.meter, self.prefixes)

    def read(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Reading]:
        seen = self._answered(prompts, lambda asked: self.reader.internals(asked, capture))
        return [
            Reading(tuple(self._patches(prompt, prepared)), prepared.marks, **found, work=work)
            for prompt, (prepared, found, work) in zip(prompts, seen, strict=True)
        ]

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        weigh = self._by_sentence if by == "sentence" else self._by_token
        weighed = self._answered(prompts, lambda asked: weigh(asked, choices))
        return [Choice(logits, work) for _, logits, work in weighed]

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [self._say(prompt, max_new_tokens) for prompt in prompts]

    def _answered(
        self, prompts: Sequence[Prompt], answer: Callable[[Sequence[Prepared]], Sequence[_T]]
    ) -> list[tuple[Prepared, _T, Work]]:
        """Each prompt's answer, and its share of the work; one beginning is asked about at once."""
        answers: dict[int, tuple[Prepared, _T, Work]] = {}
        for group in self._groups(prompts):
            asked = list(group.values())
            with self._measured() as span:
                found = answer(asked)
            works = shared(span.work, [prepared.length for prepared in asked])
            answers.update(zip(group, zip(asked, found, works, strict=True), strict=True))
        return [answers[place] for place in range(len(prompts))]

    def _groups(self, prompts: Sequence[Prompt]) -> Iterator[Mapping[int, Prepared]]:
        """Prompts with one beginning, by their places. No more than one's pixels are held."""
        showing: dict[Key, list[int]] = {}
        for place, prompt in enumerate(prompts):
            showing.setdefault(views_key(prompt), []).append(place)
        for places in showing.values():
            groups: dict[Key, dict[int, Prepared]] = {}
            for place in places:
                prepared = self.prompter.prepare(prompts[place])
                groups.setdefault(prepared.beginning, {})[place] = prepared
            yield from groups.values()

    def _by_token(
        self, asked: Sequence[Prepared], choices: Sequence[str]
    ) -> list[tuple[float, ...]]:
        told = self.reader.logits(asked, [()] * len(asked))
        firsts = [[int(tokens[0, 0]) for tokens in self._replies(p, choices)] for p in asked]
        pairs = zip(told, firsts, strict=True)
        return [tuple(after[0, first].float().tolist()) for (after,), first in pairs]

    def _by_sentence(
        self, asked: Sequence[Prepared], choices: Sequence[str]
    ) -> list[tuple[float, ...]]:
        replies = [self._replies(prepared, choices) for prepared in asked]
        told = self.reader.logits(asked, [[r[:, :-1] for r in each] for each in replies])
        return [
            tuple(likelihood(after, *pair) for pair in zip(inside, each, strict=True))
            for (after, *inside), each in zip(told, replies, strict=True)
        ]

    def _replies(self, prepared: Prepared, choices: Sequence[str]) -> list[Tensor]:
        """Tokens of each choice, as it would follow the prompt."""
        device = self.network.device
        return [self.prompter.tokens(prepared, choice).to(device) for choice in choices]

    def _say(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        prepared = self.prompter.prepare(prompt)
        with self._measured() as span:
            state = self.reader.state(prepared)
            said = greedy(self.network, state, self.prompter.ends, max_new_tokens)
        return Reply(self.prompter.text(said), span.work)

    @contextmanager
    def _measured(self) -> Iterator[Span]:
        import torch

        with torch.no_grad(), self.meter.measure() as span:
            yield span

    def _patches(self, prompt: Prompt, prepared: Prepared) -> Iterator[Patches]:
        """Each view's cells, in pixels of the original image."""
        start = 0
        for view in prompt.views:
            layout = self.layout(view, len(prompt.views))
            left, top, _, _ = view.box.whole_pixels()
            tokens = prepared.placeholders[start + layout.cells]
            grid = layout.grid.moved(max(0, left), max(0, top))
            yield Patches(grid, tokens, self.traits.base, local=layout.local)
            start += layout.tokens
        if start != len(prepared.placeholders):
            raise ModelError(
                f"{self.id} gave {len(prepared.placeholders)} image tokens where {start} were "
                "expected; its processor differs from its family's, please report it."
            )
