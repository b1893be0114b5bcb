"""Rows of results as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..evaluation.comparing import Comparison
from ..output.tables import Cells, csv_table, latex_table, markdown_table

_COLUMNS = ("searcher", "accuracy", "low", "high", "n", "errors", "unparsed", "search passes",
            "passes", "image tokens", "TFLOPs", "TMACs", "seconds",
            "recall", "gain", "p")  # fmt: skip
_ASIDE = ("whole image tokens", "shrunk", "below a token", "GPU bytes")  # in CSV alone


def cells(whole: Comparison) -> Cells:
    """A heading and a row for each variant; shares in percent, what is not known empty."""
    return [(*_COLUMNS, *_ASIDE), *([*_row(row), *_aside(row)] for row in whole.rows)]


def _row(row: Mapping[str, Any]) -> list[str]:
    low, high = row["interval"]
    recall, gain = row["recall"], row["gain"]
    shares = [f"{100 * share:.2f}" if row["n"] else "" for share in (row["accuracy"], low, high)]
    counts = [str(row[name]) for name in ("n", "errors", "unparsed")]
    spent = (row["counts"].get("focus-paper", 0), row["passes"])
    passes = [f"{count:.2f}" if row["n"] else "" for count in spent]
    cost = [*passes, *_work(row["work"]), _seconds(row)]
    found = f"{100 * recall['recall']:.2f}" if recall else ""
    against = [f"{100 * gain['gain']:.2f}", f"{gain['p']:.4f}"] if gain else ["", ""]
    return [row["searcher"], *shares, *counts, *cost, found, *against]


def _work(work: Mapping[str, float]) -> Iterator[str]:
    for name, unit in (("image_tokens", 1), ("flops", 1e12), ("macs", 1e12)):
        amount = work.get(name, 0) / unit
        yield f"{amount:.5g}" if amount else ""


def _seconds(row: Mapping[str, Any]) -> str:
    return "" if row["seconds"] is None else f"{row['seconds']:.3f}"


def _aside(row: Mapping[str, Any]) -> list[str]:
    """How images were shown, and memory: for programs."""
    whole = row["whole"]
    seen = [f"{whole['tokens']:.5g}", str(whole["shrunk"])] if whole else ["", ""]
    lost = str(whole["lost"]) if whole and whole["measured"] else ""
    return [*seen, lost, f"{row['memory']['gpu'] or ''}"]


def as_markdown(table: Cells) -> str:
    """For pages such as these."""
    heading, *rows = _narrow(table)
    return markdown_table(heading, rows)


def as_latex(table: Cells) -> str:
    """For papers, in booktabs."""
    heading, *rows = _narrow(table)
    return latex_table(heading, rows)


def _narrow(table: Cells) -> Cells:
    """The columns that people read."""
    return [row[: len(_COLUMNS)] for row in table]


FORMATS: Mapping[str, Callable[[Cells], str]] = {
    "csv": csv_table,
    "md": as_markdown,
    "tex": as_latex,
}
