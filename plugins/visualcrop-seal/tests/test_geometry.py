"""The arithmetic of parts, heat, crops and phrases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualcrop import Box, Grid, Image, Proposal, RelevanceMap
from visualcrop_seal.describing import place_of
from visualcrop_seal.heat import Guide, peaked
from visualcrop_seal.missing import SORRY, named
from visualcrop_seal.search import Part, Rules, Sighting, Visit, best_of, quarters, walk
from visualcrop_seal.working_memory import enlarged, place

IMAGE = Image.open(np.zeros((600, 1000, 3), np.uint8))
HEAT = RelevanceMap(
    Grid.even(30, 50, Box(0, 0, 100, 60)), np.random.default_rng(0).random((30, 50)) - 0.5
)


class TestGuide:
    """Heat that leads on."""

    @given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
    def test_sums_any_box(self, corners):
        """Four look-ups give what adding cell by cell gives."""
        (left, right), (top, bottom) = sorted(corners[:2]), sorted(corners[2:])
        box = Box(left * 100, top * 60, right * 100 + 1e-3, bottom * 60 + 1e-3)
        scores = (HEAT.scores - HEAT.scores.min()) / np.ptp(HEAT.scores)
        wanted = 0.0
        for row in range(30):
            for column in range(50):
                common = HEAT.grid.cell(row, column).common(box)
                wanted += float(scores[row, column]) * (common.area if common else 0)
        assert Guide.of(HEAT).share(box) == pytest.approx(wanted / scores.sum() / 4, abs=1e-6)

    def test_parts_share_all_of_it(self):
        """The four parts of a box have together what the box has."""
        guide = Guide.of(HEAT)
        assert sum(map(guide.share, quarters(Box(0, 0, 100, 60)))) == pytest.approx(1)

    def test_nothing_leads_nowhere(self):
        """A flat map gives no part a share."""
        flat = RelevanceMap(HEAT.grid, np.full((30, 50), 3.0))
        assert Guide.of(flat).share(Box(0, 0, 50, 50)) == 0

    def test_peaks_compare_on_one_scale(self):
        """Stretching or lifting a map does not change how far its peak stands out."""
        other = RelevanceMap(HEAT.grid, HEAT.scores * 1e-4 + 7)
        assert peaked(other).scores.max() == pytest.approx(peaked(HEAT).scores.max(), rel=1e-2)
        assert peaked(RelevanceMap(HEAT.grid, np.full((30, 50), 3.0))).scores.max() == 0


class TestQuarters:
    """How a part is cut."""

    @given(st.integers(2, 400), st.integers(2, 400), st.integers(0, 50))
    def test_fill_it(self, width, height, left):
        """Four parts of whole pixels that cover the box and do not overlap."""
        box = Box(left, 3, left + width, 3 + height)
        parts = quarters(box)
        assert len(parts) == 4
        assert sum(part.area for part in parts) == box.area
        assert all(box.contains(part) for part in parts)
        assert not any(a.common(b) for a in parts for b in parts if a is not b)


class TestBestOf:
    """What a walk found."""

    @pytest.mark.parametrize(("overlap", "kept"), [(0.5, 2), (1.0, 3)])
    def test_every_box_of_the_first_look(self, overlap, kept):
        """Where the whole image shows several, each counts; twins only if they are asked for."""
        boxes = [Box(0, 0, 9, 10), Box(0, 0, 10, 10), Box(50, 0, 60, 10), Box(70, 0, 80, 9)]
        scores = (0.8, 0.9, 0.6, 0.4)
        seen = Sighting(tuple(map(Proposal, boxes, scores)), HEAT)
        best = best_of([Visit(Part(Box(0, 0, 100, 60)), seen)], Rules(), overlap)
        assert best[0] == Proposal(boxes[1], 0.9)
        assert len(best) == kept

    def test_nothing_was_looked_at(self):
        """No box."""
        assert best_of([], Rules()) == ()

    def test_a_look_without_a_box(self):
        """It counts as the part itself, with no score, and the walk goes on."""

        class Blind:
            """Sees nothing anywhere."""

            def detect(self, box):
                return Sighting((), RelevanceMap(Grid.even(1, 1, box), [[0.0]]))

            def describe(self, box):
                return ""

            def context(self, box, place):
                return self.detect(box).heat

        visits = list(walk(Box(0, 0, 500, 400), Blind(), Rules(smallest=224)))
        assert len(visits) == 5
        assert best_of(visits, Rules()) == (Proposal(Box(0, 0, 500, 400), 0.0),)


class TestWorkingMemory:
    """What is shown of a finding, and where it is said to be."""

    def test_crop_is_a_fifth_larger(self):
        """About the same centre; cut where the image ends."""
        assert enlarged(Box(100, 100, 200, 150), 1.2, IMAGE) == Box(90, 95, 210, 155)
        assert enlarged(Box(980, 0, 1000, 20), 1.2, IMAGE) == Box(978, 0, 1000, 24)

    @pytest.mark.parametrize("side", [0, 999.5])
    def test_crop_has_a_pixel(self, side):
        """However thin the box."""
        box = enlarged(Box(side, side / 2, side + 1e-3, side / 2 + 1e-3), 0.1, IMAGE)
        assert IMAGE.box.contains(box)

    def test_place_is_that_in_the_padded_square(self):
        """Sides in parts of the longer side, the image in the middle."""
        assert place(Box(0, 0, 1000, 600), IMAGE) == "[0.000,0.200,1.000,0.800]"
        assert place(Box(250, 100, 500, 200), IMAGE) == "[0.250,0.300,0.500,0.400]"


class TestReplies:
    """What is read off a model's words."""

    @pytest.mark.parametrize(
        ("reply", "names"),
        [
            (f"{SORRY} mug, red key.", ["mug", "red key"]),
            (f"{SORRY} mug, mug,, ", ["mug"]),
            (f"Well. {SORRY}", []),
            ("The mug is red.", []),
        ],
    )
    def test_names_what_is_missing(self, reply, names):
        """Only after the sentence that the model was taught."""
        assert named(reply) == names

    @pytest.mark.parametrize(
        ("said", "phrase"),
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
    def test_place_is_one_thing_or_a_region(self, said, phrase):
        """One thing by its name and what is said of it; more than one, or none, is a region."""
        assert place_of(said, "mug") == phrase
