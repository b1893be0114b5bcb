"""Small things are smeared out in the whole image, and clear in a crop."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import View
from visualcrop.models.toy.scene import COLOURS, KINDS
from visualcrop.models.toy.vision import CELL, find_things, resize, traces
from visualcrop.testing import Bench

_SIDE = 144


@pytest.mark.parametrize("seed", range(4))
class TestSightings:
    """What can be named."""

    def test_nothing_small_in_the_whole(self, seed: int) -> None:
        """At full size the thing asked for is not seen."""
        bench = Bench.set_up(seed)
        seen = find_things(bench.whole, _SIDE)
        assert bench.target.text not in {sighting.kind for sighting in seen}

    def test_clear_in_a_crop(self, seed: int) -> None:
        """In the finding's box it is seen, with its colour, and near the middle."""
        bench = Bench.set_up(seed)
        seen = find_things(View(bench.scene.image, bench.finding.box), _SIDE)
        (sighting,) = (s for s in seen if s.kind == bench.target.text)
        assert sighting.colour == bench.asked.answer
        assert (sighting.across, sighting.down) == pytest.approx((0.5, 0.5), abs=0.1)


class TestTraces:
    """What is left of things that cannot be named."""

    def test_peak_at_the_thing(self) -> None:
        """The strongest trace of a kind in the whole image is in a cell that touches the thing."""
        bench = Bench.set_up()
        found = traces(bench.whole, _SIDE)[bench.target.text]
        row, column = np.unravel_index(found.argmax(), found.shape)
        cells = _SIDE // CELL
        box = bench.asked.boxes[0]
        image = bench.scene.image
        assert box.left // (image.width / cells) <= column <= box.right // (image.width / cells)
        assert box.top // (image.height / cells) <= row <= box.bottom // (image.height / cells)

    def test_each_name_has_a_share_of_each_cell(self) -> None:
        """Kinds and colours, each from 0 to 1, in as many cells as the eye has."""
        found = traces(Bench.set_up().whole, _SIDE)
        assert set(found) == {*KINDS, *COLOURS}
        assert all(trace.shape == (36, 36) for trace in found.values())
        assert all(trace.min() >= 0 and trace.max() <= 1 for trace in found.values())


class TestLook:
    """The view squeezed into the eye."""

    def test_any_shape_becomes_a_square(self) -> None:
        """Whatever the view's shape, the eye is a square of its own size."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        assert resize(view, 144).shape == (144, 144, 3)
        assert resize(bench.whole, 288).shape == (288, 288, 3)
