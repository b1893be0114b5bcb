"""FOCUS's own map, on the toy model."""

from __future__ import annotations

import pytest

from tests.support.refusals import refused
from visualcrop import Box, BudgetedModel, Ledger, RelevanceMap, Target, View
from visualcrop.errors import SpecError
from visualcrop.relevance.vv import Vv
from visualcrop.testing import Bench, Scene, ToyModel

_SEEDS = range(5)


def _peak(found: RelevanceMap) -> Box:
    """The highest cell."""
    return found.grid.cell(*divmod(int(found.scores.argmax()), found.scores.shape[1]))


class TestVv:
    """Values of target words against values of the image."""

    def test_points_at_small_things(self) -> None:
        """In each of five scenes the highest cell touches the thing asked for."""
        for seed in _SEEDS:
            bench = Bench.set_up(seed)
            found = Vv().map(bench.whole, bench.target, bench.model)
            assert _peak(found).common(bench.asked.boxes[0])

    def test_costs_one_pass(self) -> None:
        """Whatever the options, one pass under the caller's stage."""
        bench = Bench.set_up(stage="relevance")
        Vv(layers=(0, 4), normalise="token", clip=False).map(bench.whole, bench.target, bench.model)
        assert bench.ledger.by_stage() == {"relevance": 1}

    @pytest.mark.parametrize(
        "option", [{"layers": (0, 1)}, {"clip": False}, {"normalise": "token"}]
    )
    def test_options_reach_the_map(self, option: dict[str, object]) -> None:
        """Other layers, the literal reading and the other normalisation are other maps."""
        bench = Bench.set_up()
        plain = Vv().map(bench.whole, bench.target, bench.model)
        assert Vv(**option).map(bench.whole, bench.target, bench.model) != plain  # type: ignore[arg-type]

    def test_local_cells_are_smoothed_and_joined(self) -> None:
        """A model with local cells gives a map of half as many on a side, or as the factor says."""
        scene, model = Scene.draw(0), BudgetedModel(ToyModel(local=True), Ledger())
        view, target = View.whole(scene.image), Target(scene.things[0].kind)
        shapes = [Vv(pool=pool).map(view, target, model).grid.shape for pool in (1, 2, 5)]
        assert shapes == [(72, 72), (36, 36), (15, 15)]

    def test_maps_a_crop_in_pixels_of_the_image(self) -> None:
        """The grid of a part of the image lies where the part does."""
        bench, box = Bench.set_up(), Box(100, 50, 600, 450)
        assert Vv().map(View(bench.scene.image, box), bench.target, bench.model).grid.box == box

    def test_looks_for_one_of_many(self) -> None:
        """Where all things of a kind are wanted, the prompt names a single one (type 2)."""
        bench = Bench.set_up()
        several = Target(f"{bench.target.text}s", every=True)
        one, many = (Vv().map(bench.whole, t, bench.model) for t in (bench.target, several))
        assert one == many

    def test_several_words_must_agree(self) -> None:
        """Of several things of a kind, the colour in the target's name picks the right one."""
        asked = 0
        for seed in _SEEDS:
            bench = Bench.set_up(seed)
            for thing in bench.scene.things:
                alike = [other.colour for other in bench.scene.things if other.kind == thing.kind]
                if len(alike) > 1 and alike.count(thing.colour) == 1:
                    target, asked = Target(f"{thing.colour} {thing.kind}"), asked + 1
                    assert _peak(Vv().map(bench.whole, target, bench.model)).common(thing.box)
        assert asked > 10

    def test_layers_that_are_not_there(self) -> None:
        """Layers beyond the model's are refused with its number, before a pass is run."""
        bench = Bench.set_up()
        vv = Vv(layers=(14, 32))
        message = refused(SpecError, vv.map, bench.whole, bench.target, bench.model)
        assert "do not fit a model of 4 layers" in message
        assert bench.toy.passes == 0

    def test_a_prompt_without_its_target(self) -> None:
        """A prompt that nowhere says the target is refused."""
        bench = Bench.set_up()
        vv = Vv(prompt="Is it there?")
        message = refused(SpecError, vv.map, bench.whole, bench.target, bench.model)
        assert "has no {target} in it" in message
