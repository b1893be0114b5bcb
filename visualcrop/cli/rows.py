"""Rows of a result as a table for people: no number stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    low, high = row["interval"]
    counted = [str(row[name]) for name in ("n", "errors", "unparsed")]
    cost = [f"{row['passes']:.1f}", f"{row['seconds']:.2f}"]
    return [row["searcher"], percent(row["accuracy"]), f"{low:.0%} to {high:.0%}", *counted, *cost,
            *gained(row["gain"])]  # fmt: skip


def percent(share: float) -> str:
    """A share with one digit, as in 72.8 %."""
    return f"{100 * share:.1f} %"


def gained(gain: Mapping[str, Any] | None) -> list[str]:
    """The gain with its bounds, and how likely it is by chance."""
    if gain is None:
        return ["", ""]
    low, high = gain["interval"]["low"], gain["interval"]["high"]
    told = f"{100 * gain['gain']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"
    return [told, "< 0.001" if gain["p"] < 0.001 else f"{gain['p']:.3f}"]


def notes(rows: Sequence[Mapping[str, Any]], *, against: str = "direct") -> list[str]:
    """What has to be said beside the table."""
    unclear = [row for row in rows if row["gain"] and row["gain"]["p"] >= 0.05]
    if not unclear:
        return []
    needed = min(row["gain"]["smallest"] for row in unclear)
    names = ", ".join(row["searcher"] for row in unclear)
    least = f"So few questions show a gain only from about {100 * needed:.0f} points on."
    least = least if needed <= 1 else "So few questions cannot show any gain."
    return [f"Not told apart from {against}: {names}. {least}"]
