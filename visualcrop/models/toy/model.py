"""The toy model: it captures internals, scores choices, replies, and counts its passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from ...geometry import Grid
from ...prompt import Prompt
from ...values import View
from ..base import (
    NOTHING,
    By,
    Capture,
    Choice,
    EncodedSize,
    Internals,
    Model,
    ModelInfo,
    Patches,
    PixelGradients,
    Reply,
    Usage,
)
from .features import LAYERS, cell_features, meaning, word_features, words
from .replies import answer_in_words, confidence, reply
from .vision import CELL, Floats, pixel_gradients, traces

if TYPE_CHECKING:
    from torch import Tensor

_BASE = 144
_VALUE_NOISE, _KEY_NOISE = 0.05, 0.35


@attrs.define
class ToyModel(Model):
    """A model for the toy scenes."""

    local: bool = False
    passes: int = 0
    id: str = "toy"
    info: ModelInfo = ModelInfo(layers=LAYERS, base=_BASE)

    @property
    def side(self) -> int:
        return _BASE * 2 if self.local else _BASE

    def encoded_size(self, view: View) -> EncodedSize:
        cells = self.side // CELL
        grid = Grid.even(cells, cells, view.box)
        return EncodedSize((self.side, self.side), cells**2, grid.cell_side)

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        self.passes += len(prompts)
        return [
            _Sequence(prompt, self.side, local=self.local).internals(capture) for prompt in prompts
        ]

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        self.passes += len(prompts) * (len(choices) if by == "sentence" else 1)
        return [Choice(self._logits(p, choices, by), self._image_usage(p)) for p in prompts]

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        self.passes += len(prompts)
        return [self._generate(prompt, max_new_tokens) for prompt in prompts]

    def _generate(self, prompt: Prompt, max_new_tokens: int) -> Reply:
        words = reply(prompt, self.side)
        kept = " ".join(words.split(" ")[:max_new_tokens])
        logits = tuple(_agreement(choice, words) for choice in prompt.choices)
        return Reply(kept, self._image_usage(prompt), logits)

    def _image_usage(self, prompt: Prompt) -> Usage:
        return Usage(image_tokens=len(prompt.views) * (self.side // CELL) ** 2)

    def _logits(self, prompt: Prompt, choices: Sequence[str], by: By) -> tuple[float, ...]:
        if [choice.lower() for choice in choices] == ["yes", "no"]:
            odds = confidence(prompt.views, prompt.text, self.side)
            return odds / 2, -odds / 2
        wanted = (
            answer_in_words(prompt, self.side) if by == "sentence" else reply(prompt, self.side)
        )
        return tuple(_agreement(choice, wanted) for choice in choices)


def _agreement(choice: str, wanted: str) -> float:
    """2 for the answer itself, 1 for a sentence that has it as a word."""
    text, word = choice.casefold(), wanted.casefold()
    return 2.0 if text == word else float(word in text.rstrip(".").split())


class _Sequence:
    """A prompt in tokens: one per word, one per cell of each view."""

    def __init__(self, prompt: Prompt, side: int, *, local: bool) -> None:
        self.prompt, self.side, self.local = prompt, side, local
        self.length = 1  # the BOS token
        self.starts = []
        for part in prompt.parts:
            self.starts.append(self.length)
            self.length += self._cells**2 if isinstance(part, View) else len(words(part))

    @property
    def _cells(self) -> int:
        return self.side // CELL

    def internals(self, capture: Capture) -> Internals:
        seen = {part: traces(part, self.side) for part in self.prompt.views}
        rotation = 1.0 if capture.rotary else 0.0
        return Internals(
            tuple(self._patches()),
            {mark.name: self._span(mark.part, mark.start, mark.stop) for mark in self.prompt.spans},
            values={n: self._features(seen, n, _VALUE_NOISE) for n in capture.values},
            keys={n: self._features(seen, n + LAYERS, _KEY_NOISE, rotation) for n in capture.keys},
            attention={n: self._attention(seen, n) for n in capture.attention},
            span_attention={n: self._span_attention(seen, n) for n in capture.span_attention},
            span_tokens=self._span_tokens,
            gradients={n: self._attention(seen, n) for n in capture.gradients},
            pixel_gradients=self._pixel_gradients() if capture.pixels else None,
            usage=Usage(
                new_tokens=self.length,
                backward=int(capture.pixels or bool(capture.gradients)),
                image_tokens=len(self.prompt.views) * self._cells**2,
            ),
        )

    def _patches(self) -> Iterator[Patches]:
        cells = self._cells
        for start, part in zip(self.starts, self.prompt.parts, strict=True):
            if isinstance(part, View):
                tokens = start + np.arange(cells**2).reshape(cells, cells)
                grid = Grid.even(cells, cells, part.box)
                yield Patches(grid, tokens, _BASE, local=self.local)

    def _span(self, part: int, start: int, stop: int) -> np.ndarray:
        text = str(self.prompt.parts[part])
        hits = [i for i, w in enumerate(words(text)) if w.start() < stop and w.end() > start]
        return self.starts[part] + np.array(hits, np.intp)

    def _features(
        self, seen: dict[View, dict[str, Floats]], layer: int, noise: float, rotation: float = 0.0
    ) -> Tensor:
        """Values or keys, H x T x D."""
        import torch

        pieces = [word_features("<begin>", layer, noise)]
        for part in self.prompt.parts:
            if isinstance(part, View):
                pieces.append(cell_features(seen[part], layer, noise))
            else:
                pieces += [word_features(word[0], layer, noise) for word in words(part)]
        features = torch.from_numpy(np.concatenate(pieces, axis=1))
        angle = rotation * torch.arange(self.length)[:, None] / 40
        return features * torch.cos(angle) + features.roll(1, -1) * torch.sin(angle)

    def _pixel_gradients(self) -> PixelGradients:
        """Gradients with larger norms where the view shows things that the text names."""
        import torch

        (view,) = self.prompt.views
        named = {meaning(word[0]) for word in words(self.prompt.text)}
        return PixelGradients(view.box, torch.from_numpy(pixel_gradients(view, self.side, named)))

    @property
    def _span_tokens(self) -> np.ndarray:
        """Positions of the words in spans after the last view, rising."""
        views = (n for n, part in enumerate(self.prompt.parts) if isinstance(part, View))
        last = max(views, default=-1)
        spans = [span for span in self.prompt.spans if span.part > last]
        found = [self._span(span.part, span.start, span.stop) for span in spans]
        return np.unique(np.concatenate([np.zeros(0, np.intp), *found]))

    def _span_attention(self, seen: dict[View, dict[str, Floats]], layer: int) -> Tensor:
        """Attention of each span token, H x S x T: high at cells with the thing that it names."""
        import torch

        by_token = {
            start + n: word[0]
            for start, part in zip(self.starts, self.prompt.parts, strict=True)
            if isinstance(part, str)
            for n, word in enumerate(words(part))
        }
        rows = [self._attend(seen, layer, {meaning(by_token[t])}) for t in self._span_tokens]
        return torch.stack(rows, 1) if rows else torch.zeros(2, 0, self.length)

    def _attention(self, seen: dict[View, dict[str, Floats]], layer: int) -> Tensor:
        """The last token's attention, H x T: high at cells with things that the text names."""
        return self._attend(seen, layer, {meaning(word[0]) for word in words(self.prompt.text)})

    def _attend(self, seen: dict[View, dict[str, Floats]], layer: int, named: set[str]) -> Tensor:
        """Attention of one token, H x T: high at cells with the *named* things."""
        import torch

        scores = torch.zeros(self.length)
        for start, part in zip(self.starts, self.prompt.parts, strict=True):
            if isinstance(part, View):
                shown = sum(trace for name, trace in seen[part].items() if name in named)
                scores[start : start + self._cells**2] = torch.as_tensor(shown).ravel() * (
                    layer + 4
                )
        return scores.softmax(0)[None].expand(2, -1)
