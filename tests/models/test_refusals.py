"""What stands in the way of a checkpoint is said in one sentence, with what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from tests.support.refusals import is_one_sentence, refused
from tests.support.tiny.checkpoints import checkpoint
from visualcrop import Auto
from visualcrop.errors import ModelError, VisualcropError
from visualcrop.models.checkpoints.load_errors import explain_failure
from visualcrop.models.families.gemma3 import Gemma3
from visualcrop.models.families.gemma4 import Gemma4
from visualcrop.models.families.llava import Llava

_BY_ITSELF = """
import sys
from visualcrop import Auto, errors
try:
    Auto(checkpoint=sys.argv[1]).open()
except errors.ModelError as exc:
    print(exc)
"""


def _without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _nonsense(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no weights" * 100)


def _empty(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def _of_another_shape(folder: Path) -> None:
    _edit(folder, intermediate_size=96)


def _deeper(folder: Path) -> None:
    _edit(folder, num_hidden_layers=6, layer_types=None)


def _half_a_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def _half_a_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": {}}')


def _steering_token(folder: Path) -> None:
    vocabulary = json.loads((folder / "tokenizer.json").read_text())
    vocabulary["added_tokens"][0]["\x1b[31mred"] = True
    (folder / "tokenizer.json").write_text(json.dumps(vocabulary))


def _of_nobody(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "nobody"}))


def _edit(folder: Path, **text: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"] |= text
    (folder / "config.json").write_text(json.dumps(config))


def _adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def _gguf(folder: Path) -> None:
    (folder / "config.json").rename(folder / "model-q4.gguf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint that may be damaged."""
    return Path(shutil.copytree(checkpoint("llava"), tmp_path / "mine"))


