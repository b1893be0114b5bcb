"""Which crops of a run show their target, and the densities that `calibrate` learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest

from visualcrop import Box, Sample
from visualcrop.data.record import Record
from visualcrop.errors import EvaluationError
from visualcrop.evaluation.verified_crops import VerifiedCrops, fit_densities, label_crops
from visualcrop.models.toy.dataset import SceneSource
from visualcrop.plugin import TargetBox
from visualcrop.verification.densities import Densities

THERE, HALF, PART, ELSEWHERE = (
    [*(0.0, 0.0, 40.0, 40.0)],
    [*(0.0, 0.0, 20.0, 40.0)],
    [*(0.0, 0.0, 12.0, 40.0)],
    [*(50.0, 50.0, 90.0, 90.0)],
)
MUG, KEY = TargetBox("mug", Box(10, 10, 30, 30)), TargetBox("key", Box(60, 60, 80, 80))


def make_sample(*targets: TargetBox, answer: int = 0) -> Sample:
    """A question with these boxes; the answer *Yes*, or *No* for 1."""
    return Sample("1", SceneSource(1), "What?", ("Yes", "No"), answer, targets=targets)


def seen(
    target: str, *crops: Sequence[float], every: bool = False, confidence: float | None = 0.5
) -> Mapping[str, Any]:
    """A record's evidence of one target."""
    boxes = [
        {"box": [*crop], "relevance": 1.0, "confidence": confidence, "shown": False}
        for crop in crops
    ]
    return {"target": target, "every": every, "boxes": boxes, "map": None}


def label(sample: Sample, *evidence: Mapping[str, Any]) -> list[VerifiedCrops]:
    """What a record with this evidence comes to."""
    record = Record("1", "focus", "ok", question=sample.digest, picture="p", evidence=evidence)
    return [*label_crops([record], {"1": sample})]


class TestLabels:
    """Whether a crop shows its target."""

    def test_by_the_share_that_is_covered(self) -> None:
        """Half of the box or more: yes. Nothing of it: no. Less: neither."""
        (crops,) = label(make_sample(MUG), seen("mug", ELSEWHERE, PART, HALF, THERE))
        assert crops.shows == (False, None, True, True)
        assert crops.first == (False, False, True, False)
        assert crops.confidences == (0.5,) * 4

    def test_by_the_targets_name(self) -> None:
        """Of two targets each has its own boxes; one that has none of its name is left out."""
        sample = make_sample(MUG, KEY)
        mug, key = label(sample, seen("mug", THERE, ELSEWHERE), seen("key", THERE, ELSEWHERE))
        assert (mug.shows, key.shows) == ((True, False), (False, True))
        assert not label(sample, seen("cup", THERE))

    def test_a_single_target_may_have_another_name(self) -> None:
        """Then all boxes are its own, if they have one name."""
        (crops,) = label(make_sample(MUG), seen("red mug", THERE))
        assert crops.shows == (True,)
        assert not label(make_sample(MUG), seen("red mug", THERE), seen("shelf", THERE))

    def test_an_absent_target(self) -> None:
        """Without boxes and with *No* as the right answer, no crop shows it; else it is unknown."""
        (crops,) = label(make_sample(answer=1), seen("mug", THERE, ELSEWHERE))
        assert crops.shows == (False, False)
        assert not label(make_sample(answer=0), seen("mug", THERE))
        assert not label(make_sample(answer=1), seen("mug", THERE), seen("key", THERE))

    def test_each_instance_is_found_once(self) -> None:
        """A second crop of one instance shows the target, but no new one."""
        both = [TargetBox("mug", KEY.box), MUG]
        (crops,) = label(
            make_sample(*both), seen("mugs", THERE, HALF, ELSEWHERE, THERE, every=True)
        )
        assert crops.shows == (True,) * 4
        assert crops.first == (True, False, True, False)

    def test_what_nobody_asked_about_does_not_count(self) -> None:
        """Neither a box without a confidence, nor a sample that was changed since."""
        assert not label(make_sample(MUG), seen("mug", THERE, confidence=None))
        record = Record("1", "focus", "ok", question="other", evidence=(seen("mug", THERE),))
        assert not [*label_crops([record], {"1": make_sample(MUG)})]
        assert not [*label_crops([attrs.evolve(record, id="2")], {"1": make_sample(MUG)})]

    @pytest.mark.parametrize("crop", [[], [1.0, 2.0], [3.0, 0.0, 1.0, 1.0], ["a"] * 4])
    def test_broken_evidence_is_refused(self, crop: Sequence[Any]) -> None:
        """A record is data; what is no box is named by its question."""
        with pytest.raises(EvaluationError, match="evidence of '1'"):
            label(make_sample(MUG), seen("mug", crop))


def test_densities_are_fitted_on_what_is_known() -> None:
    """Confidences by label, ranks of the first crop, and for all instances what was skipped."""
    one = VerifiedCrops("a", False, (-0.9, 0.1, 0.8), (False, None, True), (False, False, True))
    some = VerifiedCrops(
        "b", True, (0.9, -0.8, 0.7, -0.7), (True, False, True, False), (True, False, True, False)
    )
    expected = Densities.fit([0.8, 0.9, 0.7], [-0.9, -0.8, -0.7], [2], [0, 1], ranks=4)
    assert fit_densities([one, some]) == expected
