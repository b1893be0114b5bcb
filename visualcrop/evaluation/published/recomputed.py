"""What follows from the paper's own tables, beside what the paper says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from ...models.engine.metering.meter import macs
from ..efficiency import Curve, passes_ratio
from .tables import Row, table

_LLAVA = {"layers": 32, "width": 4096, "inner": 11008}  # Vicuna-7B


@attrs.frozen
class Claim:
    """A figure of the paper, and the same worked out from its tables."""

    table: int
    what: str
    ours: float
    printed: float | None  # None where the paper does not print it


def claims(number: int | None = None) -> list[Claim]:
    """All that can be worked out, or what belongs to one table."""
    numbers = _WORKED_OUT if number is None else [number]
    return [claim for each in numbers for claim in _WORKED_OUT.get(each, _nothing)()]


def _nothing() -> Iterator[Claim]:
    yield from ()


def _averages() -> Iterator[Claim]:
    """Table 2's averages: over questions, not over domains, by the counts of Table 9."""
    counts = {(row["subset"], row["domain"]): int(row["questions"]) for row in table(9).rows}
    for row in table(2).rows:
        for subset in ("perception", "reasoning"):
            average = _micro(row, {d: n for (s, d), n in counts.items() if s == subset}, subset[0])
            yield Claim(2, f"{row['method']}, {subset} [%]", average, float(row[subset]))


def _micro(row: Row, counts: Mapping[str, int], prefix: str) -> float:
    right = sum(float(row[f"{prefix}_{domain}"]) * n for domain, n in counts.items())
    return right / sum(counts.values())


def _ratios() -> Iterator[Claim]:
    """ZoomEye's passes for each of FOCUS's, from Table 10."""
    printed = {"vstar": 3.43, "hrbench_4k": 4.39, "hrbench_8k": 4.72}  # section 4.2, LLaVA-1.5
    for model in ("llava-1.5", "llava-onevision"):
        for dataset in ("vstar", "hrbench_4k", "hrbench_8k"):
            found = float(passes_ratio(*(_curve(m, model, dataset) for m in ("focus", "zoomeye"))))
            stated = printed[dataset] if model == "llava-1.5" else None
            yield Claim(10, f"ZoomEye's passes / FOCUS's, {model}, {dataset}", found, stated)


def _curve(method: str, model: str, dataset: str) -> Curve:
    rows = table(10).where(method=method, model=model, dataset=dataset)
    return Curve.of(*([float(row[name]) for row in rows] for name in ("passes", "accuracy")))


def _macs() -> Iterator[Claim]:
    """Multiply-accumulates of one pass: the slope of Table 14, and the formula that fits it."""
    for method, tokens in (("focus", 656), ("zoomeye", 672)):
        rows = table(14).where(method=method)
        spans = [_span(rows, column) for column in ("teramacs", "passes")]
        slope = spans[0] / spans[1]
        name = f"tera-MACs of one pass of {tokens} tokens, {method}"
        yield Claim(14, name, macs(tokens, **_LLAVA) / 1e12, slope)


def _span(rows: Iterable[Row], column: str) -> float:
    cells = [float(row[column]) for row in rows]
    return max(cells) - min(cells)


_WORKED_OUT: Mapping[int, Callable[[], Iterator[Claim]]] = {2: _averages, 10: _ratios, 14: _macs}
