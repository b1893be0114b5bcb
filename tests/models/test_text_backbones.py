"""InternVL 3.5 has decoders of three kinds: dense, of experts, and of experts with sinks."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
from torch.utils.flop_counter import FlopCounterMode

from tests.support.alike import EVERY, assert_alike
from tests.support.metering import CPU_FLOPS
from tests.support.opened import about
from tests.support.tiny.checkpoints import checkpoint, save_network
from visualcrop import Capture
from visualcrop.models.families.internvl import InternVl
from visualcrop.models.huggingface import HuggingFaceModel

pytestmark = pytest.mark.torch

_EXPERTS = {"num_experts_per_tok": 2, "head_dim": 16}
_TEXT: dict[str, tuple[Any, dict[str, Any]]] = {
    "qwen3": (tf.Qwen3Config, {"head_dim": 16}),
    "qwen3_moe": (tf.Qwen3MoeConfig, _EXPERTS | {"num_experts": 4, "moe_intermediate_size": 32}),
    "gpt_oss": (tf.GptOssConfig, _EXPERTS | {"num_local_experts": 4, "sliding_window": 16}),
}
_CHOICES = ("Yes", "No")


@cache
def _opened(kind: str, folder: Path) -> HuggingFaceModel:
    """InternVL with such a decoder, opened with default options."""
    shutil.copytree(checkpoint("internvl"), folder, dirs_exist_ok=True)
    config: Any = tf.AutoConfig.from_pretrained(folder)
    make, more = _TEXT[kind]
    kept = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "pad_token_id")
    heads = ("num_attention_heads", "num_key_value_heads", "bos_token_id", "eos_token_id")
    config.text_config = make(**{n: getattr(config.text_config, n) for n in kept + heads}, **more)
    load = tf.AutoModelForImageTextToText.from_config
    save_network(lambda: load(config, attn_implementation="eager"), folder)
    model = InternVl(checkpoint=str(folder), memory=0).open()
    assert isinstance(model, HuggingFaceModel)
    return model


@pytest.mark.parametrize("kind", _TEXT)
class TestBackbones:
    """Each opens with default options."""

    @pytest.fixture
    def model(self, kind: str, tmp_path_factory: pytest.TempPathFactory) -> HuggingFaceModel:
        """Opened once."""
        return _opened(kind, tmp_path_factory.getbasetemp() / kind)

    def test_chooses_as_the_network_does(self, model: HuggingFaceModel) -> None:
        """The logits of a prompt alone, and of several packed, are those of a plain forward."""
        prompts = [about("mug"), about("small red key")]
        together = [choice.logits for choice in model.choose(prompts, _CHOICES)]
        for prompt, logits in zip(prompts, together, strict=True):
            tokenized = model.prompt_processor.tokenize(prompt)
            first = [model.prompt_processor.tokenize_reply(tokenized, c)[0, 0] for c in _CHOICES]
            with torch.no_grad():
                wanted = model.network(**tokenized.inputs).logits[0, -1, first]
            assert_alike(logits, tuple(wanted.tolist()))

    def test_attends_as_eagerly(self, model: HuggingFaceModel) -> None:
        """Attention of the last token is eager attention's; with sinks, less than all of it."""
        (seen,) = model.forward([about("mug")], Capture(attention=EVERY))
        network: Any = model.network
        before = model.network.config.get_text_config()._attn_implementation
        network.set_attn_implementation({"text_config": "eager"})
        with torch.no_grad():
            inputs = model.prompt_processor.tokenize(about("mug")).inputs
            out = network(**inputs, output_attentions=True)
        network.set_attn_implementation({"text_config": before})
        for layer in EVERY:
            assert_alike(seen.attention[layer], out.attentions[layer][0, :, -1])

    def test_flops_are_those_of_eager_experts(self, model: HuggingFaceModel) -> None:
        """PyTorch counts no grouped products, so each expert is run by itself."""
        network: Any = model.network
        inputs = model.prompt_processor.tokenize(about("mug")).inputs
        counter = FlopCounterMode(display=False, custom_mapping=CPU_FLOPS)
        network.set_experts_implementation("eager")
        with torch.no_grad(), model.meter.measure() as span, counter:
            network(**inputs)
        assert span.usage.flops == pytest.approx(counter.get_total_flops(), rel=1e-3)
