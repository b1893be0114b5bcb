"""A training run learns, resumes where it was stopped, and exports a model that opens."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import attrs
import numpy as np
import PIL.Image
import pytest
import torch

import visualcrop_tiny
from training import trainer
from training.checkpoint import TrainingProgress
from training.config import Config, read_config
from training.crop_dataset import CropDataset
from training.export import export_model
from training.layouts import LAYOUTS, build_module
from training.model import get_decoder, get_vision_tower, load_base
from training.modules import LlavaModule
from training.optimizer import build_optimizers, set_learning_rate
from training.train import main
from training.trainer import compute_loss, load_trained, take_step, train
from visualcrop import VisualSearch
from visualcrop.errors import SpecError
from visualcrop_tiny import Tiny, TinyOnevision, TinyQwen
from visualcrop_tiny.drawn import TRAIN_SEEDS_END
from visualcrop_tiny.world.places import PlaceSpec

CONFIGS = Path(trainer.__file__).parent / "configs"
pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture(scope="module")
def config():
    """The miniature, a little shorter."""
    whole = read_config(CONFIGS / "miniature.toml")
    return _shorten(whole, 40, 12)


def _shorten(config, pretrain, finetune):
    return attrs.evolve(
        config,
        pretrain=attrs.evolve(config.pretrain, steps=pretrain),
        finetune=attrs.evolve(config.finetune, steps=finetune),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all runs of this file find the same data."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def whole(config, folder):
    """A run that nothing stopped."""
    train(config, folder / "whole", folder / "data")
    return folder / "whole"


def _weights(out):
    """All weights of a run's checkpoint, of the head that only training uses too."""
    return torch.load(out / "checkpoint.pt", weights_only=True)["module"]


