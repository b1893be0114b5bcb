"""The objects that a question is about, and what their places add to the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs
import numpy as np

from visualcrop import BudgetedModel, Capture, Prompt, Question

from .answer import Note
from .describe import DescribedPatch
from .partition import Patch, Places
from .prompts import PatchDescriber
from .visual_memory import VisualMemory, drop_nested, drop_nested_as_authors

# Similarity of each of some names to a question.
Compare: TypeAlias = Callable[[str, Sequence[str]], Sequence[float]]
_WORD = re.compile(r"\w+")
_PLURAL = re.compile(r"(?<=(?:s|x|z))es$|(?<=(?:ch|sh))es$|(?<=[^su])s$")
_SHORTEST_STEM = 4


@attrs.frozen
class Retriever:
    """Chooses the objects that a question is about, and asks what their places show."""

    alpha: float  # least similarity of an object to the question
    k: int  # most objects
    smaller: bool  # of nested places keep the smaller
    authors: bool  # with what are mistakes in the published code

    def query_places(
        self, question: Question, memory: VisualMemory, compare: Compare, describer: PatchDescriber
    ) -> Iterator[Note]:
        """Ask each place of each chosen object, one pass each."""
        names = list(memory.objects)
        scores = compare(question.text, names) if names else ()
        asked = [
            (index, places)
            for index in best_indices(scores, self.alpha, self.k)
            for places in self._drop_nested(memory.objects[names[index]])
        ]
        describer.model.at("queries").expect(describer.model.affordable(len(asked)))
        for batch in describer.affordable_batches(asked, 1):
            views = [Patch.at(question.image, places).view for _, places in batch]
            texts = describer.gather_information(views, question, authors=self.authors)
            for (index, places), text in zip(batch, texts, strict=True):
                yield Note(names[index], places, scores[index], text)

    def captions_about(self, question: Question, leaves: Sequence[DescribedPatch]) -> list[Note]:
        """Where no passes are left for queries: captions of patches with a chosen object."""
        named = [(name, leaf) for leaf in leaves for name in leaf.objects]
        scores = compare_words(question.text, [name for name, _ in named])
        chosen = [
            (*named[index], scores[index]) for index in best_indices(scores, self.alpha, self.k)
        ]
        return [Note(name, leaf.patch.places, score, leaf.caption) for name, leaf, score in chosen]

    def _drop_nested(self, found: Sequence[Places]) -> Sequence[Places]:
        return (
            drop_nested_as_authors(found)
            if self.authors
            else drop_nested(found, smaller=self.smaller)
        )


def compare_words(question: str, names: Sequence[str]) -> list[float]:
    """The share of each name's words that are in the question, from 0 to 1."""
    words = {_singularize(word) for word in _WORD.findall(question.casefold())}
    return [_share_of_words(_WORD.findall(name.casefold()), words) for name in names]


def compare_features(question: str, names: Sequence[str], model: BudgetedModel) -> list[float]:
    """Cosine of each name with the question: mean values of their tokens in the last layer."""
    layer = model.info.kv_layers[-1]  # the last that has values
    prompts = [Prompt.fill("{text}", text=text) for text in (question, *names)]
    internals = model.forward(prompts, Capture(values=(layer,)))
    spans = [each.values[layer][:, each.spans["text"]] for each in internals]  # heads x tokens x D
    features = np.stack([np.asarray(tokens.float().mean(1).flatten().cpu()) for tokens in spans])
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    first, *others = features / np.where(lengths, lengths, 1)
    return [float(first @ other) for other in others]


def best_indices(scores: Sequence[float], alpha: float, k: int) -> list[int]:
    """Indices of the *k* highest scores that are at least *alpha*, highest first."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return [index for index in order if scores[index] >= alpha][:k]


def _share_of_words(name: Sequence[str], question: set[str]) -> float:
    stems = [_singularize(word) for word in name]
    best = [max((_similarity(stem, word) for word in question), default=0) for stem in stems]
    return sum(best) / max(1, len(best))


def _similarity(one: str, other: str) -> float:
    """1 for one word, less for words of one stem, else 0."""
    if one == other:
        return 1.0
    shared = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return shared / max(len(one), len(other)) if shared >= _SHORTEST_STEM else 0.0


def _singularize(word: str) -> str:
    return _PLURAL.sub("", word)
