"""The arithmetic of parts, heatmaps, crops and phrases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Box, Grid, Image, Proposal, RelevanceMap
from visualcrop_seal.internal import standardize
from visualcrop_seal.locator import parse_location
from visualcrop_seal.missing import MISSING_PREFIX, parse_missing
from visualcrop_seal.search import (
    Detections,
    Part,
    SearchThresholds,
    SummedAreaTable,
    Visit,
    search_parts,
    select_boxes,
    split_in_four,
)
from visualcrop_seal.working_memory import enlarge, format_location

IMAGE = Image.open(np.zeros((600, 1000, 3), np.uint8))
HEATMAP = RelevanceMap(
    Grid.even(30, 50, Box(0, 0, 100, 60)), np.random.default_rng(0).random((30, 50)) - 0.5
)


class TestSummedAreaTable:
    """Fractions of a heatmap in boxes."""

    @given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
    def test_sums_any_box(self, corners):
        """Four look-ups give what adding cell by cell gives."""
        (left, right), (top, bottom) = sorted(corners[:2]), sorted(corners[2:])
        box = Box(left * 100, top * 60, right * 100 + 1e-3, bottom * 60 + 1e-3)
        scores = (HEATMAP.scores - HEATMAP.scores.min()) / np.ptp(HEATMAP.scores)
        expected = 0.0
        for row in range(30):
            for column in range(50):
                common = HEATMAP.grid.cell(row, column).common(box)
                expected += float(scores[row, column]) * (common.area if common else 0)
        fraction = SummedAreaTable.of(HEATMAP).fraction(box)
        assert fraction == pytest.approx(expected / scores.sum() / 4, abs=1e-6)

    def test_fractions_of_parts_add_up(self):
        """The four parts of a box have together what the box has."""
        table = SummedAreaTable.of(HEATMAP)
        assert sum(map(table.fraction, split_in_four(Box(0, 0, 100, 60)))) == pytest.approx(1)

    def test_a_constant_heatmap_guides_nowhere(self):
        """No part has a fraction of it."""
        flat = RelevanceMap(HEATMAP.grid, np.full((30, 50), 3.0))
        assert SummedAreaTable.of(flat).fraction(Box(0, 0, 50, 50)) == 0

    def test_standardized_peaks_are_comparable(self):
        """Stretching or lifting a map does not change how far its peak stands out."""
        other = RelevanceMap(HEATMAP.grid, HEATMAP.scores * 1e-4 + 7)
        peak = standardize(HEATMAP).scores.max()
        assert standardize(other).scores.max() == pytest.approx(peak, rel=1e-2)
        assert standardize(RelevanceMap(HEATMAP.grid, np.full((30, 50), 3.0))).scores.max() == 0


class TestSplitInFour:
    """How a part is split."""

    @given(st.integers(2, 400), st.integers(2, 400), st.integers(0, 50))
    def test_fill_it(self, width, height, left):
        """Four parts of whole pixels that cover the box and do not overlap."""
        box = Box(left, 3, left + width, 3 + height)
        parts = split_in_four(box)
        assert len(parts) == 4
        assert sum(part.area for part in parts) == box.area
        assert all(box.contains(part) for part in parts)
        assert not any(a.common(b) for a in parts for b in parts if a is not b)


class TestSelectBoxes:
    """What a search found."""

    @pytest.mark.parametrize(("overlap", "kept"), [(0.5, 2), (1.0, 3)])
    def test_every_box_of_the_first_look(self, overlap, kept):
        """Where the whole image shows several, each counts; twins only if they are asked for."""
        boxes = [Box(0, 0, 9, 10), Box(0, 0, 10, 10), Box(50, 0, 60, 10), Box(70, 0, 80, 9)]
        scores = (0.8, 0.9, 0.6, 0.4)
        detections = Detections(tuple(map(Proposal, boxes, scores)), HEATMAP)
        visits = [Visit(Part(Box(0, 0, 100, 60)), detections)]
        best = select_boxes(visits, SearchThresholds(), overlap)
        assert best[0] == Proposal(boxes[1], 0.9)
        assert len(best) == kept

    def test_nothing_was_looked_at(self):
        """No box."""
        assert select_boxes([], SearchThresholds()) == ()

    def test_a_look_without_a_box(self):
        """It counts as the part itself, at score 0, and the search continues."""

        class Blind:
            """Detects nothing anywhere."""

            def detect(self, box):
                return Detections((), RelevanceMap(Grid.even(1, 1, box), [[0.0]]))

            def describe(self, box):
                return ""

            def map_place(self, box, place):
                return self.detect(box).heatmap

        thresholds = SearchThresholds(smallest=224)
        visits = list(search_parts(Box(0, 0, 500, 400), Blind(), thresholds))
        assert len(visits) == 5
        assert select_boxes(visits, thresholds) == (Proposal(Box(0, 0, 500, 400), 0.0),)


class TestWorkingMemory:
    """The crop of a finding, and its location in words."""

    def test_crop_is_a_fifth_larger(self):
        """About the same centre; cut where the image ends."""
        assert enlarge(Box(100, 100, 200, 150), 1.2, IMAGE) == Box(90, 95, 210, 155)
        assert enlarge(Box(980, 0, 1000, 20), 1.2, IMAGE) == Box(978, 0, 1000, 24)

    @pytest.mark.parametrize("side", [0, 999.5])
    def test_crop_has_a_pixel(self, side):
        """However thin the box."""
        box = enlarge(Box(side, side / 2, side + 1e-3, side / 2 + 1e-3), 0.1, IMAGE)
        assert IMAGE.box.contains(box)

    def test_location_is_relative_to_the_padded_square(self):
        """Sides in parts of the longer side, the image in the middle."""
        assert format_location(Box(0, 0, 1000, 600), IMAGE) == "[0.000,0.200,1.000,0.800]"
        assert format_location(Box(250, 100, 500, 200), IMAGE) == "[0.250,0.300,0.500,0.400]"


class TestReplies:
    """What is parsed from a model's replies."""

    @pytest.mark.parametrize(
        ("reply", "names"),
        [
            (f"{MISSING_PREFIX} mug, red key.", ["mug", "red key"]),
            (f"{MISSING_PREFIX} mug, mug,, ", ["mug"]),
            (f"Well. {MISSING_PREFIX}", []),
            ("The mug is red.", []),
        ],
    )
    def test_names_what_is_missing(self, reply, names):
        """Only after the sentence that the model was trained to say."""
        assert parse_missing(reply) == names

    @pytest.mark.parametrize(
        ("reply", "phrase"),
        [
            ("The mug is most likely to appear on the wooden table.", "wooden table"),
            (
                "The mug is most likely to appear on the table near the window.",
                "table near the window",
            ),
            (
                "It is most likely to appear on the table or the shelf.",
                "region on the table or the shelf",
            ),
            ("on top", "top"),
            ("on the", "region on the"),
            ("I see no mug", "region around the mug"),
            ("", "region around the mug"),
        ],
    )
    def test_place_is_one_thing_or_a_region(self, reply, phrase):
        """One thing by its name and description; more than one, or none, is a region."""
        assert parse_location(reply, "mug") == phrase
