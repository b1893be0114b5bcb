"""Rows of a result as a table for people: no number stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..evaluation.wording import LIKELY, bounds_told, chance_told, gain_told, percent
from .options import console

_HEADINGS = ("searcher", "right", "95 %", "n", "errors", "unparsed", "passes", "seconds")


def print_rows(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> None:
    """One line for each variant."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in (*_HEADINGS, f"against {against}", "p"):
        table.add_column(heading, justify="left" if heading == "searcher" else "right")
    for row in rows:
        table.add_row(*_cells(row))
    console().print(table)


def _cells(row: Mapping[str, Any]) -> list[str]:
    counted = [str(row[name]) for name in ("n", "errors", "unparsed")]
    cost = [f"{row['passes']:.1f}", f"{row['seconds']:.2f}"]
    right = [percent(row["accuracy"]), bounds_told(row["interval"])]
    return [
        row["searcher"],
        *right,
        *counted,
        *cost,
        gain_told(row["gain"]),
        chance_told(row["gain"]),
    ]


def notes(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> list[str]:
    """What has to be said beside the table."""
    unclear = [row for row in rows if row["gain"] and row["gain"]["p"] >= LIKELY]
    if not unclear:
        return []
    needed = min(row["gain"]["smallest"] for row in unclear)
    names = ", ".join(row["searcher"] for row in unclear)
    least = f"So few questions show a gain only from about {100 * needed:.0f} points on."
    least = least if needed <= 1 else "So few questions cannot show any gain."
    return [f"Not told apart from {against}: {names}. {least}"]