def _assert_equal(ours, theirs):
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def _stop_at(step, stage):
    """Replace a stage's loss by one that is interrupted at a step."""
    left, compute = [step], getattr(LlavaModule, stage)

    def stopping(self, *arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return compute(self, *arguments)

    return stopping


@pytest.mark.parametrize("stage", ["_pretrain", "_finetune"])
def test_a_resumed_run_ends_with_the_same_weights(config, folder, whole, monkeypatch, stage):
    """Every tensor is equal to the last bit, whichever stage the run was stopped in."""
    out, data = folder / f"stopped{stage}", folder / "data"
    with monkeypatch.context() as patched:
        patched.setattr(LlavaModule, stage, _stop_at(5, stage))
        with pytest.raises(KeyboardInterrupt):
            train(config, out, data)
    stopped = torch.load(out / "checkpoint.pt", weights_only=True)["progress"]
    assert (stopped["stage"], stopped["step"]) == (stage == "_finetune", 5)
    train(config, out, data)
    _assert_equal(_weights(out), _weights(whole))


def test_the_vision_tower_learns(config, whole):
    """The loss of the words for things falls over the first stage."""
    network, progress = load_trained(config, whole)
    lines = [json.loads(line) for line in (whole / "log.jsonl").read_text("utf-8").splitlines()]
    pretrain = next(line for line in lines if line["stage"] == "pretrain")
    assert pretrain["things"] < 4.4  # 5.3 before the first step, which the running mean still has
    assert progress.stage == 2
    assert not network.training


def test_words_are_a_stage_of_their_own(config):
    """It is there if it has steps, and needs no images."""
    assert config.stages == ("pretrain", "finetune")
    config = attrs.evolve(config, words=attrs.evolve(config.words, steps=2))
    assert config.stages == ("pretrain", "words", "finetune")
    module, told = build_module(config, None, "cpu"), set()
    for seed in range(5):
        loss, metrics = module("words", np.arange(0), Random(seed))
        assert loss.requires_grad
        told.update(metrics)
    assert told == {"letters", "targets"}


@pytest.mark.usefixtures("whole")
def test_words_may_be_learnt_beside_images(config, folder):
    """A batch with images replies to questions about them, as in the last stage."""
    words = attrs.evolve(config.finetune, without_images=0.0)
    dataset = LAYOUTS["llava"].open(folder / "data")
    module = build_module(attrs.evolve(config, words=words), dataset, "cpu")
    _, metrics = module("words", np.arange(4), Random(0))
    assert metrics.keys() >= {"reply", "centres", "match"}


@pytest.mark.usefixtures("whole")
def test_states_can_be_contrasted_in_place_of_values(config, folder):
    """The loss is another, and no loss looks at values."""
    dataset = LAYOUTS["llava"].open(folder / "data")
    plain = attrs.evolve(config.losses, align=0.0, floor=0.0)
    losses = {}
    for contrast in (0.0, 0.3):
        own = attrs.evolve(config, losses=attrs.evolve(plain, contrast=contrast))
        torch.manual_seed(0)
        loss, metrics = build_module(own, dataset, "cpu")("finetune", np.arange(4), Random(0))
        assert {"aligned", "contrasted"} & {*metrics} == ({"contrasted"} if contrast else set())
        losses[contrast] = float(loss.detach())
    assert losses[0.3] > losses[0.0] + 0.1


def test_a_base_keeps_its_decoder_while_the_tower_learns(config, whole, folder, tmp_path):
    """After a stage of the vision tower alone the decoder is still that of the base."""
    export_model(load_trained(config, whole)[0], tmp_path / "base")
    begun = _shorten(attrs.evolve(config, base=str(tmp_path / "base")), 3, 0)
    train(begun, tmp_path / "begun", folder / "data")
    before = build_module(begun, None, "cpu").network.state_dict()
    after = load_trained(begun, tmp_path / "begun")[0].state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("vision_tower" in name for name in changed)
    assert not [name for name in changed if "language_model" in name or "lm_head" in name]


def test_of_a_base_only_the_eye_may_be_taken(config, whole, tmp_path):
    """The vision tower is the base's; words and decoder are those of a network without a base."""
    export_model(load_trained(config, whole)[0], tmp_path / "base")
    torch.manual_seed(0)
    new = attrs.evolve(config, base=str(tmp_path / "base"), fresh_decoder=True)
    module, base = build_module(new, None, "cpu"), load_base(tmp_path / "base")
    ours, theirs = map(get_vision_tower, (module.network, base))
    _assert_equal(ours.state_dict(), theirs.state_dict())
    for name, weights in get_decoder(module.network).state_dict().items():
        if weights.ndim == 2:
            assert not torch.equal(weights, get_decoder(base).state_dict()[name])


def test_a_finished_run_is_exported_with_its_card(whole, folder, tmp_path):
    """The folder opens as a model of LLaVA's family; the card has data, steps and machine."""
    short = tmp_path / "config.toml"
    text = (CONFIGS / "miniature.toml").read_text("utf-8")
    short.write_text(text.replace("steps = 40", "steps = 12").replace("steps = 60", "steps = 40"))
    arguments = [str(short), "--out", str(whole), "--data", str(folder / "data")]
    assert main([*arguments, "--weights", str(tmp_path / "weights")]) == 0
    card = (tmp_path / "weights" / "README.md").read_text("utf-8")
    assert "V-V relevance is not left to chance" in card
    assert "336 views" in card
    assert "`finetune`: 12 steps of 8" in card
    search = VisualSearch.open(
        f"llava(checkpoint={tmp_path / 'weights'})", "focus(targets=rules, steps=1)"
    )
    picture = PIL.Image.fromarray(PlaceSpec("shelf-wall", 0, (300, 300)).draw().image)
    assert search.ask(picture, "What color is the cup?", ("red", "blue")).findings


def test_unknown_settings_are_refused(tmp_path):
    """A config with a setting that does not exist names it and those that do."""
    (tmp_path / "config.toml").write_text("[pretrain]\nspeed = 3\n")
    with pytest.raises(SpecError, match="no setting called 'speed'; known are steps"):
        read_config(tmp_path / "config.toml")


def test_a_table_leaves_the_other_defaults_of_its_stage(tmp_path):
    """Those of the stage itself, not of any stage."""
    (tmp_path / "config.toml").write_text("[words]\nsteps = 5\n[finetune]\nminutes = 2\n")
    read, usual = read_config(tmp_path / "config.toml"), Config()
    assert read.words == attrs.evolve(usual.words, steps=5)
    assert read.finetune == attrs.evolve(usual.finetune, minutes=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed =", "is not TOML"),
        (
            f"[data]\nscenes = 2\nseed = {TRAIN_SEEDS_END - 1}",
            "are not for training; choose seeds below",
        ),
    ],
)
def test_bad_configs_are_refused(tmp_path, text, message):
    """What is no TOML, and scenes that are kept for a benchmark."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(SpecError, match=message):
        read_config(tmp_path / "config.toml")


def test_an_unknown_config_is_one_line(capsys, tmp_path):
    """It names those that come with the repository."""
    assert main(["tinny", "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "no config 'tinny'; give a TOML file, such as one of" in error
    assert ", ".join(sorted(path.name for path in CONFIGS.glob("*.toml"))) in error


def test_a_run_is_resumed_with_its_own_settings_only(config, whole):
    """Another weight of a loss is refused, another number of processes is not."""
    other = attrs.evolve(config, losses=attrs.evolve(config.losses, align=0.0))
    with pytest.raises(SpecError, match=r"begun with losses.align = 0.3, not 0.0; choose another"):
        load_trained(other, whole)
    same = attrs.evolve(config, processes=2, checkpoint_seconds=7.0)
    assert load_trained(same, whole)[1].stage == 2


def test_two_processes_average_their_gradients(config, folder, tmp_path):
    """Their weights are those of one process that takes the mean of both parts' gradients."""
    short = attrs.evolve(_shorten(config, 2, 2), processes=2)
    train(short, tmp_path / "two", folder / "data")
    torch.manual_seed(short.seed)
    module = build_module(short, CropDataset.open(folder / "data"), "cpu")
    module.train()
    for index, name in enumerate(short.stages):
        stage, progress = short.stage(name), TrainingProgress(index)
        optimizers = build_optimizers(module, name, stage)
        for step in range(stage.steps):
            progress.step = step
            set_learning_rate(optimizers, stage, step, step / stage.steps)
            for rank in range(2):
                loss, _ = compute_loss(module, module, progress, rank, 2)
                (loss / 2).backward()
            take_step(module, optimizers)
    _assert_equal(_weights(tmp_path / "two"), module.state_dict())


