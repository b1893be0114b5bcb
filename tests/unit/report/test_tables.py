"""Results as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from io import StringIO

from visualcrop.evaluation.comparing import Comparison
from visualcrop.evaluation.summary import Tally, row_of
from visualcrop.record import Record
from visualcrop.report.tables import FORMATS, as_latex, as_markdown, cells

_WHOLE = {"size": [336, 252], "tokens": 576, "target": 0.5}
_LABEL = r'a|b "50 %" {x_1}, $y$ & #z~^\w'


def _tally(*scores: float) -> Tally:
    tally = Tally()
    for number, score in enumerate(scores):
        recall = {"recall": score, "cover": score, "iou": score}
        tally.add(Record(str(number), "a", "ok", score, counts={"all": 3}, recall=recall,
                         work={"flops": 3e12, "macs": 1.25e12, "image_tokens": 576}, alone=True,
                         image=(640, 480), whole=_WHOLE))  # fmt: skip
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
    told = dict(zip(heading, direct, strict=True))
    assert (told["gain"], told["p"]) == ("", "")


def test_where_all_failed_nothing_is_right_or_wrong() -> None:
    """Share and bounds are empty, as what is not known."""
    failed = Tally()
    failed.add(Record("0", "a", "error", error="ImageError: It is cut short."))
    heading, row = cells(Comparison("a", [row_of("a", failed, failed)]))
    told = dict(zip(heading, row, strict=True))
    assert [told[name] for name in ("accuracy", "low", "high", "errors")] == ["", "", "", "1"]


def test_costs_have_their_units() -> None:
    """True FLOPs beside the MACs of papers, tokens of images; how images were shown comes last."""
    heading, _, ours = cells(_table())
    told = dict(zip(heading, ours, strict=True))
    assert (told["TFLOPs"], told["TMACs"], told["image tokens"]) == ("3", "1.25", "576")
    assert [*told.values()][-4:] == ["576", "4", "4", ""]
    assert [*told][-4:] == ["whole image tokens", "shrunk", "below a token", "GPU bytes"]


def test_csv_comes_back() -> None:
    """Commas and quotes are kept."""
    told = csv.reader(StringIO(FORMATS["csv"](cells(_table()))))
    assert [*told] == [[*row] for row in cells(_table())]


def test_markdown_keeps_its_columns() -> None:
    """A bar within a cell would add one."""
    lines = as_markdown(cells(_table())).splitlines()
    assert {line.count("|") for line in lines} == {17}


def test_latex_is_escaped() -> None:
    """Whatever LaTeX takes for its own, the backslash too, and each once."""
    latex = as_latex(cells(_table()))
    escaped = (
        r'a\textbar{}b "50 \%" \{x\_1\}, \$y\$ \& \#z\textasciitilde{}\textasciicircum{}'
        r"\textbackslash{}w"
    )
    assert f"\n{escaped} & 100.00 & " in latex
    assert latex.count(r" \\") == 3
