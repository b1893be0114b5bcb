"""
Figures of a run by name: what stands beside a cell of the paper.

A name is a measure, such as `accuracy` or `search passes`, or a measure of the questions in some
categories: `accuracy of Perception/OCR*`. The pattern is held against all categories of a question,
from the coarsest, with slashes between; `*` stands for any letters, and case does not count.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import attrs

from ..data.record import Record
from ..errors import EvaluationError, nearest
from .summary import ResultRow, Tally, summary_row

_OF = " of "
_GIB, _TERA = 1024.0**3, 1e12
DEVIATION = "deviation"  # over the draws of a group; no single variant has one


@attrs.frozen
class Figure:
    """One figure of ours, with its bounds (95 %) where it is a share of the questions."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0  # questions, where there are bounds
    effective: float = 0.0  # so many of different images would be as certain


def measure_records(
    records: Iterable[Record], names: Sequence[str], groups: Mapping[str, Sequence[str]] = {}
) -> dict[str, dict[str, Figure | None]]:
    """
    The figures *names*, and `accuracy`, of each variant and group; none where it is not known.

    Args:
        records: Records of one run.
        names: Names of figures, as above.
        groups: Labels of variants by the group's label, with repetition if it was drawn repeatedly.
    """
    asked = {name: parse_measure(name) for name in (*names, "accuracy")}
    tallied = _tally_patterns(records, {pattern for _, pattern in asked.values()})
    found: dict[str, dict[str, Figure | None]] = {}
    rows = {
        pattern: {label: summary_row(label, tally, None) for label, tally in each.items()}
        for pattern, each in tallied.items()
    }
    for label in rows[""]:
        found[label] = {
            name: MEASURES[measure](rows[pattern][label]) if label in rows[pattern] else None
            for name, (measure, pattern) in asked.items()
        }
    return found | {label: _measure_group(found, each, [*asked]) for label, each in groups.items()}


def parse_measure(name: str) -> tuple[str, str]:
    """Measure, and pattern of categories; that is empty where all questions count."""
    measure, _, pattern = name.partition(_OF)
    if measure not in MEASURES:
        known = nearest(measure, MEASURES, called="measures")
        raise EvaluationError(
            f"There is no measure {measure!r}; {known}, and each of them 'of PATTERN'."
        )
    return measure, pattern


def _tally_patterns(
    records: Iterable[Record], patterns: Iterable[str]
) -> dict[str, dict[str, Tally]]:
    """A tally of each variant for each pattern of categories, and for all questions under ""."""
    wanted = {pattern: pattern.casefold() for pattern in patterns if pattern}
    found: dict[str, dict[str, Tally]] = {"": {}, **{pattern: {} for pattern in wanted}}
    for record in records:
        path = "/".join(record.category).casefold()
        fitting = (name for name, pattern in wanted.items() if fnmatchcase(path, pattern))
        for name in ("", *fitting):
            found[name].setdefault(record.variant, Tally()).add(record)
    return found


def _measure_group(
    found: Mapping[str, Mapping[str, Figure | None]], labels: Sequence[str], names: Sequence[str]
) -> dict[str, Figure | None]:
    """Means over the draws of a group, and the sample's standard deviation of their accuracy."""
    measured: dict[str, Figure | None] = {}
    for name in names:
        one = "accuracy" if name == DEVIATION else name
        drawn = [found.get(label, {}).get(one) for label in labels]
        how = statistics.stdev if name == DEVIATION else statistics.fmean
        measured[name] = _summarize_draws(drawn, how)
    return measured


def _summarize_draws(
    drawn: Sequence[Figure | None], how: Callable[[Sequence[float]], float]
) -> Figure | None:
    """One figure for all draws; none before each of two or more has one."""
    values = [figure.value for figure in drawn if figure is not None]
    return Figure(how(values)) if len(values) == len(drawn) > 1 else None


def _accuracy(row: ResultRow) -> Figure | None:
    low, high = row["interval"]
    if not row["n"]:
        return None
    return Figure(100 * row["accuracy"], 100 * low, 100 * high, row["n"], row["effective"])


def _recall(row: ResultRow) -> Figure | None:
    searched = row["recall"] and row["counts"].get("focus-paper")
    return Figure(100 * row["recall"]["recall"]) if searched else None


def _count(name: str) -> Callable[[ResultRow], Figure | None]:
    def measure(row: ResultRow) -> Figure | None:
        return Figure(row["counts"][name]) if row["n"] and name in row["counts"] else None

    return measure


def _amount(*path: str, unit: float = 1.0) -> Callable[[ResultRow], Figure | None]:
    """What a row has at a path of keys, in *unit*; none if it has nothing there."""

    def measure(row: ResultRow) -> Figure | None:
        value: Any = row
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None  # zero is a figure
        return Figure(value / unit) if isinstance(value, int | float) and row["n"] else None

    return measure


MEASURES: Mapping[str, Callable[[ResultRow], Figure | None]] = {
    "accuracy": _accuracy,
    "recall": _recall,
    "search passes": _count("focus-paper"),
    "zoomeye-paper": _count("zoomeye-paper"),
    "seal-paper": _count("seal-paper"),
    "seconds": _amount("seconds"),
    "peak GiB": _amount("memory", "gpu", unit=_GIB),
    "search TMACs": _amount("macs", "search", unit=_TERA),
    "search and answer TMACs": _amount("macs", "search_and_answer", unit=_TERA),
    DEVIATION: lambda row: None,
}
