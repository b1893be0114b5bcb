"""How large boxes grow, and where they stop."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configured import configured
from tests.support.refusals import refused
from visualcrop import Box, Grid, RelevanceMap
from visualcrop.errors import SpecError
from visualcrop.plugin import ProposalGenerator, Registry
from visualcrop.proposals.anchors import Anchors

_GROWING = Anchors(k=1, threshold=-math.inf)  # never stops for want of relevance


def _map(scores: object, base: int | None = None) -> RelevanceMap:
    """Cells of ten pixels."""
    found = np.asarray(scores, float)
    rows, columns = found.shape
    return RelevanceMap(Grid.even(rows, columns, Box(0, 0, 10 * columns, 10 * rows)), found, base)


def _peak(rows: int, columns: int, at: tuple[int, int], base: int | None = None) -> RelevanceMap:
    scores = np.full((rows, columns), 0.01)
    scores[at] = 1
    return _map(scores, base)


def _boxes(anchors: Anchors, found: RelevanceMap) -> list[Box]:
    return [proposal.box for proposal in anchors.propose(found)]


class TestSize:
    """How large boxes grow."""

    def test_begins_at_s_min(self) -> None:
        """About a lone peak a box stays as small as it may be, with the peak in its middle."""
        assert _boxes(Anchors(k=1), _peak(20, 20, (10, 5))) == [Box(40, 90, 70, 120)]
        assert _boxes(Anchors(k=1, s_min=1), _peak(20, 20, (10, 5))) == [Box(50, 100, 60, 110)]

    @pytest.mark.parametrize(("s_max", "side"), [(3, 30), (4, 30), (5, 50), (9, 90), (10**9, 200)])
    def test_ends_at_s_max(self, s_max: int, side: float) -> None:
        """It grows by a cell on each side and never beyond s_max or the grid."""
        (box,) = _boxes(attrs.evolve(_GROWING, s_max=s_max), _peak(20, 20, (10, 10)))
        assert (box.width, box.height) == (side, side)

    def test_grows_while_the_mean_holds(self) -> None:
        """Up to the last size whose mean is the threshold's part of the start, or more."""
        scores = np.zeros((20, 20))
        scores[8:13, 8:13] = 0.6
        scores[10, 10] = 1  # means of 3, 5 and 7 cells: 0.64, 0.62, 0.31
        sizes = {0.7: 30, 0.63: 30, 0.62: 30, 0.61: 50, 0.4: 50, 0.3: 70}
        for threshold, side in sizes.items():
            (box,) = _boxes(Anchors(k=1, s_max=7, threshold=threshold), _map(scores))
            assert box.width == side, threshold

    def test_is_shifted_at_the_border(self) -> None:
        """In a corner a box keeps its size, and the corner."""
        assert _boxes(Anchors(k=1), _peak(20, 20, (0, 19))) == [Box(170, 0, 200, 30)]


class TestAuto:
    """`s_max=auto` spans once to twice what the encoder sees."""

    def test_the_papers_example(self) -> None:
        """60 x 30 cells over 7680 x 3840 pixels and a base of 384: five cells."""
        grid = Grid.even(30, 60, Box(0, 0, 7680, 3840))
        found = RelevanceMap(grid, np.ones((30, 60)), 384)
        (box,) = _boxes(attrs.evolve(_GROWING, s_max="auto"), found)
        assert (box.width, box.height) == (5 * 128, 5 * 128)

    @given(st.integers(50, 700))
    def test_spans_once_to_twice_the_base(self, base: int) -> None:
        """Where the grid has room, a side is from one to two bases long, and odd."""
        found = _peak(201, 201, (100, 100), base)
        (box,) = _boxes(attrs.evolve(_GROWING, s_max="auto"), found)
        assert base <= box.width <= 2 * base
        assert box.width + 20 > 2 * base
        assert box.width / 10 % 2 == 1

    def test_never_below_s_min(self) -> None:
        """Cells as large as the base leave the start's size."""
        (box,) = _boxes(attrs.evolve(_GROWING, s_max="auto"), _peak(9, 9, (4, 4), 10))
        assert box.width == 30

    def test_without_a_base(self) -> None:
        """Where nobody knows what the encoder sees, it is the paper's five cells."""
        (box,) = _boxes(attrs.evolve(_GROWING, s_max="auto"), _peak(9, 9, (4, 4)))
        assert box.width == 50


class TestRefusals:
    """Sizes that contradict one another."""

    def test_the_largest_is_not_below_the_least(self, registry: Registry) -> None:
        """A box cannot start larger than it may become."""
        said = refused(SpecError, registry.build, ProposalGenerator, "anchors(s_min=7)")
        assert said == ("In 'anchors(s_min=7)': s_max must be at least s_min, 7, not 5 @ anchors.")

    def test_options_are_judged_together(self, registry: Registry) -> None:
        """Two options that fit one another can be given in either order."""
        given = ("proposals.s_min=7", "proposals.s_max=9")
        for options in (given, given[::-1]):
            made = configured(registry, "focus", *options)
            assert made.proposals == Anchors(s_min=7, s_max=9)