def test_tied_values_are_written_as_they_are_read(config, folder, tmp_path):
    """Each output projection is that of the values, transposed; in other models it is not."""
    tied = attrs.evolve(_shorten(config, 1, 2), tied_values=True)
    train(tied, tmp_path / "tied", folder / "data")
    network = load_trained(tied, tmp_path / "tied")[0]
    other = build_module(config, None, "cpu").network
    for layer, untied in zip(*(get_decoder(each).layers for each in (network, other)), strict=True):
        assert torch.equal(layer.self_attn.v_proj.weight, layer.self_attn.o_proj.weight.T)
        assert not torch.equal(untied.self_attn.v_proj.weight, untied.self_attn.o_proj.weight.T)


def test_an_interrupted_rendering_is_repeated(config, tmp_path, monkeypatch):
    """The mark of an earlier rendering is removed before anything is overwritten."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "done.json").write_text("{}")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    layout = attrs.evolve(LAYOUTS["llava"], render=interrupt)
    monkeypatch.setitem(LAYOUTS, "llava", layout)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "out", data)
    assert not (data / "done.json").exists()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_config_can_be_read(path):
    """Each has the name of its file."""
    assert read_config(path).name == path.stem


@pytest.mark.parametrize("model", [Tiny, TinyOnevision, TinyQwen], ids=lambda model: model.name)
def test_the_shipped_models_were_trained_by_these_configs(model):
    """Their cards have every setting as the config has it; those that came later are off."""
    card = (Path(visualcrop_tiny.__file__).parent / "weights" / model.name / "README.md").read_text(
        "utf-8"
    )
    settings = card.partition("```json\n")[2].partition("```")[0]
    used = read_config(CONFIGS / f"{model.name}.toml").used()
    told = {"fresh_decoder": False} | json.loads(settings)
    told["losses"] = {"contrast": 0.0, "taught": 0.0} | told["losses"]
    assert told == json.loads(json.dumps(used))
