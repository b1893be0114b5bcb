"""Packages that few installations have: quantised, sharded and adapted networks, really loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import torch

from tests.support.opened import GRIDDED, about, opened
from tests.support.tiny.checkpoints import NETWORKS, checkpoint
from tests.support.tiny.processors import load_processor
from visualcrop import Auto, Capture, Direct, Focus, VisualSearch
from visualcrop.models import HuggingFaceModel, from_transformers
from visualcrop.models.checkpoints.placement import spared_modules
from visualcrop.models.engine.decoder import get_decoder

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),  # other people's
]
CHOICES = ("Yes", "No")
UNPACKED = {"llama4"}  # its experts are one tensor
NARROW = {"qwen3-5", "gemma4"}  # than the CPU's kernel for 4 bits takes, as tiny checkpoints
LOOSE = {"query_tokens", "model.image_newline"}  # parameters of no smaller module


def weighed(model: Any) -> list[float]:
    """Logits of a yes and a no."""
    return list(model.choose([about("mug")], CHOICES)[0].logits)


def loaded(family: str) -> Any:
    """The family's tiny network, as transformers loads it."""
    folder: Any = checkpoint(family)
    return NETWORKS[family].from_pretrained(folder)


def processor(family: str) -> Any:
    """The family's processor, as transformers loads it."""
    return load_processor(family, checkpoint(family))


class TestQuantised:
    """bitsandbytes, whose CPU kernels are slow, but exist."""

    @pytest.fixture(scope="class", autouse=True)
    def library(self) -> None:
        """Both packages that it takes."""
        pytest.importorskip("bitsandbytes")
        pytest.importorskip("accelerate")

    @pytest.mark.parametrize("bits", [4, 8])
    @pytest.mark.parametrize("family", sorted({*GRIDDED, "instructblip"} - UNPACKED))
    def test_packs_the_decoders_layers_alone(self, family: str, bits: Any) -> None:
        """The rest is in half precision, and logits are near those of whole weights."""
        path = str(checkpoint(family))
        model: Any = Auto(checkpoint=path, bits=bits, device="cpu", dtype="bfloat16").open()
        packed = {
            name
            for name, module in model.network.named_modules()
            if type(module).__name__ in {"Linear4bit", "Linear8bitLt"}
        }
        matrices = {
            name
            for name, module in model.network.named_modules()
            if isinstance(module, torch.nn.Linear)
        }
        decoder = get_decoder(model.network).layers
        inside = {id(module) for module in decoder.modules()}
        modules = dict(model.network.named_modules())
        assert packed == {name for name in matrices if id(modules[name]) in inside}
        assert packed
        if bits == 4 and family in NARROW:
            return
        whole = Auto(checkpoint=path, device="cpu", dtype="bfloat16").open()
        assert weighed(model) == pytest.approx(weighed(whole), abs=2.0)

    def test_four_bits_are_searched_with(self) -> None:
        """FOCUS and a plain question run on packed weights."""
        model = Auto(checkpoint=str(checkpoint("llava")), bits=4, device="cpu").open()
        image = about("mug").views[0].image
        for method in (Focus(steps=2), Direct()):
            assert VisualSearch(model, method).ask(image, "Is there a mug?").text is not None

    def test_four_bits_are_nf4_in_half_precision(self) -> None:
        """As the packed matrices themselves say."""
        model: Any = Auto(checkpoint=str(checkpoint("llava")), bits=4, device="cpu").open()
        matrix = get_decoder(model.network).layers[0].mlp.up_proj
        assert matrix.weight.quant_state.quant_type == "nf4"
        assert matrix.compute_dtype in {torch.bfloat16, torch.float32}  # the tiny weights' own
        half: Any = attrs.evolve(
            Auto(checkpoint=str(checkpoint("llava")), bits=4, device="cpu"), dtype="bfloat16"
        ).open()
        assert get_decoder(half.network).layers[0].mlp.up_proj.compute_dtype == torch.bfloat16


class TestSharded:
    """accelerate, with weights on the disk in place of a second GPU."""

    @pytest.mark.parametrize("family", [*GRIDDED, "instructblip"])
    def test_answers_as_the_whole(self, family: str, tmp_path: Path) -> None:
        """Its hooks fetch the later layers for each pass, under taps and gauges."""
        accelerate = pytest.importorskip("accelerate")
        network = loaded(family)
        layers = get_decoder(network).layers
        names = {module: name for name, module in network.named_modules()}
        places: dict[str, str] = dict.fromkeys(spared_modules(network), "cpu")
        loose = {name for name, _ in network.named_parameters()} & LOOSE
        places |= dict.fromkeys(loose, "cpu")
        places |= {names[layer]: "disk" if n > 1 else "cpu" for n, layer in enumerate(layers)}
        accelerate.dispatch_model(network, places, main_device="cpu", offload_dir=str(tmp_path))
        assert {p.device.type for p in layers[3].parameters()} == {"meta"}
        model = from_transformers(network, processor(family))
        whole = from_transformers(loaded(family), processor(family))
        assert weighed(model) == pytest.approx(weighed(whole), abs=1e-4)
        prompts = [about("mug"), about("red key")]
        said = [[r.text for r in each.generate(prompts)] for each in (model, whole)]
        assert said[0] == said[1]
        if family in GRIDDED:
            layer = whole.info.span(None)[-1]
            found, wanted = (m.forward(prompts, Capture(values=(layer,))) for m in (model, whole))
            for one, other in zip(found, wanted, strict=True):
                both = one.values[layer], other.values[layer]
                torch.testing.assert_close(*both, atol=1e-4, rtol=1e-4)


class TestAdapted:
    """PEFT."""

    @pytest.mark.parametrize("family", ["llava", "qwen2-5-vl", "gemma3"])
    def test_adapters_answer_as_merged_weights(self, family: str) -> None:
        """LoRA in all matrices of attention: logits, values, and more work than without."""
        peft = pytest.importorskip("peft")
        config = peft.LoraConfig(
            r=4, target_modules=r".*language_model.*\.(q|k|v|o)_proj", init_lora_weights=False
        )
        torch.manual_seed(0)
        adapted = peft.get_peft_model(loaded(family), config).eval()
        model = from_transformers(adapted, processor(family))
        capture = Capture(values=(1,), attention=(2,))
        (seen,), logits = model.forward([about("mug")], capture), weighed(model)
        usage = model.choose([about("mug")], CHOICES)[0].usage
        assert isinstance(model, HuggingFaceModel)
        model.meter.remove()
        merged = from_transformers(adapted.merge_and_unload(), processor(family))
        (wanted,) = merged.forward([about("mug")], capture)
        assert logits == pytest.approx(weighed(merged), abs=1e-3)
        assert logits != pytest.approx(weighed(opened(family)), abs=1e-3)
        for kind in ("values", "attention"):
            for layer, tensor in getattr(seen, kind).items():
                other = getattr(wanted, kind)[layer]
                torch.testing.assert_close(tensor, other, atol=1e-3, rtol=1e-3)
        assert usage.flops > merged.choose([about("mug")], CHOICES)[0].usage.flops
