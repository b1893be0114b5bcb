"""Rows of results as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, TypeAlias

from ..evaluation.comparing import Comparison

Cells: TypeAlias = Sequence[Sequence[str]]

_COLUMNS = ("searcher", "accuracy", "low", "high", "n", "errors", "unparsed", "search passes",
            "passes", "image tokens", "TFLOPs", "TMACs", "seconds",
            "recall", "gain", "p")  # fmt: skip
_ASIDE = ("whole image tokens", "shrunk", "below a token", "GPU bytes")  # in CSV alone
_SPECIAL = {letter: f"\\{letter}" for letter in "%_&#${}"} | {
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def cells(whole: Comparison) -> Cells:
    """A heading and a row for each variant; shares in percent, what is not known empty."""
    return [(*_COLUMNS, *_ASIDE), *([*_row(row), *_aside(row)] for row in whole.rows)]


def _row(row: Mapping[str, Any]) -> list[str]:
    low, high = row["interval"]
    recall, gain = row["recall"], row["gain"]
    shares = [f"{100 * share:.2f}" if row["n"] else "" for share in (row["accuracy"], low, high)]
    counts = [str(row[name]) for name in ("n", "errors", "unparsed")]
    passes = [f"{row['counts'].get('focus-paper', 0):.2f}", f"{row['passes']:.2f}"]
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


def as_csv(table: Cells) -> str:
    """For spreadsheets and programs."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def as_markdown(table: Cells) -> str:
    """For pages such as these."""
    heading, *rows = _narrow(table)
    lines = [heading, ["---", *["--:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def as_latex(table: Cells) -> str:
    """For papers, in booktabs."""
    heading, *rows = _narrow(table)
    body = "".join(f"{' & '.join(map(_escaped, row))} \\\\\n" for row in rows)
    head = " & ".join(map(_escaped, heading))
    columns = "l" + "r" * (len(heading) - 1)
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}"
        "\\bottomrule\n\\end{tabular}\n"
    )


def _narrow(table: Cells) -> Cells:
    """The columns that people read."""
    return [row[: len(_COLUMNS)] for row in table]


def _escaped(cell: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in cell)


FORMATS: Mapping[str, Callable[[Cells], str]] = {
    "csv": as_csv,
    "md": as_markdown,
    "tex": as_latex,
}
