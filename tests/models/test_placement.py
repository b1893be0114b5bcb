"""Device, number format and bits in which a network is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
import transformers as tf
from safetensors.torch import load_file, save_file

from tests.support.refusals import is_one_sentence, refused
from tests.support.tiny.checkpoints import FAMILIES, checkpoint
from visualcrop import Auto
from visualcrop.errors import ModelError
from visualcrop.models.checkpoints.placement import (
    BALANCED,
    choose_device,
    choose_dtype,
    pack_weights,
    spared_modules,
)
from visualcrop.models.engine.decoder import get_decoder

pytestmark = pytest.mark.torch
_EYES = ("vision", "visual", "projector", "projection", "qformer", "lm_head", "embed")


@attrs.frozen
class Gpus:
    """Pretends that there are GPUs of so much free memory."""

    patch: pytest.MonkeyPatch
    count: int
    free: int = 1 << 30

    def install(self) -> None:
        self.patch.setattr(torch.cuda, "is_available", lambda: self.count > 0)
        self.patch.setattr(torch.cuda, "device_count", lambda: self.count)
        self.patch.setattr(torch.cuda, "mem_get_info", lambda device: (self.free, 2 * self.free))
        self.patch.setattr(torch.cuda, "is_bf16_supported", lambda **_: self.count > 1)
        spec = "visualcrop.models.checkpoints.placement.find_spec"
        self.patch.setattr(spec, lambda name: name)


def planned(family: str) -> Any:
    """The family's network without weights."""
    load: Any = tf.AutoModelForImageTextToText
    config = tf.AutoConfig.from_pretrained(checkpoint(family))
    with torch.device("meta"):
        return load.from_config(config)


@pytest.fixture(params=[(0, "cpu"), (1, "cuda"), (2, "cuda")], ids=["none", "one", "two"])
def gpus(request: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Gpus, str]:
    """GPUs, and the device that `auto` takes for weights that fit one."""
    count, wanted = request.param
    found = Gpus(monkeypatch, count)
    found.install()
    return found, wanted


