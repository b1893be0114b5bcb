"""The tables of a run that `evaluate` and `compare` print: results, costs, and notes on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..output.tables import Table
from .formatting import (
    LIKELY,
    corrected_p,
    describe_correction,
    describe_downscaling,
    describe_memory,
    describe_problems,
    format_accuracy,
    format_costs,
    format_gain,
    format_p,
)
from .study import BASELINE

_HEADINGS = ("searcher", "right", "95 %", "n", "errors", "unparsed", "passes")

Rows = Sequence[Mapping[str, Any]]  # of `summarize`, one for each variant


def result_table(rows: Rows, *, against: str = BASELINE) -> Table:
    """Accuracy of each variant with its bounds, and its gain over *against*."""
    headings = (*_HEADINGS, f"against {against}", "p")
    return Table(headings, tuple(_cells(row) for row in rows))


def cost_table(rows: Rows) -> Table:
    """Mean cost of a question under each variant, as far as the model can measure it."""
    measured = format_costs(rows)
    headings = ("a question costs", *(measured[0] if measured else ()))
    cells = ((row["searcher"], *each.values()) for row, each in zip(rows, measured, strict=True))
    return Table(headings, tuple(cells))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = [str(row[name]) for name in ("n", "errors", "unparsed")]
    return (
        row["searcher"],
        *format_accuracy(row),
        *counts,
        f"{row['passes']:.1f}" if row["n"] else "",
        format_gain(row["gain"]),
        format_p(row["gain"]),
    )


def notes(rows: Rows, *, against: str = BASELINE) -> list[str]:
    """Sentences without which the tables would mislead: errors, unclear gains, downscaling."""
    return [
        *describe_problems(rows),
        *_unclear(rows, against),
        *describe_correction(rows, against),
        *describe_downscaling(rows),
    ]


def cost_notes(rows: Rows) -> list[str]:
    """What no single searcher spent: the memory of the process."""
    return [*describe_memory(rows)]


def _unclear(rows: Rows, against: str) -> list[str]:
    unclear = [row for row in rows if row["gain"] and corrected_p(row["gain"]) >= LIKELY]
    if not unclear:
        return []
    needed = max(row["gain"]["smallest"] for row in unclear)
    names = ", ".join(row["searcher"] for row in unclear)
    gain = "no gain" if needed > 1 else f"only a gain of about {100 * needed:.0f} points or more"
    least = f"With so few questions, {gain} would show."
    return [f"No clear difference from {against}: {names}. {least}"]
