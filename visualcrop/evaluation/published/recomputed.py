"""What follows from the paper's own tables, beside what the paper says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import linear_regression

import attrs

from ...models.engine.metering.meter import macs
from ..efficiency import Curve, passes_ratio
from .accounting import PassAccounting
from .stated import stated, stated_figures
from .tables import Row, table

MODELS = ("llava-1.5", "llava-onevision")
_SUBSETS = ("perception", "reasoning")
DATASETS = ("vstar", "hrbench_4k", "hrbench_8k")
_LLAVA = {"layers": 32, "width": 4096, "inner": 11008}  # Vicuna-7B


@attrs.frozen
class Claim:
    """A figure of the paper, and the same worked out from its tables."""

    table: int
    what: str
    ours: float
    printed: float | None  # None where the paper does not print it
    digits: int = 2  # after the point, as far as the tables carry


def claims(number: int | None = None) -> list[Claim]:
    """All that can be worked out, or what belongs to one table."""
    numbers = _WORKED_OUT if number is None else [number]
    return [claim for each in numbers for claim in _WORKED_OUT.get(each, _nothing)()]


def _nothing() -> Iterator[Claim]:
    yield from ()


def _large_benchmark() -> Iterator[Claim]:
    """Table 2: averages, and FOCUS against the others over all questions."""
    yield from _averages()
    counts = {s: sum(int(r["questions"]) for r in table(9).where(subset=s)) for s in _SUBSETS}
    ours, theirs, vanilla = (table(2).row(method=m) for m in ("focus", "zoomeye", "direct"))
    ratios = {s: float(theirs[f"{s}_passes"]) / float(ours[f"{s}_passes"]) for s in _SUBSETS}
    printed = stated("efficiency, mme_realworld_lite")
    yield Claim(2, "ZoomEye's passes / FOCUS's, all questions", _mean(ratios, counts), printed)
    gain = _mean({s: float(ours[s]) for s in _SUBSETS}, counts)
    gain = 100 * (gain / _mean({s: float(vanilla[s]) for s in _SUBSETS}, counts) - 1)
    printed = stated("accuracy gained [%], llava-onevision, mme_realworld_lite")
    yield Claim(2, "FOCUS's accuracy over direct's, all questions [%]", gain, printed)


def _mean(values: Mapping[str, float], counts: Mapping[str, int]) -> float:
    """The mean over questions, of values by subset."""
    return sum(values[s] * counts[s] for s in counts) / sum(counts.values())


def _averages() -> Iterator[Claim]:
    """Table 2's averages: over questions, not over domains, by the counts of Table 9."""
    counts = {(row["subset"], row["domain"]): int(row["questions"]) for row in table(9).rows}
    for row in table(2).rows:
        for subset in _SUBSETS:
            average = _micro(row, {d: n for (s, d), n in counts.items() if s == subset}, subset[0])
            yield Claim(2, f"{row['method']}, {subset} [%]", average, float(row[subset]))


def _micro(row: Row, counts: Mapping[str, int], prefix: str) -> float:
    right = sum(float(row[f"{prefix}_{domain}"]) * n for domain, n in counts.items())
    return right / sum(counts.values())


def _passes() -> Iterator[Claim]:
    """Table 10: ZoomEye's passes for each of FOCUS's, and what FOCUS's are made of."""
    pairs = [(model, dataset) for model in MODELS for dataset in DATASETS]
    for model, dataset in pairs:
        found = float(passes_ratio(*(_curve(m, model, dataset) for m in ("focus", "zoomeye"))))
        named = f"efficiency, {model}, {dataset}"
        printed = stated(named) if named in stated_figures() else None
        yield Claim(10, f"ZoomEye's passes / FOCUS's, {model}, {dataset}", found, printed)
    parts = {pair: PassAccounting.read(*pair) for pair in pairs}
    for (model, dataset), part in parts.items():
        what = f"type-1 targets of a question, {model}, {dataset}"
        yield Claim(10, what, part.targets, None, digits=3)
    for (model, dataset), part in parts.items():
        what = f"overrun at 8 steps, passes at least, {model}, {dataset}"
        yield Claim(10, what, part.overrun(8)[0], None)


def _curve(method: str, model: str, dataset: str) -> Curve:
    rows = table(10).where(method=method, model=model, dataset=dataset)
    return Curve.of(*([float(row[name]) for row in rows] for name in ("passes", "accuracy")))


def _macs() -> Iterator[Claim]:
    """
    Multiply-accumulates of one pass: the slope of Table 14, and the formula that fits it.

    Where the line does not go through zero, there are passes that the column of passes lacks.
    """
    for method, tokens in (("focus", 656), ("zoomeye", 672)):
        rows = table(14).where(method=method)
        spans = [_span(rows, column) for column in ("teramacs", "passes")]
        slope = spans[0] / spans[1]
        name = f"tera-MACs of one pass of {tokens} tokens, {method}"
        yield Claim(14, name, macs(tokens, **_LLAVA) / 1e12, slope)
        counted, spent = ([float(row[name]) for row in rows] for name in ("passes", "teramacs"))
        line = linear_regression(counted, spent)
        name = f"passes in the tera-MACs beside those counted, {method}"
        yield Claim(14, name, line.intercept / line.slope, None)


def _span(rows: Iterable[Row], column: str) -> float:
    cells = [float(row[column]) for row in rows]
    return max(cells) - min(cells)


_WORKED_OUT: Mapping[int, Callable[[], Iterator[Claim]]] = {
    2: _large_benchmark,
    10: _passes,
    14: _macs,
}
