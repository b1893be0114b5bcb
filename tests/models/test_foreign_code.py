"""A checkpoint is data: nothing that lies in its folder, or that it names, is ever run."""

from __future__ import annotations

import json
import os
import pickle
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch

from tests.support.malicious import MARKER, malicious
from tests.support.refusals import is_one_sentence, refused
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Auto
from visualcrop.errors import ModelError
from visualcrop.judges.llm import Llm
from visualcrop.models.families.llava import Llava
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = [pytest.mark.torch]
_OPEN_ALL = """
import sys
from visualcrop import Auto, VisualSearch
from visualcrop.errors import VisualcropError
from visualcrop.judges.llm import Llm

for place in sys.argv[1:]:
    for strategy in (Auto(checkpoint=place), Llm(checkpoint=place)):
        try:
            strategy.open()
        except VisualcropError as exc:
            print("REFUSED", exc)
        else:
            print("OPENED", place)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint that may be spoiled."""
    return Path(shutil.copytree(checkpoint("llava"), tmp_path / "mine"))


def _edit(folder: Path, name: str, **more: object) -> None:
    place = folder / name
    table = json.loads(place.read_text()) if place.is_file() else {}
    place.write_text(json.dumps(table | more))


def _answered_yes(*words: str) -> str:
    """What a command prints on a terminal on which somebody answers `y` to whatever it asks."""
    ours, theirs = pty.openpty()
    os.write(ours, b"y\n" * 100)
    command = (sys.executable, "-W", "ignore", "-c", *words)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        printed = b""
        try:
            while chunk := os.read(ours, 1 << 16):
                printed += chunk
        except OSError:  # the other end of a terminal is closed
            pass
        assert process.wait() == 0, printed.decode()
    os.close(ours)
    return printed.decode()


@pytest.mark.slow
def test_no_checkpoint_runs_code_even_if_told_to(tmp_path: Path) -> None:
    """Models, their tokenizers and processors, and judges: on a terminal nobody is asked."""
    folders = [str(folder) for folder in malicious(tmp_path)]
    printed = _answered_yes(_OPEN_ALL, *folders)
    assert not (tmp_path / MARKER).exists(), printed
    assert "[y/N]" not in printed
    told = [line for line in printed.splitlines() if line.startswith(("REFUSED", "OPENED"))]
    assert len(told) == 2 * len(folders)
    refusals = [line.removeprefix("REFUSED ") for line in told if line.startswith("REFUSED")]
    assert all(map(is_one_sentence, refusals)), refusals
    assert any("wants to run code of its own" in refusal for refusal in refusals)


