"""Asks a dataset's questions with every method, and counts right answers, passes and hits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import attrs

from visualcrop import Image, Sample, VisualSearch
from visualcrop.plugin import Registry, say
from visualcrop_tiny.needles import Needles

from .methods import (
    FOCUS,
    ORACLE,
    AnswerPair,
    answer_both_ways,
    answer_from_oracle,
    build_maps,
    find_other_things,
    measure_hits,
    names_as_rules_do,
    open_methods,
    sample_empty_places,
    verify_crops,
)

_PROGRESS_EVERY = 20  # questions between two lines of progress

_new_lists: Callable[[], defaultdict[Any, list[Any]]] = partial(defaultdict, list)


@attrs.define
class Measurements:
    """Lists with an entry for each question."""

    correct: dict[tuple[str, str, str], list[bool]] = attrs.field(factory=_new_lists)
    """By method, kind, and `letter` or `open`."""

    passes: dict[str, list[int]] = attrs.field(factory=_new_lists)
    """By method: forward passes of the answer by letter."""

    hits: dict[tuple[str, str], list[bool]] = attrs.field(factory=_new_lists)
    """By map, and `first box` or `first 8 boxes`: whether the target was in them."""

    named: dict[str, list[bool]] = attrs.field(factory=_new_lists)
    """By kind: whether the model names the targets as rules do."""

    confidences: dict[str, list[float]] = attrs.field(factory=_new_lists)
    """Of the verifier, by what was in the crop."""

    def add(self, method: str, kind: str, answers: AnswerPair, sample: Sample) -> None:
        """Add one question's two answers."""
        self.correct[method, kind, "letter"].append(answers.letter.choice == sample.answer)
        self.correct[method, kind, "open"].append(answers.open.text in sample.answers)
        self.passes[method].append(sum(answers.letter.passes.values()))

    def merge(self, others: Measurements) -> None:
        """Add what *others* have counted."""
        for name in attrs.fields_dict(Measurements):
            for key, entries in getattr(others, name).items():
                getattr(self, name)[key] += entries

    def to_json(self) -> dict[str, Any]:
        """Means of all measurements."""
        present = self.confidences["there"]
        return {
            "accuracy": {" / ".join(key): _mean(spans) for key, spans in self.correct.items()},
            "questions": {" / ".join(key): len(spans) for key, spans in self.correct.items()},
            "passes": {key: _mean(counts) for key, counts in self.passes.items()},
            "maps": {" / ".join(key): _mean(spans) for key, spans in self.hits.items()},
            "targets": {key: _mean(same) for key, same in self.named.items()},
            "existence": {
                key: roc_auc(present, absent)
                for key, absent in self.confidences.items()
                if key != "there" and absent
            },
        }

    def to_markdown(self) -> str:
        """A table of methods by kinds, and lists of the figures for maps and existence."""
        kinds = list(dict.fromkeys(kind for _, kind, _ in self.correct))
        small = [kind for kind in kinds if kind != "large"]
        rows = [("", *kinds, "all small", "passes")]
        for method in dict.fromkeys(method for method, _, _ in self.correct):
            cells = [self._format_cell(method, [kind]) for kind in kinds]
            passes = f"{_mean(self.passes[method]):.1f}"
            rows.append((method, *cells, self._format_cell(method, small), passes))
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|---" * len(rows[0]) + "|")
        table = self.to_json()
        lines += ["", *(f"* {name}: {value:.3f}" for name, value in table["maps"].items())]
        if self.named:
            same = [each for of_kind in self.named.values() for each in of_kind]
            lines += [f"* targets in context, named as by the rules: {_mean(same):.3f}"]
        lines += [f"* existence, {name}: {value:.3f}" for name, value in table["existence"].items()]
        return "\n".join(lines)

    def _format_cell(self, method: str, kinds: Sequence[str]) -> str:
        """Accuracy by letter / in open words, if all *kinds* were asked."""
        both = []
        for form in ("letter", "open"):
            asked = [self.correct.get((method, kind, form), []) for kind in kinds]
            if not all(asked):
                return "–"
            both.append(f"{_mean([mark for spans in asked for mark in spans]):.3f}")
        return " / ".join(both)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def roc_auc(positive: list[float], negative: list[float]) -> float:
    """The probability that a positive scores higher than a negative; ties count half."""
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    return sum(pairs) / max(1, len(pairs))


def measure_kind(model: str, options: str, kind: str) -> Measurements:
    """Ask *model* all questions of *kind* with every method; *options* are more of `needles`."""
    measurements = Measurements()
    maps, methods = build_maps(), open_methods(model)
    samples = Registry.load().build(Needles, f"needles(about={kind}, {options})")
    proposals = methods[FOCUS].searcher.proposals  # type: ignore[attr-defined]
    rng = Random(0)  # noqa: S311 - places, not secrets
    for number, sample in enumerate(samples, 1):
        image = sample.source.open()
        for name, search in methods.items():
            measurements.add(name, kind, answer_both_ways(search, sample, image), sample)
        measurements.named[kind].append(names_as_rules_do(methods[FOCUS], sample, image))
        if sample.targets:
            answers = answer_from_oracle(methods[FOCUS], sample, image)
            measurements.add(ORACLE, kind, answers, sample)
        if kind == "attribute":
            search, target = methods["direct"], sample.targets[0]
            for name, source in maps.items():
                first, any_of_8 = measure_hits(search, source, proposals, target, image)
                measurements.hits[name, "first box"].append(first)
                measurements.hits[name, "first 8 boxes"].append(any_of_8)
            _measure_existence(methods[FOCUS], sample, image, rng, measurements)
        if number % _PROGRESS_EVERY == 0 or number == samples.count:
            say(f"{kind}: {number} of {samples.count} questions", error=True)
    return measurements


def _measure_existence(
    search: VisualSearch, sample: Sample, image: Image, rng: Random, measurements: Measurements
) -> None:
    target = sample.targets[0]
    others = find_other_things(sample, image, target)
    places = sample_empty_places(image, target.box, rng)
    present, absent = verify_crops(search, sample, image, [*others, *places])
    measurements.confidences["there"].append(present)
    measurements.confidences["at another thing"] += absent[: len(others)]
    measurements.confidences["somewhere else"] += absent[len(others) :]