class TestFolders:
    """A folder that holds less than a checkpoint, or other things."""

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (_without_weights, "has no weights; put model.safetensors beside its config.json."),
            (_without_config, "has no config.json; give the folder that save_pretrained wrote."),
            (_adapter, "is an adapter of PEFT; merge it into its model, or load both with PEFT"),
            (_gguf, "has weights in GGUF, which is not read; take the checkpoint in safetensors."),
            (_cut_short, "copy or download them again."),
            (_nonsense, "are damaged or cut short (Error while deserializing header"),
            (_empty, "are damaged or cut short"),
            (_of_another_shape, "do not fit its config.json; download both again."),
            (_deeper, "lacks 18 of its weights"),
            (_half_a_config, "is not a valid JSON file; download it again."),
            (_half_a_tokenizer, "download tokenizer.json and tokenizer_config.json again."),
            (_steering_token, r"has a token with a setting '\x1b[31mred', which no tokenizer has"),
            (_of_nobody, "has model type `nobody` but Transformers does not recognize"),
        ],
    )
    def test_damaged(self, folder: Path, damage: Callable[[Path], None], said: str, capfd) -> None:
        """It is named, with what is wrong with it, and nothing else is printed."""
        damage(folder)
        message = refused(ModelError, Llava(checkpoint=str(folder)).open)
        assert str(folder) in message
        assert said in message
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("place", ["./nowhere", "/no/where", "~/nowhere", "a/b/c"])
    def test_that_is_not_there(self, place: str) -> None:
        """What can only be a folder is not looked for on the hub."""
        message = refused(ModelError, Auto(checkpoint=place).open)
        assert message.startswith("There is no folder ")
        assert message.endswith("nowhere'; give that of a checkpoint.") or "/" in place

    def test_that_is_almost_there(self, folder: Path, monkeypatch) -> None:
        """A path with a typing error names the folder that it is like, without a wait."""
        monkeypatch.chdir(folder.parent)
        assert refused(ModelError, Auto(checkpoint="./mime").open) == (
            "There is no folder './mime'; there is 'mine'."
        )

    @pytest.mark.parametrize(
        ("name", "said"), [("a.gguf", "GGUF, which is not read"), ("a.safetensors", "a file")]
    )
    def test_that_is_a_file(self, tmp_path: Path, name: str, said: str) -> None:
        """It is said at once what it is, and the hub is not asked."""
        place = tmp_path / name
        place.write_bytes(b"")
        assert refused(ModelError, Auto(checkpoint=str(place)).open) == (
            f"{str(place)!r} is {said}; give the folder of a checkpoint."
        )

    @pytest.mark.parametrize("place", ["x" * 5000, "./" + "x" * 5000, "a\0b", "~nouser/x", ""])
    def test_that_no_folder_can_be_called(self, place: str) -> None:
        """It is a sentence, too."""
        with pytest.raises(VisualcropError) as caught:
            Auto(checkpoint=place).open()
        assert is_one_sentence(str(caught.value))

    def test_of_another_family(self) -> None:
        """A checkpoint that the family cannot read is named as what it is, with the way to it."""
        place = str(checkpoint("gemma3"))
        assert refused(ModelError, Llava(checkpoint=place).open) == (
            f"{place!r} is a checkpoint of type 'gemma3', which 'llava' cannot read; "
            f"use -m 'auto(checkpoint=\"{place}\")'."
        )

    def test_of_no_family(self, folder: Path) -> None:
        """A kind that transformers knows and no family here is told what is there."""
        (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
        message = refused(ModelError, Auto(checkpoint=str(folder)).open)
        assert "is a checkpoint of type 'bert', of no family here; " in message
        assert "known: " in message
        assert " glm4v, " in message
        assert '; if its processor gives image_grid_thw, try -m "native-grids(checkpoint=...)"' in (
            message
        )


class TestHub:
    """Names, which the hub and its cache are asked for."""

    def test_offline(self) -> None:
        """With HF_HUB_OFFLINE set, the cache is named, and the way out."""
        message = _by_itself("no/such", HF_HUB_OFFLINE="1", HF_HUB_CACHE="kept")
        assert message == (
            "There is no model 'no/such' among those downloaded to kept, and HF_HUB_OFFLINE is "
            "set; unset it, or give the folder of a checkpoint."
        )

    def test_out_of_reach(self, monkeypatch) -> None:
        """Without a network, and nothing downloaded, it says so, after a few attempts."""
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
        message = refused(ModelError, Auto(checkpoint="no/such").open)
        assert message == (
            f"There is no model 'no/such' among those downloaded to {constants.HF_HUB_CACHE}, and "
            "the hub did not give it; go online, or give the folder of a checkpoint."
        )

    @pytest.mark.parametrize(
        ("name", "said"),
        [("GatedRepoError", "on request"), ("RepositoryNotFoundError", "check its name there")],
    )
    def test_refused_by_it(self, name: str, said: str) -> None:
        """A model that the hub keeps back, or has not, is told from a hub that is not there."""
        refusal = OSError("no")
        refusal.__cause__ = type(name, (Exception,), {})()
        message = explain_failure("some/model", refusal)
        assert said in message
        assert is_one_sentence(message)


class TestMachine:
    """What a machine lacks."""

    def test_no_gpu(self) -> None:
        """A GPU is asked for where there is none."""
        family = Llava(checkpoint=str(checkpoint("llava")), device="cuda")
        said = "There is no CUDA GPU that torch can use here; set device=cpu."
        assert refused(ModelError, family.open) == said

    def test_not_so_many_gpus(self, monkeypatch) -> None:
        """The third GPU is asked for where there are two."""
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        family = Llava(checkpoint=str(checkpoint("llava")), device="cuda:2")
        said = "There is no GPU 'cuda:2'; there are 2, from cuda:0."
        assert refused(ModelError, family.open) == said

    def test_no_device(self) -> None:
        """A device is misspelt."""
        family = Llava(checkpoint=str(checkpoint("llava")), device="gpu")
        said = "There is no device 'gpu'; take cpu, cuda, cuda:1 and so on, or balanced."
        assert refused(ModelError, family.open) == said

    def test_no_flash_attention(self) -> None:
        """The kernel is asked for where its package is not."""
        family = Llava(checkpoint=str(checkpoint("llava")), attention="flash_attention_2")
        assert refused(ModelError, family.open) == (
            "flash_attention_2 needs the package flash-attn; install it, or set attention=sdpa."
        )

    def test_a_transformers_older_than_the_family(self, monkeypatch) -> None:
        """Some families need more than the oldest version that the package takes."""
        monkeypatch.setattr("visualcrop.models.checkpoints.load_errors.version", lambda _: "5.20.1")
        assert refused(ModelError, Gemma4(checkpoint=str(checkpoint("llava"))).open) == (
            "'gemma4' needs transformers 5.21 or newer, and this is 5.20.1; run "
            "pip install -U transformers."
        )
        monkeypatch.setattr("visualcrop.models.checkpoints.load_errors.version", lambda _: "6.0")
        Llava(checkpoint=str(checkpoint("llava"))).open()

    @pytest.mark.parametrize(
        "error",
        [
            ModuleNotFoundError("Could not import module 'Gemma4Processor'. Are this object's ..."),
            AttributeError("module transformers has no attribute MiniCPMV4_7Processor"),
            ImportError("Ovis2ImageProcessor requires the Torchvision library but it was not ..."),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_an_old_transformers(self, error: Exception, monkeypatch) -> None:
        """What it lacks for a family is not explained one by one: a newer one has all."""
        monkeypatch.setattr("visualcrop.models.checkpoints.load_errors.version", lambda _: "5.17.0")
        assert explain_failure("some/model", error) == (
            "'some/model' needs a newer transformers than 5.17.0; run pip install -U transformers."
        )

    def test_no_flash_attention_on_tokens_that_look_ahead(self) -> None:
        """With its package or without: Gemma 3's image tokens attend to one another."""
        family = Gemma3(checkpoint=str(checkpoint("gemma3")), attention="flash_attention_2")
        assert refused(ModelError, family.open) == (
            "Image tokens of 'gemma3' attend to later ones, which flash_attention_2 leaves out "
            "without a word; set attention=sdpa."
        )

    def test_no_library_for_few_bits(self, monkeypatch) -> None:
        """Packed weights want packages, all of which are named."""
        family = Llava(checkpoint=str(checkpoint("llava")), bits=8)
        monkeypatch.setattr(
            "visualcrop.models.checkpoints.placement.missing_packages", lambda _: ["one", "another"]
        )
        assert refused(ModelError, family.open) == (
            "Weights of 8 bits need one and another; install them, or set bits=16, "
            "which packs nothing."
        )

    def test_no_second_gpu(self, monkeypatch) -> None:
        """Weights are spread where accelerate can be asked to, and over GPUs alone."""
        family = Llava(checkpoint=str(checkpoint("llava")), device="balanced")
        found = "visualcrop.models.checkpoints.placement.find_spec"
        monkeypatch.setattr(found, lambda name: None)
        assert refused(ModelError, family.open) == (
            "device=balanced needs accelerate; install it, or set device=cuda."
        )
        monkeypatch.setattr(found, lambda name: name)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        assert refused(ModelError, family.open) == (
            "There is no CUDA GPU that torch can use here; set device=cpu."
        )

    def test_no_room(self) -> None:
        """A GPU that runs full is told from a damaged file."""
        message = explain_failure(
            "some/model", torch.OutOfMemoryError("CUDA out of memory. Tried to ...")
        )
        assert message.startswith(
            "'some/model' does not fit into the memory of the GPU; set bits=4"
        )
        assert is_one_sentence(message)

    def test_a_broken_torchvision(self, tmp_path: Path) -> None:
        """A build for another torch stands in the way of all of transformers, and is named."""
        (tmp_path / "torchvision").mkdir()
        (tmp_path / "torchvision-0.28.0.dist-info").mkdir()
        (tmp_path / "torchvision" / "__init__.py").write_text(
            "raise RuntimeError('operator torchvision::nms does not exist')"
        )
        (tmp_path / "torchvision-0.28.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n"
        )
        assert _by_itself(str(checkpoint("llava")), PYTHONPATH=str(tmp_path)) == (
            "torchvision does not match torch and breaks transformers: pip uninstall torchvision."
        )


def _by_itself(place: str, **environment: str) -> str:
    """What a process of its own says of a checkpoint."""
    done = subprocess.run(
        [sys.executable, "-c", _BY_ITSELF, place],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
