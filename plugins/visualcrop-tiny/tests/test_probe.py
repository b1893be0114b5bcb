"""The probe says how large a thing has to be for a model to recognize it."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from training.config import find_base
from training.crop_dataset import paste_somewhere
from training.model import load_base
from training.probe import COLOUR, NAME, Recognition, format_table, main, probe
from training.vision_inputs import CLEARLY_VISIBLE, PlacedItem, Shown, show_whole
from visualcrop_tiny.world.places import PlaceSpec

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_large_things_are_recognized():
    """By the model that ships, of parts of a place that it has not seen."""
    scene = PlaceSpec("shelf-wall", 5, (1024, 768)).draw()
    place = Shown(PIL.Image.fromarray(scene.image), tuple(map(PlacedItem, scene.items)))
    network = load_base(find_base("tiny")).eval()
    found = []
    for seed in range(8):
        view = show_whole(paste_somewhere(place, np.random.default_rng(seed)))
        recognized = list(probe(network, view))
        clear = [thing for thing in view.things if thing.visible >= CLEARLY_VISIBLE]
        assert sum(each.kind == NAME for each in recognized) == len(clear)
        found += [each for each in recognized if each.size > 30]
    for kind in (NAME, COLOUR):
        right = [each.right for each in found if each.kind == kind]
        assert np.mean(right) > 0.7, len(right)


def test_shares_stand_by_size():
    """With the number of what was counted."""
    found = [
        Recognition(NAME, 5.5, True),
        Recognition(NAME, 5.0, False),
        Recognition(COLOUR, 12.0, True),
    ]
    rows = format_table(found).splitlines()
    assert "| 5 to 6 | 0.50 of 2 | – | – |" in rows
    assert "| 10 to 14 | – | 1.00 of 1 | – |" in rows


def test_a_model_that_is_not_there_is_one_line(capsys):
    """With what to do."""
    assert main(["-m", "nowhere"]) == 1
    assert "nowhere holds no model" in capsys.readouterr().err
