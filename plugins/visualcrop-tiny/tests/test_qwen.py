"""Qwen2.5-VL's layout is trained on the token sequences that transformers makes of prompts."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch

from training.collate import pack_exchanges
from training.config import Config, DataConfig, LossWeights, ModelSizes, StageConfig
from training.export import export_model
from training.losses import patch_word_accuracy, teaching_loss
from training.model import apply_logit_lens, build_llava, get_vision_tower, load_base
from training.native_dataset import NEAR, PARTS, TOKEN_SIDE, WIDE, NativeDataset, fit, render_native
from training.qwen import QwenModule, build_qwen
from training.qwen_eye import take_over_eye
from training.tokenizer import Tokens, encode_prompt
from training.trainer import load_trained, train
from training.vision_inputs import OUTSIDE
from visualcrop import Image, Prompt, View, VisualSearch

pytestmark = [pytest.mark.torch, pytest.mark.slow]
SIZES = ModelSizes(48, 96, 6, 2, 3, 2)
QUESTION = "Is there a red cup in the image?"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small network of LLaVA's layout, not trained."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    export_model(build_llava(SIZES), folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Inputs of two places."""
    folder = tmp_path_factory.mktemp("native")
    render_native(folder, DataConfig(2, 64, workers=1))
    return NativeDataset.open(folder)


@pytest.fixture(scope="module")
def module(base, data):
    """The network that is made from it."""
    torch.manual_seed(1)
    config = Config(layout="qwen", base=str(base), model=SIZES)
    made = QwenModule(config, data, "cpu").eval()
    for weights in made.parameters():
        weights.data = weights.data.bfloat16().float()  # as it is exported
    return made


@pytest.fixture(scope="module")
def model(module, tmp_path_factory):
    """The same, as visualcrop opens it."""
    folder = tmp_path_factory.mktemp("qwen")
    export_model(module.network, folder)
    return VisualSearch.open(f"qwen2-5-vl(checkpoint={folder}, dtype=float32)").model


def test_whole_places_are_sampled_oftenest(data):
    """One of each place, in the part that has them; no crop is taken for one."""
    near, wide = (part.sampling_weights() for part in data.parts)
    whole = np.arange(len(wide)) % PARTS["wide"][1] == 0
    assert wide[whole].min() > 2 * wide[~whole].max()
    assert near.max() <= 10 * near.min()
    assert near.sum() == pytest.approx(wide.sum())


@pytest.mark.parametrize("number", [0, 5, -12, -1])
def test_an_image_of_any_shape(module, model, data, monkeypatch, number):
    """Tokens and positions are those of transformers, for crops, whole places and canvases."""
    index = np.array([number % len(data)])
    ((part, own),) = data.split(index)
    outside = part.labels[own[0], 0].reshape(part.frame.grid, -1) == OUTSIDE
    rows, columns = ((~outside).any(axis).sum() for axis in (1, 0))
    pixels = part.pictures[own][0, : rows * TOKEN_SIDE, : columns * TOKEN_SIDE]
    assert data.find_size(int(index[0])) == (columns * TOKEN_SIDE, rows * TOKEN_SIDE)
    image = Image(PIL.Image.fromarray(pixels))
    monkeypatch.setattr("training.qwen.jitter_brightness", lambda images: images)
    ids = encode_prompt(QUESTION)
    questions = pack_exchanges([lambda: Tokens(ids, ())], len(ids))
    with torch.no_grad():
        output = module.decode(module.encode(index, 0), questions)
        ours = module.network.lm_head(output.out.last_hidden_state[0, -1])
        inputs = model.prompt_processor.tokenize(Prompt((View.whole(image), QUESTION))).inputs
        assert inputs["image_grid_thw"].tolist() == [[1, 2 * rows, 2 * columns]]
        theirs = model.network(**inputs).logits[0, -1]
    assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", [(2048, 1536), (256, 256), (300, 300), (100, 90), (2304, 1536)])
