"""OneVision's layout is trained on the token sequences that transformers makes of prompts."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
import transformers as tf
from safetensors.torch import load_file, save_file

from training import prompt_dataset
from training.collate import pack_exchanges
from training.config import Config, DataConfig, ModelSizes, StageConfig
from training.export import export_model
from training.model import (
    build_llava,
    build_onevision,
    encode_images,
    load_base,
    normalize_pixels,
)
from training.modules import OnevisionModule
from training.prefixes import collate_prefixes
from training.prompt_dataset import (
    ImagePrompt,
    encode_padded,
    encode_tiled,
    image_processor,
    load_prompts,
    render_scene_prompts,
    save_prompts,
)
from training.tokenizer import Tokens, encode_prompt
from training.trainer import load_trained, train
from training.vision_inputs import NAME_CLASSES, PATCH_SIDE, SIDE, TILE, PlacedItem, Shown
from visualcrop import Image, Prompt, View, VisualSearch
from visualcrop.errors import FileError, ModelError
from visualcrop_tiny.world.places import PlaceSpec

pytestmark = [pytest.mark.torch, pytest.mark.slow]
SIZES = ModelSizes(48, 96, 6, 2, 2, 2)
QUESTION = "Is there a red cup in the image?"


def _draw(seed, *size):
    """A shelf wall, which is drawn soonest."""
    scene = PlaceSpec("shelf-wall", seed, size).draw()
    return Shown(PIL.Image.fromarray(scene.image), tuple(map(PlacedItem, scene.items)))


@pytest.fixture
def lossless(monkeypatch):
    """Inputs are kept as PNGs, of which every pixel is as it was."""

    def encode(pixels):
        stream = io.BytesIO()
        PIL.Image.fromarray(pixels).save(stream, "png")
        return stream.getvalue()

    monkeypatch.setattr(prompt_dataset, "encode_picture", encode)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small network of LLaVA's layout, not trained."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    export_model(build_llava(SIZES), folder)
    return folder


@pytest.fixture(scope="module")
def module(base):
    """The one that is made from it, with newlines that are not zero."""
    torch.manual_seed(1)
    made = OnevisionModule(
        Config(layout="onevision", base=str(base), model=SIZES), [], "cpu"
    ).eval()
    torch.nn.init.normal_(made.network.model.image_newline)
    return made


@pytest.fixture(scope="module")
def model(module, tmp_path_factory):
    """The same, as visualcrop opens it."""
    folder = tmp_path_factory.mktemp("several")
    export_model(module.network, folder)
    return VisualSearch.open(f"llava-onevision(checkpoint={folder}, dtype=float32)").model


def _logits_in_training(module, prompt):
    """Logits after the question, by the code that trains."""
    images = normalize_pixels(np.concatenate([image.pixels for image in prompt.images]), "cpu")
    kept = torch.arange(TILE.patches).expand(len(images), -1)
    ids = encode_prompt(QUESTION)
    questions = pack_exchanges([lambda: Tokens(ids, ())], len(ids))
    labels = torch.zeros(len(images), 3, TILE.patches, dtype=torch.long)
    with torch.no_grad():
        features = encode_images(module.network, images)
        prefixes = collate_prefixes([prompt], kept, "cpu")
        output = module.decode(features, labels, prefixes, questions)
        return module.network.lm_head(output.out.last_hidden_state[0, -1])


def _logits_in_inference(model, prompt):
    """The same by transformers, through the library's own prompt processing."""
    with torch.no_grad():
        return model.network(**model.prompt_processor.tokenize(prompt).inputs).logits[0, -1]


@pytest.mark.usefixtures("lossless")
@pytest.mark.parametrize("size", [(640, 640), (640, 480)])
def test_one_image_in_tiles(module, model, size):
    """Tokens, newlines and positions are those of transformers, for padded pictures, too."""
    place = _draw(2, *size)
    whole = View.whole(Image(place.picture))
    image = encode_tiled(place, whole.box, image_processor())
    ours = _logits_in_training(module, ImagePrompt((0,), (image,), ()))
    theirs = _logits_in_inference(model, Prompt((whole, QUESTION)))
    assert torch.allclose(ours, theirs, atol=2e-3, rtol=1e-3)


def test_patches_know_their_place():
    """Those that show a thing lie where it is in the picture, in the whole and in each tile."""
    place = _draw(2, 640, 480)
    image = encode_tiled(place, place.whole, image_processor())
    across, down = (SIDE / side for side in place.picture.size)
    names = [placed.item.name for placed in place.items]
    checked = 0
    for item in (placed.item for placed in place.items if names.count(placed.item.name) == 1):
        shown = image.labels[:, 0] == NAME_CLASSES.index(item.name) + 1
        columns, rows = image.places.swapaxes(0, 1)[:, shown] * float(PATCH_SIDE)
        checked += len(columns)
        margin = 2 * PATCH_SIDE
        assert ((columns > item.box.left * across - margin) & (rows >= 0)).all()
        assert (columns < item.box.right * across + margin).all()
        assert (rows > item.box.top * down - margin).all()
        assert (rows < item.box.bottom * down + margin).all()
    assert checked > 20