class TestDevice:
    """GPUs before CPUs, and one before many."""

    def test_auto_takes_one_gpu(self, gpus: tuple[Gpus, str]) -> None:
        """Of one or two; and without any, the CPU."""
        _, wanted = gpus
        assert choose_device("auto", [checkpoint("llava") / "model.safetensors"]) == wanted

    @pytest.mark.parametrize(("count", "wanted"), [(1, "cuda"), (2, BALANCED)])
    def test_auto_takes_all_where_one_is_too_small(
        self, count: int, wanted: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If there are more; a single one is tried all the same."""
        weights = checkpoint("llava") / "model.safetensors"
        Gpus(monkeypatch, count, free=weights.stat().st_size).install()
        assert choose_device("auto", [weights]) == wanted

    def test_balanced_takes_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whether or not one would do."""
        Gpus(monkeypatch, 2).install()
        assert choose_device("balanced", []) == BALANCED


class TestFormat:
    """The number format of weights, by the config's words or by the weights."""

    @pytest.mark.parametrize(
        ("whole", "text", "on_gpu", "on_cpu"),
        [
            ("bfloat16", None, torch.bfloat16, torch.bfloat16),
            ("float16", "bfloat16", torch.float16, torch.bfloat16),  # LLaVA-OneVision's
            (None, "bfloat16", torch.bfloat16, torch.bfloat16),  # Qwen3-VL's
            ("float32", "float16", torch.float16, torch.bfloat16),  # InstructBLIP's
            ("float32", None, torch.float32, torch.float32),
            (None, None, "auto", "auto"),
        ],
    )
    def test_auto_is_what_was_trained(
        self, whole: Any, text: Any, on_gpu: Any, on_cpu: Any
    ) -> None:
        """As the config has it under the old name, of the whole or of its language model."""
        table = json.loads((checkpoint("llava") / "config.json").read_text("utf-8"))
        for part, dtype in ((table, whole), (table["text_config"], text)):
            part.pop("dtype", None)
            part.update({} if dtype is None else {"torch_dtype": dtype})
        config = tf.LlavaConfig(**table)
        assert choose_dtype("auto", config, "cuda") == on_gpu
        assert choose_dtype("auto", config, "cpu") == on_cpu
        assert choose_dtype("float32", config, "cuda") == torch.float32

    @pytest.mark.parametrize(
        ("stored", "wanted"),
        [(torch.float16, torch.bfloat16), (torch.float32, torch.float32)],
        ids=["half", "single"],
    )
    def test_weights_speak_for_a_silent_config(
        self, stored: torch.dtype, wanted: torch.dtype, tmp_path: Path
    ) -> None:
        """Where no config names a format, a CPU still computes no float16."""
        folder = shutil.copytree(checkpoint("llava"), tmp_path / "silent")
        table = json.loads((folder / "config.json").read_text("utf-8"))
        for part in (table, table["text_config"], table["vision_config"]):
            part.pop("dtype", None)
        (folder / "config.json").write_text(json.dumps(table))
        weights = folder / "model.safetensors"
        halved = {name: tensor.to(stored) for name, tensor in load_file(weights).items()}
        save_file(halved, weights, metadata={"format": "pt"})
        model: Any = Auto(checkpoint=str(folder), device="cpu").open()
        assert {part.dtype for part in model.network.parameters()} == {wanted}


@pytest.mark.parametrize("family", FAMILIES)
class TestSpared:
    """What bitsandbytes does not pack."""

    def test_decoder_layers_alone_are_packed(self, family: str) -> None:
        """Every matrix is in a layer of the decoder, or spared by its name."""
        network = planned(family)
        spared = tuple(spared_modules(network))
        layers = {id(module) for module in get_decoder(network).layers.modules()}
        for name, module in network.named_modules():
            if isinstance(module, torch.nn.Linear):
                outside = any(f"{name}.".startswith(f"{each}.") for each in spared)
                assert outside == (id(module) not in layers), name

    def test_eye_and_head_are_spared(self, family: str) -> None:
        """By the names that the family has for them."""
        network = planned(family)
        spared = " ".join(spared_modules(network))
        for name, _ in network.named_modules():
            if any(eye in name.rpartition(".")[2] for eye in _EYES) and ".layers." not in name:
                assert any(f"{name}.".startswith(f"{each}.") for each in spared.split()), name


class TestPacking:
    """What bitsandbytes is told."""

    @pytest.mark.parametrize(
        ("gpus", "dtype", "compute"),
        [
            (0, torch.bfloat16, torch.bfloat16),
            (2, torch.bfloat16, torch.bfloat16),
            (1, torch.bfloat16, torch.float16),  # a card without bfloat16
            (2, torch.float16, torch.float16),
            (2, "auto", torch.bfloat16),
        ],
    )
    def test_of_four_bits(self, gpus: int, dtype: Any, compute: Any, monkeypatch: Any) -> None:
        """nf4, computed in the half precision that the card has, and never in float32."""
        Gpus(monkeypatch, gpus).install()
        packages = "visualcrop.models.checkpoints.placement.missing_packages"
        monkeypatch.setattr(packages, lambda bits: [])
        network = planned("llava")
        packing, rest = pack_weights(4, network, dtype)
        assert packing.bnb_4bit_compute_dtype == rest == compute
        assert packing.bnb_4bit_quant_type == "nf4"
        assert {*packing.llm_int8_skip_modules} == {*spared_modules(network)}
        assert packing.load_in_4bit
        assert pack_weights(8, network, dtype)[0].load_in_8bit

    def test_experts_in_one_tensor_are_refused(self, monkeypatch: Any) -> None:
        """They would stay unpacked, and with them most of the memory."""
        packages = "visualcrop.models.checkpoints.placement.missing_packages"
        monkeypatch.setattr(packages, lambda bits: [])
        message = refused(ModelError, lambda: pack_weights(4, planned("llama4"), "auto"))
        assert "packs no experts" in message
        assert is_one_sentence(message)