def test_an_image_has_the_size_that_the_processor_gives_it(model, size):
    """In whole tokens, neither too small nor too large."""
    image = Image(PIL.Image.new("RGB", size))
    inputs = model.prompt_processor.tokenize(Prompt((View.whole(image), QUESTION))).inputs
    _, rows, columns = inputs["image_grid_thw"][0].tolist()
    assert fit(size, WIDE) == (columns * TOKEN_SIDE // 2, rows * TOKEN_SIDE // 2)


def test_the_decoder_is_that_of_the_base(module, base):
    """Words and layers are taken over, and only queries, keys and values get biases, of zero."""
    state = module.network.state_dict()
    biases = {name for name in state if "language_model" in name and name.endswith("bias")}
    assert all((state[name] == 0).all() for name in biases)
    assert {name.split(".")[-2] for name in biases} == {"q_proj", "k_proj", "v_proj"}


def test_its_layers_compute_what_those_of_the_base_do(base):
    """But for places: without rotations a block is CLIP's layer, on what has a mean of zero."""
    clip = get_vision_tower(load_base(base))
    for layer in clip.encoder.layers:  # biases of new networks are zero
        for bias in (weights for name, weights in layer.named_parameters() if "bias" in name):
            torch.nn.init.normal_(bias, std=0.1)
    llava = load_base(base)
    get_vision_tower(llava).encoder.load_state_dict(clip.encoder.state_dict())
    tower = build_qwen(SIZES).model.visual
    take_over_eye(tower, llava)
    hidden = torch.randn(1, 20, SIZES.hidden_size)
    hidden -= hidden.mean(-1, keepdim=True)
    still = torch.ones(20, SIZES.hidden_size // SIZES.vision_heads), torch.zeros(20, 1)
    with torch.no_grad():
        for block, layer in list(zip(tower.blocks, clip.encoder.layers, strict=True))[1:]:
            ours = block(hidden[0], torch.tensor([0, 20]), still)
            theirs = layer(hidden, None)[0]
            theirs = theirs - theirs.mean(-1, keepdim=True)
            assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_eye_of_the_shipped_model_sees_before_it_is_trained(data):
    """A third of the tokens of things are their names already, where chance has one of 65."""
    config = Config(layout="qwen", base="tiny", losses=LossWeights(taught=1.0))
    module = QwenModule(config, data, "cpu")
    module.prepare("pretrain")
    with torch.no_grad():
        encoded = module.encode(np.arange(0, len(data), 4), 96)
        assert encoded.taught is not None
        logits = apply_logit_lens(module.network, encoded.features)
        taught = apply_logit_lens(module.network, encoded.taught)
    assert patch_word_accuracy(logits, encoded.labels)["name"] > 0.33
    assert patch_word_accuracy(taught, encoded.labels)["name"] > 0.6
    module.prepare("finetune")
    assert module.encode(np.arange(4), 48).taught is None


def test_a_teacher_is_learnt():
    """The loss is the share of the variance that is left: of the mean 1, of the features 0."""
    wanted = torch.randn(3, 40, 8) + 5
    assert teaching_loss(wanted, wanted) == 0
    mean = wanted.mean((0, 1)).expand_as(wanted)
    assert teaching_loss(mean, wanted).item() == pytest.approx(1, abs=1e-5)


def test_it_is_trained(base, tmp_path):
    """A run of a few steps goes through, with all tokens and with some."""
    stage = StageConfig(
        steps=3, batch_size=4, learning_rate=1e-3, patches=48, full_batches=0.4, warmup_steps=1
    )
    config = Config(
        layout="qwen",
        base=str(base),
        model=SIZES,
        processes=1,
        data=DataConfig(scenes=1, seed=64, workers=1),
        pretrain=stage,
        finetune=stage,
        losses=LossWeights(taught=1.0),
        text_tokens=96,
    )
    train(config, tmp_path, tmp_path / "data")
    network, progress = load_trained(config, tmp_path)
    assert progress.stage == 2
    assert not network.training


def test_what_is_outside_of_an_image_is_not_chosen(module, data):
    """Neither of a wide view, nor of a canvas."""
    indices = np.arange(len(data) - 6, len(data))
    encoded = module.encode(indices, 0)
    assert (encoded.labels != OUTSIDE).all()
    assert NEAR.grid < WIDE.grid == module.grid
