"""Which of the objects a question is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from visualcrop import BudgetedModel, Capture, Prompt

_WORD = re.compile(r"\w+")
_PLURAL = re.compile(r"(?<=(?:s|x|z))es$|(?<=(?:ch|sh))es$|(?<=[^su])s$")
_SHORTEST_STEM = 4


def by_words(question: str, names: Sequence[str]) -> list[float]:
    """How much of each name the question holds, word by word, from 0 to 1."""
    asked = {_singular(word) for word in _WORD.findall(question.casefold())}
    return [_held(_WORD.findall(name.casefold()), asked) for name in names]


def by_model(question: str, names: Sequence[str], model: BudgetedModel) -> list[float]:
    """Cosine of each name with the question, as *model* takes up their words in its last layer."""
    layer = model.info.layers - 1
    prompts = [Prompt.fill("{text}", text=text) for text in (question, *names)]
    seen = model.forward(prompts, Capture(values=(layer,)))
    words = [reading.values[layer][:, reading.spans["text"]] for reading in seen]
    features = np.stack([np.asarray(tokens.float().mean(1).flatten().cpu()) for tokens in words])
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    first, *others = features / np.where(lengths, lengths, 1)
    return [float(first @ other) for other in others]


def best(scores: Sequence[float], alpha: float, k: int) -> list[int]:
    """Places of the *k* highest scores that are at least *alpha*, highest first."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return [index for index in order if scores[index] >= alpha][:k]


def _held(words: Sequence[str], asked: set[str]) -> float:
    stems = [_singular(word) for word in words]
    return sum(max((_same(stem, word) for word in asked), default=0) for stem in stems) / max(
        1, len(stems)
    )


def _same(one: str, other: str) -> float:
    """1 for one word, less for words of one stem, else 0."""
    if one == other:
        return 1.0
    shared = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return shared / max(len(one), len(other)) if shared >= _SHORTEST_STEM else 0.0


def _singular(word: str) -> str:
    return _PLURAL.sub("", word)
