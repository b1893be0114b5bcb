"""What follows from the paper's own tables."""

from __future__ import annotations

import pytest

from visualcrop import VisualcropError
from visualcrop.evaluation.published.recomputed import claims
from visualcrop.evaluation.published.stated import stated
from visualcrop.evaluation.published.tables import table, tables


def test_every_efficiency_ratio_follows_from_table_10() -> None:
    """The six that the paper states or implies."""
    found = [round(claim.ours, 2) for claim in claims(10) if claim.what.startswith("ZoomEye's")]
    assert found == [3.43, 4.36, 4.72, 4.82, 6.55, 3.03]
    assert [claim.printed for claim in claims(10)][:4] == [3.43, 4.39, 4.72, None]


def test_parts_of_the_passes_follow_from_table_10() -> None:
    """Type-1 targets of a question, to three digits, and overrun at 8 steps."""
    found = {claim.what: f"{claim.ours:.{claim.digits}f}" for claim in claims(10)}
    named = {
        "type-1 targets of a question, llava-1.5, vstar": "1.390",
        "type-1 targets of a question, llava-1.5, hrbench_4k": "1.135",
        "overrun at 8 steps, passes at least, llava-1.5, vstar": "0.61",
        "overrun at 8 steps, passes at least, llava-onevision, vstar": "0.33",
    }
    assert {name: found[name] for name in named} == named


def test_a_pass_costs_what_the_formula_says() -> None:
    """4.36 and 4.47 tera-MACs; the slopes of Table 14 agree to half a percent."""
    found = [claim for claim in claims(14) if "one pass" in claim.what]
    assert [round(claim.ours, 2) for claim in found] == [4.36, 4.47]
    assert all(claim.ours == pytest.approx(claim.printed, rel=0.005) for claim in found)


def test_one_pass_more_is_in_the_flops_of_focus_alone() -> None:
    """Table 14 by row: FOCUS's are those of one pass more than it counts, ZoomEye's of none."""
    beside = {claim.what.split()[-1]: claim.ours for claim in claims(14) if "beside" in claim.what}
    assert beside["focus"] == pytest.approx(1, abs=0.06)
    assert beside["zoomeye"] == pytest.approx(0, abs=0.06)
    for row in table(14).rows:
        passes, spent = float(row["passes"]), float(row["teramacs"])
        one = 4.36 if row["method"] == "focus" else 4.47
        extra = (spent - passes * one) / one
        expected = 1.05 if row["method"] == "focus" else 0
        assert extra == pytest.approx(expected, abs=0.1), row["setting"]


def test_ratio_and_gain_of_mme_are_over_all_questions() -> None:
    """5.47 to the digit, and 6 % where 5.69 % follows."""
    found = {claim.what: claim for claim in claims(2)}
    ratio_found = found["ZoomEye's passes / FOCUS's, all questions"]
    assert round(ratio_found.ours, 2) == ratio_found.printed == 5.47
    gain = found["FOCUS's accuracy over direct's, all questions [%]"]
    assert (round(gain.ours), gain.printed) == (6, 6)


def test_averages_are_over_questions() -> None:
    """Table 2's averages to the digit, but for one that its own cells do not give."""
    found = {claim.what: round(claim.ours, 2) for claim in claims(2)}
    assert found["direct, perception [%]"] == 52.01
    averages = [claim for claim in claims(2) if "direct's" not in claim.what]
    off = [claim.what for claim in averages if round(claim.ours, 2) != claim.printed]
    assert off == ["direct, reasoning [%]"]  # 40.93 is printed, 40.99 follows


def test_stated_ratios_bound_those_of_table_10() -> None:
    """The abstract's 3 and 6.5 are the least and the most, of both models, cut off."""
    found = [claim.ours for claim in claims(10) if claim.what.startswith("ZoomEye's")]
    printed = [stated(f"{which} efficiency, both") for which in ("least", "most")]
    assert [int(10 * ratio) / 10 for ratio in (min(found), max(found))] == printed


def test_open_ended_accuracies_are_of_v_star() -> None:
    """C.2's: 85 and 126 of its 191 questions."""
    found = [stated(f"open-ended, {method}, llava-1.5, vstar") for method in ("direct", "focus")]
    assert found == [round(100 * right / 191, 2) for right in (85, 126)]


def test_table_11_agrees_with_table_2() -> None:
    """Domains by task and by domain are the same figures."""
    by_task = table(11).where(subset="perception", domain="rs")
    mean = sum(float(row["direct"]) for row in by_task) / len(by_task)
    assert mean == pytest.approx(float(table(2).row(method="direct")["p_rs"]), abs=0.01)


def test_every_row_is_as_wide_as_its_heading() -> None:
    """No cell is lost, and none without a heading."""
    assert [each.number for each in tables()] == list(range(1, 17))
    assert all(None not in row and None not in row.values() for t in tables() for row in t.rows)


def test_an_unknown_table_is_named() -> None:
    """One sentence tells which there are."""
    with pytest.raises(VisualcropError, match="Table 99 of the paper is not here; there are"):
        table(99)
