"""The efficiency ratio of the methods in a run: each has several settings, and one is ours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import reduce
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ..errors import EvaluationError, nearest
from .efficiency import Curve, passes_ratio, reference_accuracy
from .statistics import Interval
from .summary import Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers: TypeAlias = npt.NDArray[np.float64]

Methods: TypeAlias = Mapping[str, Sequence[str]]  # labels of settings, by the method's name

SEARCH = "focus-paper"  # the count of A.2: what was run, without target extraction and the answer
OURS = "focus"
LEAST_IMAGES = 20  # fewer say too little about how images differ
_DRAWS = 2_000
_AT_ONCE = 1 << 20  # images that are drawn together, for memory


@attrs.frozen
class EfficiencyRatio:
    """Passes that one method needs for each of ours, at the lower of the two best accuracies."""

    method: str
    count: str  # how the method's passes are counted: focus-paper, or as its own paper does
    best: float  # accuracy of its best setting, 0 to 1
    best_passes: float  # of the cheapest that is as good
    reference: float  # the accuracy that both reach
    passes: float  # of the method at the reference
    ours: float  # passes of ours at the reference
    ratio: float | None  # none where ours needs no pass
    interval: Interval | None  # 95 %, none for fewer than 20 images
    bound: str  # "at most" or "at least", where a cheapest setting is better than the reference


@attrs.frozen
class Efficiency:
    """Every method against one of them, over the questions that all of their settings answered."""

    ours: str
    settings: int
    best: float
    best_passes: float
    n: int  # questions that are compared
    answers: int  # the most of any setting
    images: int  # or other groups of questions
    baseline: float | None  # accuracy without any pass on the same questions, where it is known
    rows: tuple[EfficiencyRatio, ...]


def group_methods(searchers: Mapping[str, str], given: Sequence[str] = ()) -> dict[str, list[str]]:
    """
    Labels by method: by the name of their searcher, or as *given* says.

    *searchers* are names of searchers by label. Each of *given* is `method=label`, where `*` stands
    for any letters; several may name one method.
    """
    found: dict[str, list[str]] = {}
    if not given:
        for label, name in searchers.items():
            found.setdefault(name, []).append(label)
    for text in given:
        name, equals, pattern = (part.strip() for part in text.partition("="))
        if not (name and equals and pattern):
            raise EvaluationError(f"{text!r} is not method=label, such as 'ours=steps=*'.")
        labels = _match(pattern, searchers)
        if not labels:
            known = nearest(pattern, searchers, called="variants")
            raise EvaluationError(f"No variant is called {pattern!r}; {known}.")
        kept = found.setdefault(name, [])
        kept += [label for label in labels if label not in kept]
    return found


def _match(pattern: str, labels: Mapping[str, str]) -> list[str]:
    if pattern in labels:
        return [pattern]
    plain = pattern.replace("[", "[[]").replace("?", "[?]")  # only the star stands for others
    return [label for label in labels if fnmatchcase(label, plain)]


def measure_efficiency(
    tallies: Mapping[str, Tally], methods: Methods, ours: str | None = None, *, seed: int = 0
) -> Efficiency:
    """
    The efficiency ratio of every method over *ours*, by default `focus`, or else the first.

    Settings without an answer, and those that search nothing, are left out.
    """
    searching = _find_searching(tallies, methods)
    own = ours or next((n for n in searching if n.partition(",")[0] == OURS), [*searching, OURS][0])
    if own not in searching:
        known = nearest(own, searching, called="methods") if searching else "none searches"
        raise EvaluationError(f"No method that searches is called {own!r}; {known}.")
    if len(searching) < 2:
        raise EvaluationError(
            f"Only {own} searches here, so there is nothing to compare its passes with; measure "
            "another searcher, too, or name groups of settings with --method."
        )
    answers = _Answers.common(tallies, [label for kept in searching.values() for label in kept])
    found = _compare(answers, searching, own, seed)
    most = max(tallies[label].n for label in answers.labels)
    return attrs.evolve(found, answers=most, baseline=_baseline(tallies, answers))


def count_methods(tallies: Mapping[str, Tally], methods: Methods) -> int:
    """How many methods have a setting that searches, and has answers to a question of all."""
    searching = _find_searching(tallies, methods)
    asked = [{*tallies[label].questions} for labels in searching.values() for label in labels]
    return len(searching) if asked and set.intersection(*asked) else 0


def _find_searching(tallies: Mapping[str, Tally], methods: Methods) -> dict[str, list[str]]:
    """The methods that search, with those of their settings that do."""
    return {
        name: kept
        for name, labels in methods.items()
        if (kept := [label for label in labels if _searches(tallies.get(label))])
    }


def _searches(tally: Tally | None) -> bool:
    return tally is not None and tally.mean(f"count.{SEARCH}") > 0


@attrs.frozen(eq=False)
class _Answers:
    """Scores and passes of every setting, added up by image: images x settings."""

    labels: Sequence[str]
    questions: npt.NDArray[np.uint64]
    sizes: Numbers  # questions of each image
    scores: Numbers
    passes: Mapping[str, Numbers]  # by name of the count; NaN where a setting has no such count

    @classmethod
    def common(cls, tallies: Mapping[str, Tally], labels: Sequence[str]) -> _Answers:
        """Of the questions that all settings have answered."""
        import numpy as np

        asked = [np.array(tallies[label].questions) for label in labels]
        shared = reduce(np.intersect1d, asked)
        if not len(shared):
            raise EvaluationError(
                "No question has an answer of every setting; run the study to its end."
            )
        places = [_places(each, shared) for each in asked]
        groups = np.array(tallies[labels[0]].groups)[places[0]]
        _, image = np.unique(groups, return_inverse=True)

        def add_up(amounts: Sequence[Sequence[float]]) -> Numbers:
            columns = (np.array(own)[place] for own, place in zip(amounts, places, strict=True))
            return np.stack([np.bincount(image, column) for column in columns], axis=1)

        kept = [tallies[label] for label in labels]
        names = sorted({name for tally in kept for name in tally.passes})
        passes = {name: add_up([_counted(tally, name) for tally in kept]) for name in names}
        sizes = np.bincount(image).astype(np.float64)
        return cls(labels, shared, sizes, add_up([tally.scores for tally in kept]), passes)

    def curve(self, labels: Sequence[str], count: str, weights: Numbers) -> Curve:
        """Of these settings, with images as often as *weights* says: draws x images."""
        columns = [self.labels.index(label) for label in labels]
        total = weights @ self.sizes
        means = (
            (weights @ values[:, columns]) / total[..., None]
            for values in (self.passes[count], self.scores)
        )
        return Curve.of(*means)

    def counts(self, labels: Sequence[str]) -> list[str]:
        """The counts that all of these settings have, that of A.2 first."""
        import numpy as np

        columns = [self.labels.index(label) for label in labels]
        known = [n for n, each in self.passes.items() if not np.isnan(each[:, columns]).any()]
        return sorted(known, key=lambda name: name != SEARCH)


def _counted(tally: Tally, name: str) -> Sequence[float]:
    return tally.passes.get(name) or [math.nan] * tally.n


def _places(asked: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    import numpy as np

    order = np.argsort(asked)
    return np.asarray(order[np.searchsorted(asked, wanted, sorter=order)])


def _baseline(tallies: Mapping[str, Tally], answers: _Answers) -> float | None:
    """The best accuracy that is there without a search, on the same questions."""
    import numpy as np

    found = []
    for tally in tallies.values():
        asked = np.array(tally.questions)
        if not tally.mean(f"count.{SEARCH}") and np.isin(answers.questions, asked).all():
            found.append(float(np.array(tally.scores)[_places(asked, answers.questions)].mean()))
    return max(found, default=None)


def _compare(answers: _Answers, methods: Methods, ours: str, seed: int) -> Efficiency:
    import numpy as np

    images = len(answers.sizes)
    once = np.ones(images)
    own = answers.curve(methods[ours], SEARCH, once)
    rows = [
        _relate(method, count, own, answers.curve(labels, count, once))
        for method, labels in methods.items()
        for count in answers.counts(labels)
        if method != ours
    ]
    if images >= LEAST_IMAGES:
        rows = [*_bounded(rows, answers, methods, ours, seed)]
    return Efficiency(
        ours,
        len(methods[ours]),
        float(own.best),
        float(own.passes_at(own.best)),
        len(answers.questions),
        len(answers.questions),
        images,
        None,
        tuple(rows),
    )


def _relate(method: str, count: str, ours: Curve, theirs: Curve) -> EfficiencyRatio:
    reference, ratio = reference_accuracy(ours, theirs), float(passes_ratio(ours, theirs))
    bound = "at least" if ours.reaches_at_once(reference) else ""
    return EfficiencyRatio(
        method,
        count,
        float(theirs.best),
        float(theirs.passes_at(theirs.best)),
        float(reference),
        float(theirs.passes_at(reference)),
        float(ours.passes_at(reference)),
        ratio if math.isfinite(ratio) else None,
        None,
        "at most" if theirs.reaches_at_once(reference) else bound,
    )


def _bounded(
    rows: Sequence[EfficiencyRatio], answers: _Answers, methods: Methods, ours: str, seed: int
) -> Iterator[EfficiencyRatio]:
    """
    The rows with bounds, by bootstrap over images.

    In each draw images are drawn with replacement, for all settings alike, and the best accuracies,
    the reference and the passes at it are worked out anew. The bounds are the outer ones of the
    percentiles and of their mirror images about the ratio, on a logarithmic scale: percentiles
    alone are too narrow, because the best of several settings is the luckiest, too.
    """
    import numpy as np

    drawn: list[list[Numbers]] = [[] for _ in rows]
    for weights in _draw_images(len(answers.sizes), seed):
        own = answers.curve(methods[ours], SEARCH, weights)
        for row, ratios in zip(rows, drawn, strict=True):
            theirs = answers.curve(methods[row.method], row.count, weights)
            ratios.append(passes_ratio(own, theirs))
    for row, ratios in zip(rows, drawn, strict=True):
        known = np.concatenate(ratios)
        known = known[np.isfinite(known) & (known > 0)]
        if row.ratio is None or not len(known):
            yield row
            continue
        low, high = map(float, np.quantile(known, (0.025, 0.975)))
        mirrored = row.ratio**2 / high, row.ratio**2 / low
        bounds = Interval(min(low, mirrored[0]), max(high, mirrored[1]))
        yield attrs.evolve(row, interval=bounds)


def _draw_images(images: int, seed: int) -> Iterator[Numbers]:
    """How often each image is in each of the draws, some draws at a time."""
    import numpy as np

    rng = np.random.default_rng(seed)
    batch = max(1, min(_DRAWS, _AT_ONCE // images))
    for start in range(0, _DRAWS, batch):
        rows = min(batch, _DRAWS - start)
        places = rng.integers(0, images, (rows, images)) + images * np.arange(rows)[:, None]
        times = np.bincount(places.ravel(), minlength=rows * images)
        yield times.reshape(rows, images).astype(np.float64)
