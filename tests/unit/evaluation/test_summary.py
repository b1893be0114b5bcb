"""Figures that not all records have, and what they are means of."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from visualcrop.data.record import Record
from visualcrop.evaluation.formatting import describe_stages, format_costs
from visualcrop.evaluation.summary import Tally, summary_row

_STAGES = {"targets": 1e9, "relevance": 2e9, "verification": 8e9, "answer": 3e9}


def _row(*records: Record) -> dict[str, Any]:
    tally = Tally()
    for record in records:
        tally.add(record)
    return summary_row("a", tally, None)


def _record(id: str, **fields: Any) -> Record:
    return Record(id, "a", "ok", 1.0, alone=True, **fields)


def _recall(covered: int, boxes: int) -> dict[str, float]:
    share = covered / boxes
    return {"recall": share, "covered": covered, "boxes": boxes, "cover": share, "iou": share}


def _read_as_older(record: Record, *fields: str) -> Record:
    """The record from a line that was written before *fields* were there."""
    values = json.loads(record.line())
    for name in fields:
        table, _, key = name.partition(".")
        if key:
            del values[table][key]
        else:
            del values[table]
    return Record.read(json.dumps(values))


class TestRecall:
    """Over questions, and over true boxes."""

    def test_a_question_with_two_boxes_counts_twice_when_pooled(self) -> None:
        """One of one, and none of two: a half of the questions, a third of the boxes."""
        recall = _row(_record("0", recall=_recall(1, 1)), _record("1", recall=_recall(0, 2)))[
            "recall"
        ]
        assert (recall["recall"], recall["pooled"]) == (0.5, pytest.approx(1 / 3))

    def test_halves_make_shares_of_382(self) -> None:
        """The mean over the 191 questions of V*Bench, 76 of them with two boxes, is k/382."""
        one = [_record(f"one-{n}", recall=_recall(n % 2, 1)) for n in range(115)]
        two = [_record(f"two-{n}", recall=_recall(n % 3, 2)) for n in range(76)]
        recall = _row(*one, *two)["recall"]
        assert recall["recall"] * 382 == pytest.approx(2 * 57 + 75, abs=1e-5)
        assert recall["pooled"] * (115 + 2 * 76) == pytest.approx(57 + 75, abs=1e-5)

    def test_older_records_cannot_tell(self) -> None:
        """With one of them the mean over questions stays, and no share of boxes is guessed."""
        old = _read_as_older(_record("0", recall=_recall(1, 1)), "recall.boxes", "recall.covered")
        recall = _row(old, _record("1", recall=_recall(1, 2)))["recall"]
        assert (recall["recall"], recall["pooled"]) == (0.75, None)

    @pytest.mark.parametrize("edited", [{"boxes": 0, "covered": 0}, {"boxes": 2}])
    def test_an_edited_record_has_no_share(self, edited: dict[str, float]) -> None:
        """Neither of no boxes nor without the covered ones; the other figures stay."""
        recall = _row(_record("0", recall={"recall": 1, "cover": 1, "iou": 1, **edited}))["recall"]
        assert (recall["recall"], recall["pooled"]) == (1, None)

    def test_questions_without_boxes_are_left_out(self) -> None:
        """They lower neither share."""
        recall = _row(_record("0", recall=_recall(1, 2)), _record("1"))["recall"]
        assert (recall["recall"], recall["pooled"]) == (0.5, 0.5)
        assert _row(_record("1"))["recall"] is None


class TestMacs:
    """Multiply-accumulates by stage."""

    def test_are_with_and_without_the_answer(self) -> None:
        """The search is what the paper counts: neither extraction nor answer."""
        macs = _row(_record("0", macs=_STAGES), _record("1", macs=_STAGES))["macs"]
        assert macs["stages"] == _STAGES
        assert (macs["search"], macs["search_and_answer"]) == (10e9, 13e9)

    def test_are_told_by_stage(self) -> None:
        """In one sentence for each searcher that has more than one stage."""
        row = _row(_record("0", macs=_STAGES))
        assert [*describe_stages([row])] == [
            "MACs by stage, a: targets 1.0 G, relevance 2.0 G, verification 8.0 G, answer 3.0 G."
        ]
        assert [*describe_stages([_row(_record("0", macs={"answer": 3e9}))])] == []

    def test_a_stage_that_not_every_question_has(self) -> None:
        """It is a mean over all questions: half of them ran it, so half of it."""
        macs = _row(_record("0", macs=_STAGES), _record("1", macs={"answer": 3e9}))["macs"]
        assert (macs["search"], macs["search_and_answer"]) == (5e9, 8e9)

    def test_older_records_have_none(self) -> None:
        """They are read, and lower no mean; a run of them alone says nothing."""
        old = _read_as_older(_record("0", macs=_STAGES, work={"macs": 14e9}), "macs")
        assert _row(old)["macs"] is None
        assert _row(old, _record("1", macs=_STAGES))["macs"]["search"] == 10e9

    def test_every_field_of_a_record_comes_back(self) -> None:
        """The new table too."""
        record = _record("0", macs=_STAGES, recall=_recall(1, 2))
        assert attrs.asdict(Record.read(record.line())) == attrs.asdict(record)


class TestOwnPaper:
    """Passes as a method's own paper counts them."""

    def test_stands_beside_real_calls(self) -> None:
        """ZoomEye's three for each popped node; the searcher without one has an empty cell."""
        counts = {"all": 9, "focus-paper": 7, "pops": 2, "zoomeye-paper": 6}
        ours = _row(_record("0", counts=counts))
        focus = _row(_record("0", counts={"all": 9, "focus-paper": 7}))
        assert (ours["own_paper_passes"], focus["own_paper_passes"]) == (6, None)
        cells = format_costs([focus, ours])
        assert [each["own paper's passes"] for each in cells] == ["", "6.0"]
        assert [each["search passes"] for each in cells] == ["7.0", "7.0"]


class TestConfidences:
    """Risk against coverage, calibration, and answers that abstain."""

    def test_an_abstained_answer_is_not_right(self) -> None:
        """It is counted, the accuracy of the others stands beside, and it is the least sure."""
        kept = [_record(str(n), confidence=0.9) for n in range(3)]
        row = _row(*kept, attrs.evolve(_record("3"), score=0.0, abstained=True))
        assert (row["accuracy"], row["accuracy_answered"], row["abstained"]) == (0.75, 1.0, 1)
        assert row["aurc"] == pytest.approx(1 / 16)
        assert row["ece"] == pytest.approx(0.1)

    def test_records_without_confidences_have_no_area(self) -> None:
        """As those of older runs, and of questions without choices."""
        row = _row(_record("1"), _record("2"))
        assert (row["aurc"], row["ece"], row["abstained"]) == (None, None, 0)
