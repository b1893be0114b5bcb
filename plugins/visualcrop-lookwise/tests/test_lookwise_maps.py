"""The map is one row of one layer, and the answer's prompt is the published one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.opened import noise, opened
from tests.support.refusals import refused
from tests.support.saying import saying
from tests.support.whole_searches import FAMILIES
from visualcrop import (
    Box,
    BudgetedModel,
    Finding,
    Image,
    Ledger,
    Prompt,
    Question,
    Target,
    View,
    errors,
)
from visualcrop.models import ModelInfo
from visualcrop.testing import Bench
from visualcrop_lookwise import FocusRegion, LayerAtt
from visualcrop_lookwise.maps import pick_layer

WORDS = "where is the {target} Answer the question using a single word or phrase."


@pytest.mark.torch
@pytest.mark.parametrize("family", FAMILIES)
def test_the_map_is_a_row_of_eager_attention(family: str) -> None:
    """Transformers' own: the target's last token, the mean over the heads of the layer."""
    model, view = opened(family, attention="eager"), View.whole(noise())
    layer = pick_layer(None, model.info)
    tokenized = model.prompt_processor.tokenize(Prompt.fill(view, WORDS, target="red mug"))
    with torch.no_grad():
        out = model.network(**tokenized.inputs, output_attentions=True)
    heads = out.attentions[model.info.attention_layers.index(layer)][0]
    row = heads[:, tokenized.spans["target"][-1]].float().mean(0).numpy()
    ledger = Ledger()
    found = LayerAtt().map(view, Target("red mug"), BudgetedModel(opened(family), ledger))
    (patches,) = opened(family).forward([Prompt((view,))])[0].patches

    assert ledger.passes == 1
    assert found.grid == patches.grid
    assert np.abs(found.scores - row[patches.tokens]).max() < 1e-5 * np.abs(row).max()


def test_the_layer_is_a_share_of_the_depth() -> None:
    """22 of 32, and of a hybrid model the nearest layer that attends."""
    assert pick_layer(None, ModelInfo(layers=32, base=336)) == 22
    assert pick_layer(None, ModelInfo(layers=6, base=112)) == 4
    assert pick_layer(None, ModelInfo(layers=32, base=336, attention_layers=(3, 19, 31))) == 19
    assert pick_layer(5, ModelInfo(layers=32, base=336)) == 5


def test_what_cannot_be_read_is_refused() -> None:
    """A layer that is not there, and a prompt without the target."""
    model = Bench.set_up().model
    layers = model.info.layers
    said = refused(
        errors.SpecError, LayerAtt(layer=layers).map, Bench.set_up().whole, Target("mug"), model
    )
    assert said == (
        f"There is no layer {layers} in a model of {layers} layers; give one from 0 to "
        f"{layers - 1}."
    )
    assert "write {target} where" in refused(errors.SpecError, LayerAtt, prompt="Where is it?")


class TestRegion:
    """What the model is shown for the answer."""

    IMAGE = Image.open(np.zeros((400, 600, 3), np.uint8))

    def parts(self, *boxes: tuple[str, Box], side: int | None = 1344) -> tuple[str | View, ...]:
        """The parts of the prompt with those boxes found, each of a target."""
        model, toy = saying("A")
        findings = [Finding(Target(name), box) for name, box in boxes]
        FocusRegion(side=side).compose(Question("What?", self.IMAGE), findings, model)
        return toy.asked[0].parts

    def test_is_framed_in_the_image_and_enlarged_beside_it(self) -> None:
        """The frame is red, and the crop's longer side 1344 pixels."""
        whole, first, crop, second, asked = self.parts(("mug", Box(100, 50, 300, 150)))
        assert isinstance(whole, View)
        assert isinstance(crop, View)
        red = np.asarray(whole.picture) == (255, 0, 0)
        ys, xs = np.nonzero(red.all(2))
        assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == (100, 50, 300, 150)
        assert not red.all(2)[60:140, 110:290].any()
        assert crop.size == (1344, 672)
        assert first == (
            "This is the main image, and the section enclosed by the red rectangle is the focus "
            "region."
        )
        assert second == "This is the zoomed-in view of the focus region."
        assert asked == "What?"

    def test_holds_all_targets(self) -> None:
        """A frame for each target around all of its instances, and one crop over all."""
        mugs = [("mug", Box(10, 10, 50, 50)), ("mug", Box(90, 10, 150, 50))]
        whole, _, crop, _, _ = self.parts(*mugs, ("key", Box(200, 300, 260, 360)), side=None)
        assert isinstance(whole, View)
        assert isinstance(crop, View)
        red = (np.asarray(whole.picture) == (255, 0, 0)).all(2)
        columns = np.flatnonzero(red[11])
        assert (columns.min(), columns.max() + 1) == (10, 150)
        assert red[11, 60:80].all()  # between the two instances, on the edge of their frame
        assert crop == View(self.IMAGE, Box(10, 10, 260, 360))

    def test_of_nothing_is_the_whole_image(self) -> None:
        """Without a word about regions."""
        assert self.parts() == (View.whole(self.IMAGE), "What?")
