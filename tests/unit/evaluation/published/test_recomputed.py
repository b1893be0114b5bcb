"""What follows from the paper's own tables."""

from __future__ import annotations

import pytest

from visualcrop import VisualcropError
from visualcrop.evaluation.published.recomputed import claims
from visualcrop.evaluation.published.tables import table, tables


def test_every_efficiency_ratio_follows_from_table_10() -> None:
    """The six that the paper states or implies."""
    found = [round(claim.ours, 2) for claim in claims(10)]
    assert found == [3.43, 4.36, 4.72, 4.82, 6.55, 3.03]


def test_a_pass_costs_what_the_formula_says() -> None:
    """4.36 and 4.47 tera-MACs; the slopes of Table 14 agree to half a percent."""
    found = claims(14)
    assert [round(claim.ours, 2) for claim in found] == [4.36, 4.47]
    assert all(claim.ours == pytest.approx(claim.printed, rel=0.005) for claim in found)


def test_averages_are_over_questions() -> None:
    """Table 2's averages to the digit, but for one that its own cells do not give."""
    found = {claim.what: round(claim.ours, 2) for claim in claims(2)}
    assert found["direct, perception [%]"] == 52.01
    off = [claim.what for claim in claims(2) if round(claim.ours, 2) != claim.printed]
    assert off == ["direct, reasoning [%]"]  # 40.93 is printed, 40.99 follows


def test_table_11_agrees_with_table_2() -> None:
    """Domains by task and by domain are the same figures."""
    by_task = table(11).where(subset="perception", domain="rs")
    mean = sum(float(row["direct"]) for row in by_task) / len(by_task)
    assert mean == pytest.approx(float(table(2).row(method="direct")["p_rs"]), abs=0.01)


def test_every_row_is_as_wide_as_its_heading() -> None:
    """No cell is lost, and none without a heading."""
    assert [each.number for each in tables()] == list(range(2, 17))
    assert all(None not in row and None not in row.values() for t in tables() for row in t.rows)


def test_an_unknown_table_is_named() -> None:
    """One sentence tells which there are."""
    with pytest.raises(VisualcropError, match="Table 99 of the paper is not here; there are"):
        table(99)
