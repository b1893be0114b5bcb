"""What a search costs, what it shows, and what it gives for less."""

from __future__ import annotations

import numpy as np
import pytest

from visualcrop import Budget, BudgetedModel, Image, Ledger, Question, View, focus_paper
from visualcrop.plugin import Registry, Searcher
from visualcrop.testing import Scene, ToyModel
from visualcrop_vicrop import ViCrop
from visualcrop_vicrop.searcher import crop_middle_square

LARGE = Scene.draw(43, width=2048, height=2048)
SMALL = Scene.draw(43)
COLOUR = "What colour is the mug?"


def searched(spec, scene=LARGE, **limits):
    """The answer about the mug, and the ledger."""
    ledger = Ledger(Budget(**limits))
    vicrop = Registry.load().build(Searcher, spec)
    answer = vicrop.search(Question(COLOUR, scene.image), BudgetedModel(ToyModel(), ledger))
    return answer, ledger


class TestPrice:
    @pytest.mark.parametrize(
        ("source", "each", "backward"),
        [("rel-att", 2, 0), ("grad-att", 1, 1), ("pure-grad", 2, 2), ("vv", 1, 0)],
    )
    @pytest.mark.parametrize(("scene", "parts"), [(SMALL, 1), (LARGE, 4)])
    def test_is_one_and_so_many_for_each_part(self, source, each, backward, scene, parts):
        """1 + 2n for relative maps, 1 + n for the others, as FOCUS counts them; and the answer."""
        answer, ledger = searched(f"vicrop(source={source})", scene)

        assert focus_paper(ledger) == 1 + each * parts
        assert ledger.by_stage() == {"original": 1, "relevance": each * parts, "answer": 1}
        assert ledger.usage.backward == backward * parts
        assert not answer.exhausted

    def test_without_the_original_answer(self):
        """It is one pass less, and the same answer."""
        answer, ledger = searched("vicrop(original=false)")

        assert ledger.by_stage() == {"relevance": 8, "answer": 1}
        assert answer.text == searched("vicrop")[0].text

    def test_without_parts(self):
        """However large the image, there is one map."""
        assert searched("vicrop(high=false)")[1].by_stage()["relevance"] == 2


class TestBudget:
    @pytest.mark.parametrize("passes", [3, 5, 8])
    def test_too_small_for_all_parts_looks_at_the_whole(self, passes):
        """One map of everything is better than some of a corner."""
        answer, ledger = searched("vicrop", passes=passes)

        assert ledger.by_stage() == {"original": 1, "relevance": 2, "answer": 1}
        assert answer.exhausted
        assert answer.evidence[0].relevance.grid.box == LARGE.image.box

    def test_too_small_for_a_map_gives_the_original_answer(self):
        """It is there already, and costs no further pass."""
        answer, ledger = searched("vicrop", passes=2)

        assert ledger.by_stage() == {"original": 1}
        assert answer.exhausted
        assert not answer.findings

    def test_of_nothing_asks_the_whole_image(self):
        """As `direct` does."""
        answer, ledger = searched("vicrop", passes=0)

        assert ledger.by_stage() == {"answer": 1}
        assert answer.exhausted

    def test_of_time_keeps_the_maps_there_are(self):
        """When time runs out among the parts, those that were seen decide."""
        seconds = iter(range(100))
        ledger = Ledger(Budget(seconds=12), clock=lambda: float(next(seconds)))
        model = BudgetedModel(ToyModel(), ledger)
        answer = ViCrop().search(Question(COLOUR, LARGE.image), model)
        (evidence,) = answer.evidence

        assert 2 <= ledger.by_stage()["relevance"] < 8
        assert answer.exhausted
        assert evidence.relevance is not None
        assert evidence.relevance.grid.box == LARGE.image.box


class TestShown:
    def test_whole_and_crop(self):
        """The whole image comes first, then the crop that the answer rests on."""
        answer, _ = searched("vicrop", SMALL)
        whole, crop = answer.shown

        assert whole == View.whole(SMALL.image)
        assert crop.box == answer.findings[0].box
        assert crop.box.contains(SMALL.things[0].box) == (SMALL.things[0].kind == "mug")
        assert 144 <= crop.box.width <= 288

    def test_least_side_is_an_option(self):
        """None is what the encoder sees at once."""
        answer, _ = searched("vicrop(box=60)", SMALL)

        assert 60 <= answer.findings[0].box.width <= 120

    def test_middle_square_is_spread_over_everything(self):
        """With the original's geometry the map is made of less and lies on all."""
        answer, _ = searched("vicrop(geometry=centre-crop)", SMALL)
        relevance = answer.evidence[0].relevance

        assert relevance.grid.box == SMALL.image.box
        assert relevance.grid.shape == (36, 36)
        assert relevance != searched("vicrop", SMALL)[0].evidence[0].relevance

    def test_middle_is_a_square(self):
        """Of the shorter side, as near to the middle as whole pixels allow."""
        view = View.whole(Image.open(np.zeros((100, 251, 3), np.uint8)))

        assert crop_middle_square(view).box.whole_pixels() == (76, 0, 176, 100)
