"""Goes through a dataset with every method, and keeps count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, TypeAlias

import attrs

from visualcrop import Image, Sample, VisualSearch
from visualcrop.plugin import Registry, say

from ..needles import Needles
from .methods import ORACLE, SEARCH, Replies, lookers, oracle, replies
from .pointing import area, confidences, elsewhere, other_things, pointed, sources

Table: TypeAlias = dict[str, dict[str, float]]


_EVERY = 20  # questions between two lines about how far it has come
_lists: Callable[[], defaultdict[Any, list[Any]]] = partial(defaultdict, list)


@attrs.define
class Figures:
    """Right answers by method and kind, and all else that is counted."""

    right: dict[tuple[str, str, str], list[bool]] = attrs.field(factory=_lists)
    passes: dict[str, list[int]] = attrs.field(factory=_lists)
    hits: dict[tuple[str, str], list[bool]] = attrs.field(factory=_lists)
    sure: dict[str, list[float]] = attrs.field(factory=_lists)

    def add(self, method: str, kind: str, said: Replies, sample: Sample) -> None:
        """Count one question's two answers."""
        self.right[method, kind, "letter"].append(said.letter.choice == sample.answer)
        self.right[method, kind, "open"].append(said.open.text in sample.answers)
        self.passes[method].append(sum(said.letter.passes.values()))

    def join(self, others: Figures) -> None:
        """Count what *others* have counted, too."""
        for name in attrs.fields_dict(Figures):
            for key, marks in getattr(others, name).items():
                getattr(self, name)[key] += marks

    def table(self) -> dict[str, Any]:
        """Everything in numbers."""
        return {
            "accuracy": {" / ".join(key): _mean(marks) for key, marks in self.right.items()},
            "questions": {" / ".join(key): len(marks) for key, marks in self.right.items()},
            "passes": {key: _mean(counts) for key, counts in self.passes.items()},
            "maps": {" / ".join(key): _mean(marks) for key, marks in self.hits.items()},
            "existence": {
                key: area(self.sure["there"], absent)
                for key, absent in self.sure.items()
                if key != "there" and absent
            },
        }

    def markdown(self) -> str:
        """As tables: methods by kinds, by letter / in open words; then maps and existence."""
        kinds = self._kinds()
        methods = list(dict.fromkeys(method for method, _, _ in self.right))
        rows = [("", *kinds, "all small", "passes")]
        for method in methods:
            cells = [self._cell(method, [kind]) for kind in kinds]
            small = self._cell(method, [kind for kind in kinds if kind != "large"])
            rows.append((method, *cells, small, f"{_mean(self.passes[method]):.1f}"))
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|---" * len(rows[0]) + "|")
        others = self.table()
        lines += ["", *(f"* {name}: {value:.3f}" for name, value in others["maps"].items())]
        sure = others["existence"].items()
        lines += [f"* existence, {name}: {value:.3f}" for name, value in sure]
        return "\n".join(lines)

    def _kinds(self) -> list[str]:
        return list(dict.fromkeys(kind for _, kind, _ in self.right))

    def _cell(self, method: str, kinds: Sequence[str]) -> str:
        """By letter / in open words, where all *kinds* were asked."""
        both = []
        for form in ("letter", "open"):
            asked = [self.right.get((method, kind, form), []) for kind in kinds]
            if not all(asked):
                return "–"
            both.append(f"{_mean([mark for marks in asked for mark in marks]):.3f}")
        return " / ".join(both)


def _mean(marks: Sequence[float]) -> float:
    return sum(marks) / len(marks)


def measure(model: str, needles: str, kind: str) -> Figures:
    """Ask all questions about *kind* of *needles*, the dataset's other options, in every way."""
    figures = Figures()
    maps, methods = sources(), lookers(model)
    samples = Registry.load().build(Needles, f"needles(about={kind}, {needles})")
    boxes = methods[SEARCH].searcher.proposals  # type: ignore[attr-defined]
    rng = Random(0)  # noqa: S311 - places, not secrets
    for number, sample in enumerate(samples, 1):
        image = sample.source.open()
        for name, search in methods.items():
            figures.add(name, kind, replies(search, sample, image), sample)
        if kind != "existence":
            figures.add(ORACLE, kind, oracle(methods[SEARCH], sample, image), sample)
        if kind == "attribute":
            search, target = methods["direct"], sample.targets[0]
            for name, source in maps.items():
                first, eighth = pointed(search, source, boxes, target, image)
                figures.hits[name, "first box"].append(first)
                figures.hits[name, "first 8 boxes"].append(eighth)
            _existence(methods[SEARCH], sample, image, rng, figures)
        if number % _EVERY == 0 or number == samples.count:
            say(f"{kind}: {number} of {samples.count} questions", error=True)
    return figures


def _existence(
    search: VisualSearch, sample: Sample, image: Image, rng: Random, figures: Figures
) -> None:
    target = sample.targets[0]
    others = other_things(sample, image, target)
    places = elsewhere(image, target.box, rng)
    there, absent = confidences(search, sample, image, [*others, *places])
    figures.sure["there"].append(there)
    figures.sure["at another thing"] += absent[: len(others)]
    figures.sure["somewhere else"] += absent[len(others) :]