@pytest.mark.usefixtures("lossless")
def test_several_images_with_text(module, model):
    """Several images with text before each of them."""
    place = _draw(3, 640, 480)
    image = Image(place.picture)
    whole, crop = View.whole(image), View(image, place.items[0].item.box)
    words = "The whole image, with red outlines:", "The outlined part with the cup:"
    images = encode_padded(place, whole.box), encode_padded(place, crop.box)
    ours = _logits_in_training(module, ImagePrompt((words[0], 0, words[1], 1), images, ()))
    theirs = _logits_in_inference(model, Prompt((words[0], whole, words[1], crop, QUESTION)))
    assert torch.allclose(ours, theirs, atol=2e-3, rtol=1e-3)


def test_it_is_trained(base, tmp_path):
    """A run of a few steps goes through, with all patches and with some."""
    stage = StageConfig(
        steps=3, batch_size=3, learning_rate=1e-3, patches=48, full_batches=0.4, warmup_steps=1
    )
    data = DataConfig(scenes=2, seed=300_000, workers=1)
    config = Config(
        layout="onevision",
        base=str(base),
        model=SIZES,
        processes=1,
        data=data,
        onevision=stage,
        text_tokens=64,
    )
    train(config, tmp_path, tmp_path / "data")
    network, progress = load_trained(config, tmp_path)
    assert progress.stage == 1
    assert network.model.image_newline.abs().sum() > 0


def test_prompts_of_both_composers_are_rendered():
    """Those with outlines, and those with boxes in words."""
    parts = [part for prompt in render_scene_prompts(300_000) for part in prompt.parts]
    texts = [part for part in parts if isinstance(part, str)]
    assert any("outlines:" in text for text in texts)
    assert any(text.startswith("The part at [0.") for text in texts)


def test_findings_are_shown_for_things_that_are_not_there():
    """With what a search took for them; else a model learns that what was found is there."""
    prompts = [prompt for seed in (300_000, 300_001) for prompt in render_scene_prompts(seed)]
    asked = [p for p in prompts if p.questions and p.questions[0].kind == "existence"]
    assert {prompt.questions[0].answer for prompt in asked} == {"Yes", "No"}
    assert all(len(prompt.images) == 2 for prompt in asked)


def test_prompts_are_loaded_as_they_were_saved(tmp_path):
    """Arrays, text, things and questions; in files that hold no code."""
    prompts = render_scene_prompts(300_000)
    save_prompts(tmp_path, prompts)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json", ".bin", ".npy"}
    loaded = load_prompts(tmp_path)
    assert len(loaded) == len(prompts)
    for ours, theirs in zip(loaded, prompts, strict=True):
        assert (ours.parts, ours.things, ours.questions) == (
            theirs.parts,
            theirs.things,
            theirs.questions,
        )
        for one, two in zip(ours.images, theirs.images, strict=True):
            assert one.length == two.length
            for name in ("pixels", "labels", "positions", "newlines"):
                assert np.array_equal(getattr(one, name), getattr(two, name))


def test_nothing_in_a_folder_of_prompts_is_run(tmp_path):
    """Neither what was a pickle before, nor an array of objects."""

    class Trap:
        """Leaves a marker when it is unpickled."""

        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    (tmp_path / "prompts.pickle").write_bytes(pickle.dumps([Trap()]))
    (tmp_path / "prompts.json").write_text("[]")
    trap = np.array([Trap()], object)
    np.savez(tmp_path / "prompts.npz", labels=trap, positions=trap, newlines=trap)
    with pytest.raises(FileError, match="cannot be read; remove the folder"):
        load_prompts(tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_base_of_fewer_pixels_sees_the_same(tmp_path):
    """Its patches become larger, and an enlarged image has the features that the image had."""
    config: Any = build_llava(SIZES).config
    config.vision_config.image_size, config.vision_config.patch_size = 192, 8
    before = tf.LlavaForConditionalGeneration(config)
    export_model(before, tmp_path)
    after = load_base(tmp_path)
    images = torch.rand(2, 3, 192, 192)
    # Patch by patch, since pixels of other patches would be mixed in where they meet.
    patches = images.unflatten(3, (24, 8)).unflatten(2, (24, 8)).transpose(3, 4).flatten(0, 3)
    to = PATCH_SIDE
    larger = torch.nn.functional.interpolate(patches[:, None], (to, to), mode="bicubic")
    enlarged = larger.view(2, 3, 24, 24, to, to).transpose(3, 4).reshape(2, 3, SIDE, SIDE)
    with torch.no_grad():
        one, other = encode_images(before, images), encode_images(after, enlarged)
    torch.testing.assert_close(one, other, atol=2e-2, rtol=0)  # weights are stored in bfloat16


def test_a_base_that_is_no_tiny_is_refused(tmp_path):
    """Weights that are missing are not made up."""
    with pytest.raises(ModelError, match="holds no model"):
        build_onevision(tmp_path)
    export_model(build_llava(SIZES), tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    gone = next(iter(state))
    save_file({name: some for name, some in state.items() if name != gone}, tmp_path / "x")
    (tmp_path / "x").replace(tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="lacks"):
        build_onevision(tmp_path)
