"""Results as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from io import StringIO

from visualcrop.evaluation.comparing import Comparison
from visualcrop.evaluation.summary import Tally, row_of
from visualcrop.record import Record
from visualcrop.report.tables import as_csv, as_latex, as_markdown, cells

_LABEL = r'a|b "50 %" {x_1}, $y$ & #z~^\w'


def _tally(*scores: float) -> Tally:
    tally = Tally()
    for number, score in enumerate(scores):
        recall = {"recall": score, "cover": score, "iou": score}
        tally.add(Record(str(number), "a", "ok", score, counts={"all": 3}, recall=recall))
    return tally


def _table() -> Comparison:
    direct, ours = _tally(0, 0, 0, 1), _tally(1, 1, 1, 1)
    rows = [row_of("direct", direct, direct), row_of(_LABEL, ours, direct)]
    return Comparison("direct", rows)


def test_shares_are_percent() -> None:
    """Bounds, counts and costs stand beside them; the baseline has no gain."""
    heading, direct, ours = cells(_table())
    told = dict(zip(heading, ours, strict=True))
    assert (told["accuracy"], told["recall"], told["gain"]) == ("100.00", "100.00", "75.00")
    assert float(told["low"]) < 100 == float(told["high"])
    assert (told["n"], told["errors"], told["unparsed"], told["passes"]) == ("4", "0", "0", "3.00")
    assert direct[-2:] == ["", ""]


def test_csv_comes_back() -> None:
    """Commas and quotes are kept."""
    told = csv.reader(StringIO(as_csv(cells(_table()))))
    assert [*told] == [[*row] for row in cells(_table())]


def test_markdown_keeps_its_columns() -> None:
    """A bar within a cell would add one."""
    lines = as_markdown(cells(_table())).splitlines()
    assert {line.count("|") for line in lines} == {14}


def test_latex_is_escaped() -> None:
    """Whatever LaTeX takes for its own, the backslash too, and each once."""
    latex = as_latex(cells(_table()))
    escaped = (
        r'a|b "50 \%" \{x\_1\}, \$y\$ \& \#z\textasciitilde{}\textasciicircum{}\textbackslash{}w'
    )
    assert f"\n{escaped} & 100.00 & " in latex
    assert latex.count(r" \\") == 3
