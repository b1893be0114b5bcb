"""One place, from near to far."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from tests.support.drawn import boxes
from tests.support.saying import saying
from visualcrop import Answer, Box, Evidence, Finding, Grid, Image, Question, RelevanceMap, Target
from visualcrop.answer.canvas import Canvas
from visualcrop.answer.collage import Collage
from visualcrop.answer.funnel import Funnel, measure_entropy, widen_box
from visualcrop.answer.interleaved import Interleaved
from visualcrop.values import View

_IMAGE = Image.open(np.random.default_rng(0).integers(0, 255, (600, 900, 3), np.uint8))
_MUG = Target("mug")
_BOX = Box(400, 200, 500, 300)
_WHOLE = View.whole(_IMAGE)


def _map(scores: object) -> RelevanceMap:
    table = np.asarray(scores, np.float32)
    rows, columns = table.shape
    return RelevanceMap(Grid.even(rows, columns, _IMAGE.box), table)


def _answer(funnel: Funnel, relevance: RelevanceMap | None = None) -> Answer:
    found, model = Finding(_MUG, _BOX), saying("red")[0]
    evidence = [] if relevance is None else [Evidence(_MUG, [found], relevance)]
    return funnel.compose_with_evidence(Question("What?", _IMAGE), [found], model, evidence)


class TestEntropy:
    """How far a map spreads."""

    @given(st.lists(st.floats(0, 9), min_size=2, max_size=12).filter(any))
    def test_is_shannons(self, scores: list[float]) -> None:
        """Of the scores as parts of their sum, by the logarithm of their number."""
        kept = np.array(scores, np.float32).astype(float)
        if kept.any():
            wanted = entropy(kept) / np.log(len(kept))
            assert measure_entropy(_map([scores])) == pytest.approx(wanted, abs=1e-9)

    def test_of_the_extremes(self) -> None:
        """One cell is 0, all alike are 1, and negative scores are none."""
        assert measure_entropy(_map([[0, 1, 0], [-5, 0, 0]])) == 0
        assert measure_entropy(_map(np.ones((4, 4)))) == pytest.approx(1)
        assert measure_entropy(_map(np.zeros((4, 4)))) == measure_entropy(_map([[-1.0]])) == 1
        assert measure_entropy(None) == 0.5


class TestWidened:
    """The three boxes."""

    def test_sides(self) -> None:
        """1, 1.2 + 0.6 H and 1.6 + 1.2 H of the box, about its centre."""
        for spread, sides in ((0.0, (100, 120, 160)), (1.0, (100, 180, 280))):
            found = widen_box(_BOX, _IMAGE.box, spread)
            assert [round(box.width) for box in found] == [*sides]
            assert {box.centre for box in found} == {_BOX.centre}

    @given(boxes(within=500), st.floats(0, 1))
    def test_stay_in_the_image(self, box: Box, spread: float) -> None:
        """Each contains the one before; what the image cuts off is lost, and none comes twice."""
        within = Box(0, 0, 1100, 1100)
        found = widen_box(box, within, spread)
        assert all(each.lies_in(within) for each in found)
        assert all(big.contains(small) for small, big in pairwise(found))
        assert len({*found}) == len(found)
        assert widen_box(within, within, spread) == (within,)


class TestShown:
    """What the model sees."""

    def test_one_image(self) -> None:
        """A canvas, where the model's own composer shows one image."""
        answer = _answer(Funnel(cell=60), _map(np.ones((4, 4))))
        three = widen_box(_BOX, _IMAGE.box, 1.0)
        assert answer.shown == (View.whole(Collage(three, 60).of(_IMAGE)),)
        assert answer.shown == _answer(Funnel(cell=60, otherwise=Canvas()), _map([[1, 1]])).shown

    def test_several_images(self) -> None:
        """The whole image, and then from near to far, where it shows several; or as told to."""
        three = (View(_IMAGE, box) for box in widen_box(_BOX, _IMAGE.box, 0.5))
        wanted = (_WHOLE, *three)
        assert _answer(Funnel(otherwise=Interleaved())).shown == wanted
        assert _answer(Funnel(views="sequence")).shown == wanted
        assert len(_answer(Funnel(otherwise=Interleaved(), views="canvas")).shown) == 1

    def test_not_one_place(self) -> None:
        """None, two or every one of a kind go to the other composer."""
        found = [Finding(_MUG, _BOX), Finding(Target("key"), _BOX.moved(100, 0))]
        every = [Finding(Target("mugs", every=True), _BOX)]
        for findings, view in (
            ([], _WHOLE),
            (found, View(_IMAGE, Box.union(each.box for each in found))),
            (every, View(_IMAGE, _BOX)),
        ):
            answer = Funnel().compose(Question("What?", _IMAGE), findings, saying("red")[0])
            assert answer.shown == (view,)
