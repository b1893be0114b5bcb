"""The training script runs, learns, stops, goes on, and packs what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
import torch

import visualcrop_tiny
from visualcrop import VisualSearch
from visualcrop.errors import SpecError
from visualcrop_tiny.needles import TRAINING
from visualcrop_tiny.scenes import draw
from visualcrop_tiny.train import running
from visualcrop_tiny.train.__main__ import main
from visualcrop_tiny.train.config import read
from visualcrop_tiny.train.running import run, trained
from visualcrop_tiny.train.steps import Trainee

CONFIGS = Path(visualcrop_tiny.__file__).parent / "configs"
pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture(scope="module")
def config():
    """The miniature, a little shorter."""
    made = read("miniature")
    talk = attrs.evolve(made.talk, steps=12)
    return attrs.evolve(made, look=attrs.evolve(made.look, steps=40), talk=talk)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all runs of this file find the same views."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def whole(config, folder):
    """A run from beginning to end."""
    run(config, folder / "whole", folder / "data")
    return folder / "whole"


def _stopped(config, folder, monkeypatch, step):
    """A run that is stopped in the middle of its second stage, and taken up again."""
    left, talk = [step], Trainee.talk

    def stopping(self, *arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return talk(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Trainee, "talk", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(config, folder / "stopped", folder / "data")
    run(config, folder / "stopped", folder / "data")
    return folder / "stopped"


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(config, folder, whole, monkeypatch):
    """Weights are equal to the last bit, since a step's batch depends on its number alone."""
    stopped = _stopped(config, folder, monkeypatch, 5)
    one, other = (trained(config, out)[0].state_dict() for out in (whole, stopped))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_eye_learns(config, whole):
    """What it says of things gets better over the first stage."""
    network, progress = trained(config, whole)
    lines = [json.loads(line) for line in (whole / "log.jsonl").read_text("utf-8").splitlines()]
    look = next(line for line in lines if line["stage"] == "look")
    assert look["things"] < 3.4  # 4.2 before the first step, and the mean has not forgotten it
    assert progress.stage == 2
    assert not network.training


def test_a_finished_run_is_packed_with_its_card(whole, folder, tmp_path):
    """The folder opens as a model of LLaVA's family, and its card tells data, steps and machine."""
    short = tmp_path / "config.toml"
    text = (CONFIGS / "miniature.toml").read_text("utf-8")
    short.write_text(text.replace("steps = 40", "steps = 12").replace("steps = 60", "steps = 40"))
    given = [str(short), "--out", str(whole), "--data", str(folder / "data")]
    assert main([*given, "--weights", str(tmp_path / "weights")]) == 0
    card = (tmp_path / "weights" / "README.md").read_text("utf-8")
    assert "V-V relevance is not left to chance" in card
    assert "168 views" in card
    search = VisualSearch.open(
        f"llava(checkpoint={tmp_path / 'weights'})", "focus(targets=rules, steps=1)"
    )
    answer = search.ask(draw(0, 300, 300).picture, "What color is the star?", ("red", "blue"))
    assert answer.findings


def test_unknown_settings_are_refused(tmp_path):
    """A config with a setting that does not exist names it and those that do."""
    (tmp_path / "config.toml").write_text("[look]\nspeed = 3\n")
    with pytest.raises(SpecError, match="no setting called 'speed'; known are steps"):
        read(str(tmp_path / "config.toml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed =", "is not TOML"),
        (f"[data]\nscenes = 2\nseed = {TRAINING - 1}", "are not for training; choose seeds below"),
    ],
)
def test_bad_configs_are_refused(tmp_path, text, told):
    """What is no TOML, and scenes that a benchmark has for itself."""
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(SpecError, match=told):
        read(str(tmp_path / "config.toml"))


def test_an_unknown_config_is_told_in_one_line(capsys, tmp_path):
    """With the names of those that ship."""
    assert main(["tinny", "--out", str(tmp_path)]) == 1
    assert "no config 'tinny'; give a TOML file, or one of miniature, tiny," in (
        capsys.readouterr().err
    )


def test_a_run_goes_on_with_its_own_settings_only(config, whole):
    """Another seed or another weight of a loss is refused, another number of processes is not."""
    other = attrs.evolve(config, losses=attrs.evolve(config.losses, align=0.0))
    with pytest.raises(SpecError, match=r"begun with losses.align = 0.3, not 0.0; choose another"):
        trained(other, whole)
    assert trained(attrs.evolve(config, processes=2, save=7.0), whole)[1].stage == 2


def test_two_processes_learn_as_one(config, folder):
    """Their gradients are averaged, so that both hold the same weights to the end."""
    short = attrs.evolve(config, processes=2, talk=attrs.evolve(config.talk, steps=2))
    short = attrs.evolve(short, look=attrs.evolve(config.look, steps=2))
    run(short, folder / "two", folder / "data")
    lines = (folder / "two" / "log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 2]


def test_drawing_that_was_broken_off_is_done_again(config, tmp_path, monkeypatch):
    """No note of earlier drawing is left beside half of what is drawn now."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "done.json").write_text("{}")

    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "render", broken)
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "out", data)
    assert not (data / "done.json").exists()


@pytest.mark.parametrize("name", ["tiny", "tiny-onevision", "tiny-unaligned", "miniature"])
def test_every_config_that_ships_can_be_read(name):
    """Each has its own name."""
    assert read(name).name == name
