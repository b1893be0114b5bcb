"""The meter sees whatever the model does, whoever calls it and however."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.metering import NEW, Bench, StopError, inputs, network
from tests.support.tiny.checkpoints import FAMILIES
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.engine.metering.meter import Meter, macs_language

pytestmark = pytest.mark.torch
every_family = pytest.mark.parametrize("metered_family", FAMILIES)


class TestPasses:
    """Sequences, tokens and steps, to the last one."""

    @every_family
    def test_reading(self, bench: Bench) -> None:
        """One row of so many tokens; nothing is reused or decoded."""
        with bench.meter.measure() as span:
            bench.read()
        usage = span.usage
        assert (bench.meter.sequences, bench.meter.calls) == (1, 1)
        assert (usage.new_tokens, usage.reused_tokens, usage.decoded_tokens) == (bench.length, 0, 0)

    @every_family
    def test_generating(self, bench: Bench) -> None:
        """A sequence is read once; its last token is said and never fed back."""
        with bench.meter.measure() as span:
            bench.generate()
        usage = span.usage
        assert (bench.meter.sequences, bench.meter.calls) == (1, NEW)
        assert (usage.new_tokens, usage.decoded_tokens) == (bench.length, NEW - 1)
        assert usage.reused_tokens == 0

    def test_beams(self, bench: Bench) -> None:
        """Each beam is read, though all are one prompt."""
        bench.generate(num_beams=3)
        assert bench.meter.sequences == 3
        assert bench.meter.usage().decoded_tokens == 3 * (NEW - 1)

    def test_a_batch(self, bench: Bench) -> None:
        """Every row is a sequence."""
        with torch.no_grad():
            bench.model(input_ids=bench.ids[:, -6:].expand(5, -1))
        assert (bench.meter.sequences, bench.meter.calls) == (5, 1)
        assert bench.meter.usage().new_tokens == 30

    def test_a_suffix(self, bench: Bench) -> None:
        """What is cached is reused, once for each row."""
        past = bench.cached(40)
        past.batch_repeat_interleave(2)
        with bench.meter.measure() as span, torch.no_grad():
            bench.model(input_ids=bench.ids[:, -6:].expand(2, -1), **bench.caching(past))
        usage = span.usage
        assert (usage.new_tokens, usage.reused_tokens, usage.decoded_tokens) == (12, 80, 0)
        assert bench.meter.sequences == 1 + 2

    def test_a_packed_row(self, bench: Bench) -> None:
        """It counts as what it holds, in sequences and in what these would reuse."""
        past = bench.cached(40)
        with bench.meter.measure() as span, bench.meter.count_as(3):
            bench.continued(past)
        assert (span.usage.new_tokens, span.usage.reused_tokens) == (6, 120)
        assert (bench.meter.sequences, bench.meter.calls) == (1 + 3, 2)

    def test_macs_are_as_papers_count(self, bench: Bench) -> None:
        """Of each whole sequence, its remembered beginning too; steps of decoding are left out."""
        past = bench.cached(40)
        past.batch_repeat_interleave(2)
        with bench.meter.measure() as span, torch.no_grad():
            bench.model(input_ids=bench.ids[:, -6:].expand(2, -1), **bench.caching(past))
        assert span.usage.macs == 2 * macs_language(bench.model.config, 46)
        past = bench.cached(40)
        with bench.meter.measure() as span, bench.meter.count_as(3):
            bench.continued(past)
        assert span.usage.macs == 3 * macs_language(bench.model.config, 42)
        with bench.meter.measure() as span:
            bench.generate()
        assert span.usage.macs == macs_language(bench.model.config, bench.length)

    def test_packing_is_said_of_one_pass(self, bench: Bench) -> None:
        """Steps of decoding after it are what they are, and so is what follows."""
        with bench.meter.count_as(2):
            bench.generate()
        bench.read()
        assert bench.meter.sequences == 2 + 1
        assert bench.meter.usage().decoded_tokens == NEW - 1

    def test_packing_is_said_by_one_thread(self, bench: Bench) -> None:
        """Another thread's passes are its own."""
        with bench.meter.count_as(7):
            _in_a_thread(bench.read)
        assert bench.meter.sequences == 1

    def test_a_suffix_of_one_token(self, bench: Bench) -> None:
        """It looks like a step of decoding, until it is said to be read."""
        past = bench.cached(40)
        bench.continued(past, 1)
        with bench.meter.count_as(1):
            bench.continued(past, 1)
        assert bench.meter.sequences == 1 + 1
        assert bench.meter.usage().decoded_tokens == 1

    def test_a_shared_prefix(self, bench: Bench) -> None:
        """A pass that answers nobody is no sequence, but its tokens are new."""
        with bench.meter.count_as(0):
            bench.read()
        assert (bench.meter.sequences, bench.meter.calls) == (0, 1)
        assert bench.meter.usage().new_tokens == bench.length


