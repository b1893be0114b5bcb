"""Figures of a run by name: of all questions, of some categories, and over draws."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import errors
from visualcrop.data.record import Record
from visualcrop.evaluation.measures import Figure, measure_records

_RIGHT = {  # by variant, of four questions
    "a": (1, 0, 0, 0),
    "b": (1, 1, 0, 1),
    "c": (1, 1, 1, 1),
}
_CATEGORIES = (
    ("Perception", "OCR with Complex Context", "license"),
    ("Perception", "Monitoring", "vehicle/attribute/color"),
    ("Reasoning", "Monitoring", "property"),
    ("Reasoning", "OCR with Complex Context", "scene understanding"),
)


def _records() -> list[Record]:
    return [
        Record(
            id=str(place),
            variant=variant,
            status="ok",
            score=float(score),
            category=_CATEGORIES[place],
            counts={"focus-paper": 10 * (place + 1), "all": 100, "zoomeye-paper": 3 * place},
            seconds=place / 4,
            alone=True,
        )
        for variant, scores in _RIGHT.items()
        for place, score in enumerate(scores)
    ]


def _value(figure: Figure | None) -> float:
    assert figure is not None
    return figure.value


class TestFigures:
    """Of one variant."""

    def test_nothing_spent_is_a_figure(self) -> None:
        """A search without a pass took no MACs; what was not measured has no figure."""
        record = Record("1", "direct", "ok", score=1.0, macs={"answer": 2e12}, alone=True)
        names = ("search TMACs", "search and answer TMACs", "peak GiB")
        found = measure_records([record], names)["direct"]
        assert [_value(found[name]) for name in names[:2]] == [0, 2]
        assert found["peak GiB"] is None

    @pytest.mark.parametrize(
        ("name", "questions"),
        [
            ("accuracy", (0, 1, 2, 3)),
            ("accuracy of Perception/*", (0, 1)),
            ("accuracy of perception/ocr*", (0,)),
            ("accuracy of */Monitoring/*", (1, 2)),
            ("accuracy of Perception/Monitoring/vehicle*color", (1,)),
        ],
    )
    def test_accuracy_is_of_the_questions_that_fit(
        self, name: str, questions: tuple[int, ...]
    ) -> None:
        """In percent, of exactly those whose categories fit the pattern, in letters of any case."""
        found = measure_records(_records(), [name])
        for variant, right in _RIGHT.items():
            wanted = 100 * np.mean([right[question] for question in questions])
            figure = found[variant][name]
            assert _value(figure) == pytest.approx(wanted)
            assert figure is not None
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= wanted <= figure.high

    def test_counts_and_seconds_are_means(self) -> None:
        """Over the questions that fit."""
        names = ["search passes", "search passes of Reasoning/*", "zoomeye-paper", "seconds"]
        found = measure_records(_records(), names)["b"]
        assert [_value(found[name]) for name in names] == [25, 35, 4.5, 0.375]

    def test_what_is_not_known_is_none(self) -> None:
        """No question of a category, no GPU, no true boxes: not zero."""
        names = ["accuracy of Perception/Remote*", "peak GiB", "recall", "deviation"]
        found = measure_records(_records(), names)["a"]
        assert {name for name in names if found[name] is not None} == set()

    def test_unknown_measure(self) -> None:
        """One sentence names what is near."""
        with pytest.raises(errors.EvaluationError, match="'accurasy'; did you mean 'accuracy'"):
            measure_records([], ["accurasy"])


class TestDraws:
    """Several variants as one row."""

    def test_mean_and_deviation(self) -> None:
        """As numpy has them for a sample; a variant that is drawn twice counts twice."""
        drawn = ["a", "b", "b", "c"]
        found = measure_records(_records(), ["accuracy", "deviation"], {"all": drawn})["all"]
        accuracies = [100 * np.mean(_RIGHT[variant]) for variant in drawn]
        assert _value(found["accuracy"]) == pytest.approx(np.mean(accuracies))
        assert _value(found["deviation"]) == pytest.approx(np.std(accuracies, ddof=1))

    def test_is_none_until_every_draw_has_an_answer(self) -> None:
        """A mean over some of them would be another figure."""
        names = ["accuracy", "deviation"]
        found = measure_records(_records(), names, {"all": ["a", "lost"]})["all"]
        assert found == dict.fromkeys(names)
