"""What the three maps are, number by number."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import numpy as np
import pytest
import torch

from tests.support.opened import noise, opened
from tests.support.refusals import refused
from visualcrop import Box, BudgetedModel, Ledger, Prompt, RelevanceMap, Target, View, errors
from visualcrop.testing import Bench
from visualcrop_vicrop import GradAtt, PureGrad, RelAtt
from visualcrop_vicrop.maps import mask_of_edges, pool_pixels

QUESTION = "What colour is the mug?"
MAPS = {"rel-att": RelAtt, "grad-att": GradAtt, "pure-grad": PureGrad}
FAMILIES = ("llava", "llava-onevision", "qwen2-5-vl", "instructblip")


def mapped(
    source: Any, family: str, kernel: str = "sdpa", *, double: bool = False, **options: Any
) -> RelevanceMap:
    """The map of the question on a tiny checkpoint, whose weights may be in *double* precision."""
    if family == "instructblip":
        from tests.support.blips import opened as opened_blip

        model: Any = opened_blip(attention=kernel, **options)
    else:
        model = opened(family, attention=kernel, **options)
    if double:
        model = attrs.evolve(model, network=copy.deepcopy(model.network).double())
    found: RelevanceMap = source.map_question(
        View.whole(noise()), QUESTION, BudgetedModel(model, Ledger())
    )
    return found


def apart(one: RelevanceMap, other: RelevanceMap) -> float:
    """How far two maps are, at most, in highest scores."""
    assert one.grid == other.grid
    scale = float(np.abs(other.scores).max())
    assert scale > 0
    return float(np.abs(one.scores - other.scores).max()) / scale


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", MAPS)
def test_kernels_agree(name: str, family: str) -> None:
    """Under SDPA as under eager attention, to 1e-5; gradients of pixels in double precision."""
    double = name == "pure-grad"
    sdpa, eager = (mapped(MAPS[name](), family, k, double=double) for k in ("sdpa", "eager"))

    assert apart(sdpa, eager) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_differ_less_than_they_round(family: str) -> None:
    """In float32, gradients of pixels are 1e-5 apart, or nearer to each other than to the truth."""
    sdpa, eager = (mapped(PureGrad(), family, kernel) for kernel in ("sdpa", "eager"))
    truth = mapped(PureGrad(), family, "eager", double=True)

    assert apart(sdpa, eager) < max(1e-5, min(apart(sdpa, truth), apart(eager, truth)))


@pytest.mark.parametrize("family", ["llava", "qwen2-5-vl"])
def test_relative_attention_is_a_ratio_of_eager_rows(family: str) -> None:
    """Of transformers' own attention, last row, the heads' mean, question by general one."""
    model = opened(family, attention="eager")
    general = "Write a general description of the image."
    view, rows = View.whole(noise()), []
    for text in (QUESTION, general):
        words = f"{text} Answer the question using a single word or phrase."
        inputs = model.prompt_processor.tokenize(Prompt((view, words))).inputs
        with torch.no_grad():
            out = model.network(**inputs, output_attentions=True)
        rows.append(out.attentions[2][0, :, -1].mean(0))
    (seen,) = model.forward([Prompt((view, general))])
    places = seen.patches[0].tokens

    found = mapped(RelAtt(layer=2), family, memory=0)
    np.testing.assert_allclose(found.scores, rows[0][places] / rows[1][places], rtol=1e-4)


def test_gradient_attention_is_never_negative() -> None:
    """What a gradient would rather have less of does not count; some does."""
    scores = mapped(GradAtt(), "llava").scores

    assert (scores >= 0).all()
    assert (scores > 0).any()


def test_a_target_is_asked_for() -> None:
    """As a part of FOCUS, a map answers the question of its option `prompt`."""
    bench, same = Bench.set_up(), Bench.set_up()
    found = RelAtt().map(bench.whole, Target("mug"), bench.model)

    assert found == RelAtt().map_question(same.whole, "Where is the mug?", same.model)


def test_words_that_look_like_blanks_are_words() -> None:
    """A question with braces in it is asked as it is."""
    (_, text) = RelAtt().fill_prompt(Bench.set_up().whole, "Is {question} {target}?").parts

    assert text == "Is {question} {target}? Answer the question using a single word or phrase."


@pytest.mark.parametrize("source", [RelAtt(layer=4), GradAtt(layer=-1)])
def test_layer_has_to_be_there(source: Any) -> None:
    """One sentence says which there are."""
    bench = Bench.set_up()
    said = refused(errors.SpecError, source.map_question, bench.whole, QUESTION, bench.model)

    assert said == (
        f"There is no layer {source.layer} in a model of 4 layers; give one from 0 to 3."
    )


class TestBlocks:
    def test_are_means(self) -> None:
        """A cell is the mean of its pixels; the last takes those that are left over."""
        pixels = np.arange(30, dtype=np.float32).reshape(5, 6)
        box = Box(0, 0, 60, 50)
        found = pool_pixels(pixels, box, box, 2, 14)

        assert found.scores.tolist() == [
            [pixels[:2, a : a + 2].mean() for a in (0, 2, 4)],
            [pixels[2:, a : a + 2].mean() for a in (0, 2, 4)],
        ]
        assert found.grid.xs == (0, 20, 40, 60)
        assert found.grid.ys == (0, 20, 50)

    def test_outside_the_view_are_left_out(self) -> None:
        """Padding has no cells, and a cell that lies half in it is cut."""
        found = pool_pixels(
            np.ones((8, 8), np.float32), Box(0, -30, 80, 50), Box(0, 0, 80, 20), 2, 14
        )

        assert found.grid.ys == (0, 10, 20)
        assert found.grid.box == Box(0, 0, 80, 20)
        assert found.scores.shape == (2, 4)

    def test_of_one_pixel(self) -> None:
        """A picture smaller than a block is one cell."""
        found = pool_pixels(np.ones((3, 3), np.float32), Box(0, 0, 1, 1), Box(0, 0, 1, 1), 14, 14)

        assert found.scores.tolist() == [[1.0]]


def test_detail_is_at_edges() -> None:
    """Where nothing changes there is none, and beside an edge there is."""
    view = Bench.set_up().whole
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, 50:] = 255
    image = type(view.image).open(pixels)
    more = mask_of_edges(View.whole(image), image.box, (100, 100))

    assert not more[:, :40].any()
    assert not more[:, 60:].any()
    assert more[:, 50].all() or more[:, 49].all() or not more.any()