class TestBypasses:
    """No way around it."""

    @every_family
    def test_forward(self, bench: Bench) -> None:
        """A third party that calls `forward` itself, past all hooks, is counted."""
        with torch.no_grad():
            bench.agrees(lambda: bench.model.forward(**bench.inputs))
        assert bench.meter.sequences == 1

    @every_family
    def test_decoder(self, bench: Bench) -> None:
        """So is one that reaches for the language model."""
        decoder = get_decoder(bench.model)
        with torch.no_grad():
            bench.agrees(lambda: decoder.forward(input_ids=bench.ids[:, -6:]))
        assert bench.meter.usage().new_tokens == 6

    @pytest.mark.parametrize("index", [0, 1])
    def test_layer(self, bench: Bench, index: int) -> None:
        """So is one that calls a layer by hand; a sequence begins in the first."""
        layer = bench.layers[index]
        bench.agrees(lambda: layer.forward(**bench.hidden(rows=2)))
        assert bench.meter.sequences == (2 if index == 0 else 0)

    def test_positions(self, bench: Bench) -> None:
        """Arguments may be given by position, as far as `forward` takes them so."""
        past = bench.cached(40)
        given = bench.hidden()
        states = given.pop("hidden_states")
        mask = torch.ones(1, 1, 5, 45, dtype=torch.bool)
        bench.agrees(lambda: bench.layers[0].forward(states, mask, None, past, **given))
        assert bench.meter.usage().reused_tokens == 40
        attention = bench.layers[1].self_attn
        bench.agrees(lambda: attention(states, given["position_embeddings"], mask, past))

    def test_class(self, bench: Bench) -> None:
        """Even the class's own `forward` is made of metered parts."""
        layer = bench.layers[1]
        bench.agrees(lambda: type(layer).forward(layer, **bench.hidden()))

    def test_images(self, bench: Bench) -> None:
        """Encoding an image is work, but no sequence."""
        pixels = bench.inputs["pixel_values"]
        model: Any = bench.model
        bench.agrees(lambda: model.get_image_features(pixels))
        assert bench.meter.sequences == 0

    def test_threads(self, bench: Bench) -> None:
        """Threads that never heard of the meter add up."""
        once = bench.agrees(bench.read).usage
        with bench.meter.measure() as span:
            threads = [threading.Thread(target=bench.read) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert (span.usage.flops, span.usage.new_tokens) == (8 * once.flops, 8 * once.new_tokens)
        assert bench.meter.sequences == 9

    def test_a_copy(self, bench: Bench) -> None:
        """A copy of the model runs its own weights, on the same meter."""
        twin = copy.deepcopy(bench.model)
        with torch.no_grad():
            twin.get_output_embeddings().weight.zero_()
            assert not bench.agrees(lambda: twin(**bench.inputs)).usage.decoded_tokens
            assert not twin(**bench.inputs).logits.any()
        assert bench.read().logits.any()
        assert bench.meter.sequences == 3


class TestSpans:
    """Time and memory of a stretch."""

    def test_tell_the_difference(self, bench: Bench) -> None:
        """A span holds what was done in it, and the meter the sum."""
        usages = []
        for _ in range(2):
            with bench.meter.measure() as span:
                bench.read()
            usages.append(span.usage)
        assert usages[0].flops == usages[1].flops
        total = bench.meter.usage()
        assert total.new_tokens == 2 * bench.length
        assert total.seconds == pytest.approx(sum(usage.seconds for usage in usages))

    def test_nested_seconds_count_once(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """An inner span's time is part of the outer one's, and time outside is nobody's."""
        moments = iter((10.0, 11.0, 13.0, 17.0, 25.0, 41.0))
        clock = SimpleNamespace(perf_counter=lambda: next(moments))
        monkeypatch.setattr("visualcrop.models.engine.metering.meter.time", clock)
        with bench.meter.measure() as outer, bench.meter.measure() as inner:
            pass
        with bench.meter.measure() as later:
            pass
        spans = (outer, inner, later)
        assert [span.usage.seconds for span in spans] == [7.0, 2.0, 16.0]
        assert bench.meter.usage().seconds == 7.0 + 16.0

    def test_end_with_an_error(self, bench: Bench) -> None:
        """What was done before it is told."""
        spans = []

        def fail() -> None:
            with bench.meter.measure() as span:
                spans.append(span)
                bench.read()
                raise StopError

        with pytest.raises(StopError):
            fail()
        assert spans[0].usage.new_tokens == bench.length

    def test_peak_memory(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """On CUDA a span knows its own peak, inner ones included and earlier ones not."""
        held = {0: 99, 1: 99}
        waited: list[int] = []
        monkeypatch.setattr(bench.meter, "_devices", [0, 1])
        monkeypatch.setattr("torch.cuda.synchronize", waited.append)
        monkeypatch.setattr("torch.cuda.max_memory_allocated", held.__getitem__)
        monkeypatch.setattr("torch.cuda.reset_peak_memory_stats", held.pop)
        with bench.meter.measure() as outer:
            held.update({0: 5, 1: 6})
            with bench.meter.measure() as inner:
                held.update({0: 9, 1: 8})
            held.update({0: 2, 1: 2})
        assert waited == [0, 1] * 4
        assert inner.usage.peak_bytes == outer.usage.peak_bytes == 17
        assert bench.meter.usage().peak_bytes == 17

    def test_no_memory_of_a_cpu(self, bench: Bench) -> None:
        """Without CUDA there is no peak."""
        with bench.meter.measure() as span:
            bench.read()
        assert span.usage.peak_bytes == 0


class TestPresence:
    """It changes nothing, and goes when told to."""

    @every_family
    def test_changes_no_answer(self, bench: Bench) -> None:
        """Logits are the same, bit for bit, and so are the weights' names."""
        metered, names = bench.read().logits, set(bench.model.state_dict())
        bench.meter.remove()
        assert torch.equal(metered, bench.read().logits)
        assert names == set(bench.model.state_dict())

    @every_family
    def test_leaves_no_trace(self, bench: Bench) -> None:
        """Once removed, nothing stands in for any module, and nothing is counted."""
        assert bench.meter.installed()
        bench.meter.remove()
        assert not bench.meter.installed()
        assert not any("forward" in vars(module) for module in bench.model.modules())
        bench.read()
        assert bench.meter.calls == 0

    def test_puts_back_what_it_found(self) -> None:
        """Another tool's stand-in runs while the meter counts, and afterwards."""
        model, seen = copy.deepcopy(network("llava")), []
        head = model.get_output_embeddings()
        plain = head.forward

        def noted(states: Tensor) -> Any:
            seen.append(states)
            return plain(states)

        vars(head)["forward"] = noted
        meter = Meter(model)
        model(input_ids=inputs("llava")["input_ids"][:, -6:])
        meter.remove()
        assert len(seen) == 1
        assert vars(head)["forward"] is noted

    def test_notices_what_covers_it(self, bench: Bench) -> None:
        """It says when it is bypassed, and leaves what came later alone."""
        head = bench.model.get_output_embeddings()
        vars(head)["forward"] = later = type(head).forward.__get__(head)
        assert not bench.meter.installed()
        bench.meter.remove()
        assert vars(head).pop("forward") is later


def _in_a_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
