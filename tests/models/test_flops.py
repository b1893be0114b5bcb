"""FLOPs are counted as PyTorch counts them, and as papers do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import LlavaConfig, StaticCache

from tests.support.metering import SEARCHABLE, Bench, StopError, inputs, metered, network
from tests.support.tiny.checkpoints import FAMILIES
from visualcrop.models.engine.decoder import has_recurrent_state
from visualcrop.models.engine.metering.meter import Meter, macs_language

pytestmark = pytest.mark.torch
every_family = pytest.mark.parametrize("metered_family", FAMILIES)
every_searchable = pytest.mark.parametrize("metered_family", SEARCHABLE)


class TestFlops:
    """Within a thousandth of FlopCounterMode, which cannot be bypassed."""

    @every_family
    def test_of_reading(self, bench: Bench) -> None:
        """A prompt with its image, from patches to logits."""
        bench.agrees(bench.read)

    @every_family
    def test_of_generating(self, bench: Bench) -> None:
        """Each step of decoding, too, with the cache that the model chooses."""
        bench.agrees(bench.generate)

    @every_searchable
    def test_of_a_batch(self, bench: Bench) -> None:
        """Two prompts at once."""
        both = {
            name: torch.cat([value, value], dim=-1 if _is_strip(value) else 0)
            for name, value in bench.inputs.items()
        }
        with torch.no_grad():
            bench.agrees(lambda: bench.model(**both))

    @every_searchable
    def test_of_a_suffix(self, bench: Bench) -> None:
        """New tokens look at all that is cached."""
        past = bench.cached(40)
        bench.agrees(lambda: bench.continued(past))

    @every_searchable
    def test_of_a_packed_row(self, bench: Bench) -> None:
        """A mask of four dimensions saves no products."""
        past = bench.cached(40)
        allowed = torch.ones(1, 1, 6, 46, dtype=torch.bool)
        if has_recurrent_state(bench.model):
            pytest.skip("no mask keeps sequences apart in a recurrent state")
        windows = {"full_attention": allowed, "sliding_attention": allowed}
        mask = windows if bench.model.config.model_type.startswith("gemma") else allowed
        bench.agrees(lambda: bench.continued(past, attention_mask=mask))

    @pytest.mark.parametrize("layer", [0, 2])
    @every_searchable
    def test_of_an_early_exit(self, bench: Bench, layer: int) -> None:
        """What a pass did before it was broken off inside a layer, and no more."""

        def stop(*_: object) -> None:
            raise StopError

        def run() -> None:
            with pytest.raises(StopError):
                bench.read()

        mixers = (
            getattr(bench.layers[layer], n, None) for n in ("linear_attn", "conv", "self_attn")
        )
        mixer = next(module for module in mixers if module is not None)
        names = ("v_proj", "q_proj", "in_proj_z", "in_proj")
        inner = next(getattr(mixer, name) for name in names if hasattr(mixer, name))
        with inner.register_forward_hook(stop):
            broken = bench.agrees(run)
        assert broken.usage.flops < bench.agrees(bench.read).usage.flops
        assert bench.meter.sequences == 2

    @pytest.mark.parametrize("attention", ["sdpa", "eager"])
    @every_searchable
    def test_of_a_gradient(self, metered_family: str, attention: str) -> None:
        """Going backwards costs what it costs."""

        def grow(*args: Any) -> None:
            args[-1].requires_grad_(True)

        with metered(metered_family, attention) as bench:
            model = bench.model
            with model.get_input_embeddings().register_forward_hook(grow):
                bench.agrees(lambda: model(**bench.inputs).logits[0, -1].max().backward())

    def test_of_a_gradient_of_weights(self) -> None:
        """Weights that are trained double the cost of going backwards."""
        model = copy.deepcopy(network("llava")).requires_grad_(True)
        bench = Bench(model, Meter(model), inputs("llava"))
        bench.agrees(lambda: model(**bench.inputs).logits.sum().backward())

    def test_of_a_static_cache(self, bench: Bench) -> None:
        """Its empty places are multiplied, too."""
        cache = StaticCache(bench.model.config.get_text_config(), max_cache_len=64)
        for _ in range(2):
            bench.agrees(lambda: bench.model(input_ids=bench.ids[:, -6:], **bench.caching(cache)))

    def test_are_those_of_the_formula(self, bench: Bench) -> None:
        """Of text: projections, gated MLP, attention over past and new, and the head's rows."""
        text = bench.model.config.get_text_config()
        width, inner, new, past = text.hidden_size, text.intermediate_size, 6, 40
        kept = bench.cached(past)
        with bench.meter.measure() as span:
            bench.continued(kept, logits_to_keep=1)
        layer = 2 * new * (4 * width**2 + 3 * width * inner) + 4 * new * (past + new) * width
        head = 2 * width * text.vocab_size
        assert span.usage.flops == text.num_hidden_layers * layer + head

    @pytest.mark.parametrize("metered_family", ["qwen2-5-vl"])
    def test_of_windows_need_no_reading(self, bench: Bench) -> None:
        """Whoever looks at many images without asking what it cost keeps nothing alive."""
        once = bench.agrees(bench.read).usage.flops
        with bench.meter.measure() as span:
            for _ in range(80):
                bench.read()
            assert len(bench.meter._counters._windows) <= 64
        assert span.usage.flops == 80 * once


class TestPapersFigure:
    """Multiply-accumulates of the language model alone."""

    @pytest.mark.parametrize(("tokens", "tera"), [(656, 4.36), (672, 4.47)])
    def test_of_llava(self, tokens: int, tera: float) -> None:
        """LLaVA-1.5-7B's are those per pass of FOCUS and of ZoomEye in FOCUS's Table 14."""
        assert round(macs_language(LlavaConfig(), tokens) / 1e12, 2) == tera

    def test_of_a_suffix(self) -> None:
        """Of a prefix and a suffix together they are those of the whole, less what is masked."""
        config = LlavaConfig()
        whole, prefix = macs_language(config, 656), macs_language(config, 600)
        masked = 2 * 600 * 56 * 32 * 4096
        assert prefix + macs_language(config, 56, past=600) == whole - masked


def _is_strip(value: torch.Tensor) -> bool:
    """Whether patches of all images lie side by side, as MiniCPM-V's do: 1 x 3 x side x long."""
    return value.dim() == 4 and len(value) == 1 and value.shape[-1] > 3 * value.shape[-2]
