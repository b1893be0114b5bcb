"""HiDe's map and its regions, number by number."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support.opened import noise, opened
from tests.support.refusals import refused
from tests.support.whole_searches import FAMILIES
from visualcrop import Box, BudgetedModel, Grid, Ledger, RelevanceMap, Target, View, errors
from visualcrop.testing import Bench
from visualcrop_hide import CompactCanvas, Regions, Tad
from visualcrop_hide.tad import fill_prompt, purify

few = settings(max_examples=40)
MAPS = arrays(np.float64, (3, 6, 8), elements=st.floats(0, 1, width=16))


def mapped(source: Tad, family: str, kernel: str = "sdpa") -> RelevanceMap:
    """The map of a red mug over the noise, on a tiny random checkpoint."""
    model = BudgetedModel(opened(family, attention=kernel, memory=0), Ledger())
    return source.map(View.whole(noise()), Target("red mug"), model)


def purified(rows: np.ndarray, first: np.ndarray, sigma: float) -> np.ndarray:
    """The method's steps on one row at a time."""
    from scipy.ndimage import gaussian_filter

    def scaled(plane: np.ndarray) -> np.ndarray:
        spread = plane.max() - plane.min()
        return (plane - plane.min()) / spread if spread else np.zeros_like(plane)

    background = np.mean([scaled(gaussian_filter(row, sigma)) for row in first], 0)
    kept = [np.maximum(scaled(gaussian_filter(row, sigma)) - background, 0) for row in rows]
    highest: np.ndarray = np.max([scaled(plane) for plane in kept], 0)
    return highest


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl"])
def test_map_is_made_of_eager_rows(family: str) -> None:
    """Of transformers' own attention, at the target's tokens, less the first ones' mean."""
    model = opened(family, attention="eager", memory=0)
    prompt = fill_prompt(View.whole(noise()), Tad().prompt, Target("red mug"))
    tokenized = model.prompt_processor.tokenize(prompt)
    with torch.no_grad():
        out = model.network(**tokenized.inputs, output_attentions=True)
    rows = out.attentions[1][0].mean(0).double().numpy()
    (seen,) = model.forward([prompt])
    cells = seen.patches[0].tokens
    words = tokenized.spans["noise"][:5]
    wanted = purified(rows[tokenized.spans["target"]][:, cells], rows[words][:, cells], 1.0)

    found = mapped(Tad(layer=1, noise=5, sigma=1.0), family)
    np.testing.assert_allclose(found.scores, wanted, atol=2e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_agree(family: str) -> None:
    """Under SDPA as under eager attention."""
    sdpa, eager = (mapped(Tad(), family, kernel) for kernel in ("sdpa", "eager"))
    np.testing.assert_allclose(sdpa.scores, eager.scores, atol=1e-3)


@few
@given(MAPS, MAPS)
def test_steps_are_those_of_the_method(rows: np.ndarray, first: np.ndarray) -> None:
    """Gaussian, 0 to 1, less the mean of the noise, not below 0, 0 to 1 again, cell by cell."""
    found = purify(rows, first, 1.5).max(0)
    np.testing.assert_allclose(found, purified(rows, first, 1.5), atol=1e-9)
    assert found.min() >= 0
    assert found.max() <= 1


def test_first_words_of_the_prompt_are_marked() -> None:
    """Up to the target, without the space before it, whose token is the target's."""
    whole = Bench.set_up().whole
    prompt = fill_prompt(whole, Tad().prompt, Target("mugs", every=True))
    text = str(prompt.parts[1])
    marked = {span.name: text[span.start : span.stop] for span in prompt.spans}
    assert text == "Search the following entities in the images: mug"
    assert marked == {"noise": "Search the following entities in the images:", "target": "mug"}
    alone = fill_prompt(whole, "{target}?", Target("{noise}"))
    assert [span.name for span in alone.spans] == ["target"]
    assert alone.parts[1] == "{noise}?"


def test_without_noise_nothing_is_subtracted() -> None:
    """Neither with `noise=0` nor where the prompt begins with the target."""
    bench = Bench.set_up()
    first = Tad(prompt="{target} is wanted").map(bench.whole, bench.target, bench.model)
    none = Tad(prompt="Look for {target}", noise=0).map(bench.whole, bench.target, bench.model)
    np.testing.assert_allclose(first.scores, none.scores)


def test_prompt_needs_its_target() -> None:
    """One sentence says what is missing."""
    bench = Bench.set_up()
    said = refused(
        errors.SpecError, Tad(prompt="Look!").map, bench.whole, bench.target, bench.model
    )
    assert said == "The prompt of tad has no {target} in it; say where the target goes."


@pytest.mark.parametrize("layer", [-1, 4])
def test_layer_has_to_be_there(layer: int) -> None:
    """One sentence says which there are."""
    bench = Bench.set_up()
    said = refused(errors.SpecError, Tad(layer=layer).map, bench.whole, bench.target, bench.model)
    assert said == f"There is no layer {layer} in a model of 4 layers; give one from 0 to 3."


class TestRegions:
    """Boxes of connected high cells."""

    def propose(self, rows: list[str], **options: float) -> list[list[float]]:
        """Corners of the boxes on a map in digits, whose cells are 10 pixels wide."""
        scores = np.array([[int(digit) for digit in row] for row in rows], np.float32)
        grid = Grid.even(
            len(scores), scores.shape[1], Box(0, 0, 10 * scores.shape[1], 10 * scores.shape[0])
        )
        found = Regions(**options).propose(RelevanceMap(grid, scores))
        return [[*proposal.box.whole_pixels()] for proposal in found]

    def test_corners_connect(self) -> None:
        """Cells that touch at a corner are one region; of two regions the heavier comes first."""
        assert self.propose(["90000", "09000", "00009"]) == [[0, 0, 20, 20], [40, 20, 50, 30]]

    def test_threshold_is_a_share_of_the_range(self) -> None:
        """A cell counts from there on: 5 is 0.75 of the way from 2 to 6."""
        assert self.propose(["2524", "2226"], threshold=0.75) == [[30, 10, 40, 20], [10, 0, 20, 10]]
        assert self.propose(["2524", "2226"], threshold=1) == [[30, 10, 40, 20]]

    @few
    @given(MAPS)
    def test_highest_of_maps_has_the_regions_of_each(self, maps: np.ndarray) -> None:
        """Joined where they touch, if some cell is 0 in each: nothing is lost by one map of all."""
        maps = purify(maps, maps[:0], 0.5)
        maps[:, -1, -1] = 0
        maps = maps[maps.max((1, 2)) == 1]
        if not len(maps):
            return
        grid = Grid.even(6, 8, Box(0, 0, 80, 60))
        image = noise(80, 60)
        each = [p.box for one in maps for p in Regions().propose(RelevanceMap(grid, one))]
        both = [p.box for p in Regions().propose(RelevanceMap(grid, maps.max(0)))]
        assert CompactCanvas.of(each, image) == CompactCanvas.of(both, image)
