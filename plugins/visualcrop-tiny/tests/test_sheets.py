"""OneVision's layout is trained on the very sequence that transformers makes of a prompt."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from visualcrop import Image, Prompt, View, VisualSearch
from visualcrop.errors import FileError, ModelError
from visualcrop_tiny.scenes import draw
from visualcrop_tiny.train.config import Config, Sizes, Stage
from visualcrop_tiny.train.network import fresh, onevision, pixels, seen
from visualcrop_tiny.train.packing import Packed, encoded
from visualcrop_tiny.train.running import run, trained
from visualcrop_tiny.train.saving import save
from visualcrop_tiny.train.sheets import SheetTrainee, starts
from visualcrop_tiny.views.gathering import _gathered
from visualcrop_tiny.views.keeping import Sheet, keep, kept
from visualcrop_tiny.views.sheets import among, processor, single

pytestmark = [pytest.mark.torch, pytest.mark.slow]
SIZES = Sizes(48, 96, 6, 2, 2, 2)
QUESTION = "Is there a red star in the image?"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small network of LLaVA's layout, not trained."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    save(fresh(SIZES), folder)
    return folder


@pytest.fixture(scope="module")
def trainee(base):
    """The one that is made from it, with newlines that are something."""
    torch.manual_seed(1)
    network = onevision(base).eval()
    torch.nn.init.normal_(network.model.image_newline)
    return SheetTrainee(
        Config(base=str(base), sizes=SIZES), [], network, torch.nn.Linear(1, 1), "cpu"
    )


@pytest.fixture(scope="module")
def model(trainee, tmp_path_factory):
    """The same, as visualcrop opens it."""
    folder = tmp_path_factory.mktemp("several")
    save(trainee.network, folder)
    return VisualSearch.open(f"llava-onevision(checkpoint={folder}, dtype=float32)").model


def _trained_with(trainee, sheet):
    """Logits after the question, by the code that trains."""
    images = pixels(np.concatenate([shown.pixels for shown in sheet.shown]), "cpu")
    kept = np.tile(np.arange(196), (len(images), 1))
    ids = encoded(QUESTION)
    packed = Packed(
        *(
            np.array([row], np.int64)
            for row in (ids, [1] * len(ids), range(len(ids)), [-100] * len(ids))
        )
    )
    labels = torch.zeros(len(images), 3, 196, dtype=torch.long)
    with torch.no_grad():
        features = seen(trainee.network, images)
        heard = trainee.decoded(features, labels, starts([sheet], kept), packed)
        return trainee.network.lm_head(heard.out.last_hidden_state[0, -1])


def _asked(model, prompt):
    """The same by transformers, through the library's prompter."""
    with torch.no_grad():
        return model.network(**model.prompter.prepare(prompt).inputs).logits[0, -1]


@pytest.mark.parametrize("size", [(640, 640), (640, 480)])
def test_one_picture_in_tiles(trainee, model, size):
    """Tokens, newlines and positions are those of transformers, for padded pictures, too."""
    scene = draw(2, *size)
    whole = View.whole(Image(scene.picture))
    sheet = Sheet((0,), (single(scene, whole.box, processor()),), ())
    ours, theirs = _trained_with(trainee, sheet), _asked(model, Prompt((whole, QUESTION)))
    assert torch.allclose(ours, theirs, atol=2e-3, rtol=1e-3)


def test_pictures_among_words(trainee, model):
    """Several pictures with words before each of them."""
    scene = draw(3, 640, 480)
    image = Image(scene.picture)
    whole, crop = View.whole(image), View(image, scene.things[0].box)
    words = "The whole image, with red outlines:", "The outlined part with the star:"
    shown = among(scene, whole.box), among(scene, crop.box)
    ours = _trained_with(trainee, Sheet((words[0], 0, words[1], 1), shown, ()))
    theirs = _asked(model, Prompt((words[0], whole, words[1], crop, QUESTION)))
    assert torch.allclose(ours, theirs, atol=2e-3, rtol=1e-3)


def test_it_is_trained(base, tmp_path):
    """A run of a few steps goes through, with all patches and with some."""
    stage = Stage(steps=3, batch=3, rate=1e-3, kept=48, full=0.4, warm=1)
    data = Config().data.__class__(scenes=2, seed=300_000, processes=1)
    config = Config(base=str(base), sizes=SIZES, processes=1, data=data, sheets=stage, text=64)
    run(config, tmp_path, tmp_path / "data")
    network, progress = trained(config, tmp_path)
    assert progress.stage == 1
    assert network.model.image_newline.abs().sum() > 0


def test_both_composers_are_rehearsed():
    """Prompts with outlines, and those with boxes in words."""
    words = [part for sheet in _gathered(300_000) for part in sheet.parts if isinstance(part, str)]
    assert any("outlines:" in part for part in words)
    assert any(part.startswith("The part at [0.") for part in words)


def test_sheets_come_back_as_they_were_kept(tmp_path):
    """Arrays, words, sightings and questions; in files that hold no code."""
    sheets = _gathered(300_000)
    keep(tmp_path, sheets)
    assert {path.name for path in tmp_path.iterdir()} == {"sheets.npz", "sheets.json"}
    again = kept(tmp_path)
    assert len(again) == len(sheets)
    for ours, theirs in zip(again, sheets, strict=True):
        assert (ours.parts, ours.sightings, ours.asked) == (
            theirs.parts,
            theirs.sightings,
            theirs.asked,
        )
        for one, two in zip(ours.shown, theirs.shown, strict=True):
            assert one.length == two.length
            for name in ("pixels", "labels", "places", "newlines"):
                assert np.array_equal(getattr(one, name), getattr(two, name))


def test_nothing_in_a_folder_of_sheets_is_run(tmp_path):
    """Neither what was a pickle before, nor an array of objects."""

    class Trap:
        """Leaves a marker when it is unpickled."""

        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "sheets.pickle").write_bytes(pickle.dumps([Trap()]))
    (tmp_path / "sheets.json").write_text("[]")
    trap = np.array([Trap()], object)
    np.savez(tmp_path / "sheets.npz", pixels=trap, labels=trap, places=trap, newlines=trap)
    with pytest.raises(FileError, match="cannot be read; remove the folder"):
        kept(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_base_that_is_no_tiny_is_refused(tmp_path):
    """Weights that are missing are not made up."""
    with pytest.raises(ModelError, match="holds no model"):
        onevision(tmp_path)
    network = fresh(SIZES)
    save(network, tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    gone = next(iter(state))
    save_file({name: some for name, some in state.items() if name != gone}, tmp_path / "x")
    (tmp_path / "x").replace(tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="lacks"):
        onevision(tmp_path)
