"""The whole image beside the crop."""

from __future__ import annotations

import pytest

from tests.support.saying import saying
from visualcrop import Box, Finding, Question, Target, View
from visualcrop.answer.crop import Crop
from visualcrop.answer.whole_and_crop import WholeAndCrop
from visualcrop.testing import AnswerComposerSuite, Bench

_NEAR = [Box(100, 100, 200, 200), Box(220, 120, 300, 260)]
_FAR = [Box(0, 0, 40, 40), Box(400, 300, 500, 420)]


class TestSuite(AnswerComposerSuite):
    """What holds for every composer."""

    strategy = WholeAndCrop


class TestViews:
    """What the model is shown, in which order."""

    @pytest.mark.parametrize("every", [False, True])
    @pytest.mark.parametrize("boxes", [_NEAR[:1], _NEAR, _FAR], ids=["one", "near", "far"])
    def test_the_crop_comes_after_the_whole(self, boxes: list[Box], *, every: bool) -> None:
        """The second view is the one that `crop` shows alone, be it a crop or a canvas."""
        question = Question("What colour?", Bench.set_up().scene.image)
        findings = [Finding(Target("mug", every), box) for box in boxes]
        alone = Crop(t_obj_dist=200, cell=60).compose(question, findings, saying("red")[0])
        model, toy = saying("red")
        WholeAndCrop(t_obj_dist=200, cell=60).compose(question, findings, model)
        assert toy.asked[0].parts == (
            View.whole(question.image),
            *alone.shown,
            "What colour?",
        )

    def test_nothing_found(self) -> None:
        """The whole image is shown once."""
        model, toy = saying("red")
        bench = Bench.set_up()
        WholeAndCrop().compose(Question("What colour?", bench.scene.image), [], model)
        assert toy.asked[0].parts == (bench.whole, "What colour?")
