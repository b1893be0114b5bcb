"""Rows of a result as tables on the terminal, with the notes that belong to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..evaluation.formatting import (
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
from .options import console

_HEADINGS = ("searcher", "right", "95 %", "n", "errors", "unparsed", "passes")


def print_rows(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> None:
    """One line for each variant."""
    _print((*_HEADINGS, f"against {against}", "p"), [_cells(row) for row in rows])


def print_costs(rows: Sequence[Mapping[str, Any]]) -> None:
    """What a question costs under each variant, as far as the model tells."""
    told = format_costs(rows)
    cells = [[row["searcher"], *each.values()] for row, each in zip(rows, told, strict=True)]
    _print(("a question costs", *(told[0] if told else ())), cells)


def _print(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    console().table(headings, rows, right=headings[1:])


def _cells(row: Mapping[str, Any]) -> list[str]:
    counted = [str(row[name]) for name in ("n", "errors", "unparsed")]
    return [
        row["searcher"],
        *format_accuracy(row),
        *counted,
        f"{row['passes']:.1f}" if row["n"] else "",
        format_gain(row["gain"]),
        format_p(row["gain"]),
    ]


def notes(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> list[str]:
    """Sentences below the tables, without which their figures mislead."""
    return [
        *describe_problems(rows),
        *_unclear(rows, against),
        *describe_correction(rows, against),
        *describe_downscaling(rows),
        *describe_memory(rows),
    ]


def _unclear(rows: Sequence[Mapping[str, Any]], against: str) -> list[str]:
    unclear = [row for row in rows if row["gain"] and corrected_p(row["gain"]) >= LIKELY]
    if not unclear:
        return []
    needed = max(row["gain"]["smallest"] for row in unclear)
    names = ", ".join(row["searcher"] for row in unclear)
    least = f"So few questions show a gain only from about {100 * needed:.0f} points on."
    least = least if needed <= 1 else "So few questions cannot show any gain."
    return [f"Not told apart from {against}: {names}. {least}"]