class _Trap:
    """Leaves a marker when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def _many_views(path: Path) -> None:
    torch.save({"weight": torch.zeros(1).expand(10**9)}, path)


def _many_uses(path: Path) -> None:
    shared = torch.zeros(10**5)
    torch.save({str(index): shared for index in range(100)}, path)


def _compressed(path: Path) -> None:
    torch.save({"weight": torch.zeros(10**6)}, path)
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _nested(path: Path) -> None:
    torch.save({"state_dict": {"weight": torch.ones(3)}}, path)


def _listed(path: Path) -> None:
    torch.save([torch.ones(3)], path)


class TestWeights:
    """Tensors are read from safetensors, or from a pickle that holds nothing else."""

    @pytest.mark.parametrize(
        ("save", "said"),
        [
            (torch.save, "cannot be read as tensors alone (it calls "),
            (lambda made, path: path.write_bytes(pickle.dumps(made)), "older than PyTorch 1.6; "),
        ],
    )
    def test_a_pickle_runs_nothing(
        self, folder: Path, save: Callable[..., object], said: str
    ) -> None:
        """Not in the format of today, nor in that of before; what to do is said."""
        marker = folder.parent / MARKER
        (folder / "model.safetensors").unlink()
        save({"weight": _Trap(marker)}, folder / "pytorch_model.bin")
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert "pytorch_model.bin of " in message
        assert said in message
        assert "take a checkpoint with model.safetensors" in message
        assert not marker.exists()

    @pytest.mark.parametrize(
        ("write", "said"),
        [
            (_many_views, "'weight' in it is larger than what is stored"),
            (_many_uses, "do not fit its config.json"),
            (_compressed, "it is compressed or holds a long pickle"),
            (_nested, "'state_dict' in it is no tensor"),
            (_listed, "it is a list"),
        ],
    )
    def test_a_pickle_is_no_larger_than_its_file(
        self, folder: Path, write: Callable[[Path], None], said: str
    ) -> None:
        """Nothing is unpacked, and no number stands for many, so that memory is bounded."""
        (folder / "model.safetensors").unlink()
        write(folder / "pytorch_model.bin")
        config = json.loads((folder / "config.json").read_text())
        config["text_config"]["vocab_size"] = 10**6
        (folder / "config.json").write_text(json.dumps(config))
        assert said in refused(ModelError, Auto(checkpoint=str(folder)).open)

    def test_what_else_holds_weights_is_refused(self, folder: Path) -> None:
        """Files of other names are not opened."""
        (folder / "model.safetensors").rename(folder / "model.pth")
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert "has no weights in safetensors, and other formats may run code" in message

    def test_no_shard_lies_elsewhere(self, folder: Path) -> None:
        """An index names files beside it alone."""
        (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
        index = {"metadata": {}, "weight_map": {"x": "../model.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert "does not name files beside it" in message


class TestSettings:
    """What a config may ask of transformers."""

    @pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation"])
    @pytest.mark.parametrize("part", ["", "text_config", "vision_config"])
    def test_no_kernel_is_fetched(self, folder: Path, part: str, key: str) -> None:
        """An attention kernel on the hub that the config names is not the one that runs."""
        table = json.loads((folder / "config.json").read_text())
        (table[part] if part else table)[key] = "kernels-community/flash-attn"
        (folder / "config.json").write_text(json.dumps(table))
        model = Llava(checkpoint=str(folder)).open()
        assert isinstance(model, HuggingFaceModel)
        config = model.network.config
        for some in (config, config.text_config, config.vision_config):
            assert some._attn_implementation == "sdpa"

    def test_no_kernel_replaces_flash_attention(self, folder: Path, monkeypatch) -> None:
        """Where its package is missing, transformers would take one from the hub."""
        monkeypatch.setattr("transformers.modeling_utils.is_kernels_available", lambda: True)
        family = Llava(checkpoint=str(folder), attention="flash_attention_2")
        assert "needs the package flash-attn" in refused(ModelError, family.open)

    @pytest.mark.parametrize("method", ["fp8", "awq", "gptq", "nobody", 3])
    def test_packed_weights_of_other_libraries_are_refused(self, folder, method) -> None:
        """Their kernels come from elsewhere."""
        _edit(folder, "config.json", quantization_config={"quant_method": method})
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert f"are packed by {method!r}, not by bitsandbytes" in message

    def test_a_network_of_timm_is_refused(self, folder: Path) -> None:
        """It would be fetched by a name in the config."""
        _edit(folder, "config.json", vision_config={"model_type": "timm_wrapper"})
        assert "names a network of timm" in refused(ModelError, Auto(checkpoint=str(folder)).open)

    def test_a_tokenizer_names_no_file_elsewhere(self, folder: Path) -> None:
        """What it is made of lies in its folder."""
        _edit(folder, "tokenizer_config.json", tokenizer_file="/etc/passwd")
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert "names a file of its own as tokenizer_file" in message

    def test_a_pipe_is_no_file(self, folder: Path) -> None:
        """Opening one would wait for ever."""
        (folder / "chat_template.jinja").unlink()
        os.mkfifo(folder / "chat_template.jinja")
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert message.endswith("cannot be loaded: chat_template.jinja is not a file.")


class TestSizes:
    """What is far too large is refused before anything is made of it."""

    @pytest.mark.parametrize(
        ("part", "key", "value", "said"),
        [
            ("text_config", "hidden_size", 10**9, "numbers where there are"),
            ("text_config", "intermediate_size", 10**9, "numbers where there are"),
            ("text_config", "vocab_size", 10**9, "numbers where there are"),
            ("text_config", "num_hidden_layers", 10**9, "where 1,024 is the most"),
            ("vision_config", "num_hidden_layers", 10**9, "where 1,024 is the most"),
            ("vision_config", "image_size", 10**9, "where 16,384 is the most"),
            ("text_config", "hidden_size", 10**30, "too large a number as hidden_size"),
        ],
    )
    def test_of_a_network(self, folder: Path, part: str, key: str, value: int, said: str) -> None:
        """A network is no larger than its weights."""
        table = json.loads((folder / "config.json").read_text())
        table[part][key] = value
        (folder / "config.json").write_text(json.dumps(table))
        assert said in refused(ModelError, Auto(checkpoint=str(folder)).open)

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("config.json", "[" * 100_000, "is not a valid JSON file"),
            ("config.json", '{"a": ' * 40 + "1" + "}" * 40, "nested more than 32 levels deep"),
            ("config.json", '{"a": ' + "9" * 5000 + "}", "is not a valid JSON file"),
            ("config.json", " " * (1 << 24) + "{}", "has more than 16,777,216 bytes"),
            ("chat_template.jinja", "x" * (1 << 17), "has more than 65,536 bytes"),
            ("additional_chat_templates/a.jinja", "x" * (1 << 17), "has more than 65,536 bytes"),
        ],
    )
    def test_of_a_file(self, folder: Path, name: str, text: str, said: str) -> None:
        """Before it is parsed, or by what comes out."""
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        assert said in refused(ModelError, Auto(checkpoint=str(folder)).open)

    def test_of_a_template_among_the_settings(self, folder: Path) -> None:
        """It may stand in the tokenizer's, too."""
        _edit(folder, "tokenizer_config.json", chat_template="x" * (1 << 17))
        assert "the chat template in" in refused(ModelError, Auto(checkpoint=str(folder)).open)


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('touch sprung') }}",
        "{{ messages.append(1) }}",
        "{% for _ in range(10000000000) %}x{% endfor %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_is_in_a_sandbox(template: str, folder: Path, tmp_path, monkeypatch) -> None:
    """It reaches neither Python nor files, and what it tried is one sentence."""
    monkeypatch.chdir(tmp_path)
    (folder / "chat_template.jinja").write_text(template)
    message = refused(ModelError, Auto(checkpoint=str(folder)).open)
    assert message.startswith("The chat template of ")
    assert message.endswith("; give one that places images with template=FILE.")
    assert not (tmp_path / "sprung").exists()


def test_judges_are_checkpoints_too(folder: Path) -> None:
    """What holds for models holds for them."""
    _edit(folder, "config.json", quantization_config={"quant_method": "fp8"})
    assert "are packed by 'fp8'" in refused(ModelError, Llm(checkpoint=str(folder)).open)
