"""A meter of everything that a Hugging Face model runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from ....utils.forking import after_fork_in_child
from ...base import Usage
from ..decoder import attention_layers
from .flops import Counters, install_gauges

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


@attrs.define(eq=False)
class Measurement:
    """The usage of a block of `Meter.measure`, by all threads; set at the end of the block."""

    usage: Usage = Usage()


class Meter:
    """
    Counts tokens and FLOPs in the network's modules, however the network is called.

    Padding counts, since it costs as much as text. A pass counts when it begins, even if it is
    stopped. A single token after cached ones counts as decoded, unless `count_as` declares it.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.formula = macs_formula(model.config)  # MACs of a pass over so many tokens
        self._counters = Counters(self.formula)
        self._gauges = list(install_gauges(model, self._counters))
        self._devices = sorted(
            {p.device.index for p in model.parameters() if p.device.type == "cuda"}
        )
        self._open: list[Measurement] = []
        self._lock = threading.Lock()
        self._seconds = self._marked = 0.0
        self._peak = 0
        after_fork_in_child(self._reset_after_fork)

    @property
    def calls(self) -> int:
        """Passes through the decoder, with many prompts or with one token."""
        return self._counters.calls

    @property
    def sequences(self) -> int:
        """Prompts that were run, those in packed rows included; decoding does not add to it."""
        return self._counters.sequences

    def usage(self) -> Usage:
        """All usage so far; seconds and peak memory only of measured blocks."""
        flops, counts = self._counters.flops, self._counters
        tokens = counts.new, counts.reused, counts.decoded
        return Usage(*tokens, flops, self._seconds, self._peak, macs=counts.macs_by_formula)

    @contextmanager
    def count_as(self, sequences: int, reused: int | None = None) -> Iterator[None]:
        """
        Count this thread's next pass in the block as *sequences*, whatever its shape.

        *reused* are its tokens from the cache, by default all cached tokens for each sequence.
        """
        before = self._counters.declare((sequences, reused))
        try:
            yield
        finally:
            self._counters.declare(before)

    def retract(self, sequences: int) -> None:
        """Subtract *sequences*, whose pass failed and will be retried."""
        self._counters.retract(sequences)

    @contextmanager
    def measure(self) -> Iterator[Measurement]:
        """Measure the usage of a block. Measurements may overlap; each second counts once."""
        measurement = Measurement()
        self._mark(opened=measurement)
        before = self.usage()
        try:
            yield measurement
        finally:
            self._mark(closed=measurement)
            measurement.usage = _difference(before, self.usage(), measurement.usage.peak_bytes)

    def installed(self) -> bool:
        """Whether every gauge is still its module's `forward`."""
        return all(gauge.installed for gauge in self._gauges)

    def remove(self) -> None:
        """Remove all gauges from the network."""
        for gauge in reversed(self._gauges):
            gauge.remove()

    def _reset_after_fork(self) -> None:
        """Close all measurements in a forked child, which lacks their threads."""
        self._lock = threading.Lock()
        self._open.clear()

    def _mark(
        self, *, opened: Measurement | None = None, closed: Measurement | None = None
    ) -> None:
        """Add time and memory since the last mark, and open or close a measurement."""
        peak = self._peak_since_last()
        with self._lock:
            now = time.perf_counter()
            if self._open:
                self._seconds += now - self._marked
                self._peak = max(self._peak, peak)
            self._marked = now
            for each in self._open:
                each.usage = Usage(peak_bytes=max(each.usage.peak_bytes, peak))
            if opened:
                self._open.append(opened)
            if closed:
                self._open.remove(closed)

    def _peak_since_last(self) -> int:
        """Peak bytes allocated on all GPUs since the last call, after their work is done."""
        from torch import cuda

        peak = 0
        for device in self._devices:
            cuda.synchronize(device)
            peak += cuda.max_memory_allocated(device)
            cuda.reset_peak_memory_stats(device)
        return peak


def _difference(before: Usage, after: Usage, peak: int) -> Usage:
    return Usage(
        new_tokens=after.new_tokens - before.new_tokens,
        reused_tokens=after.reused_tokens - before.reused_tokens,
        decoded_tokens=after.decoded_tokens - before.decoded_tokens,
        flops=after.flops - before.flops,
        seconds=after.seconds - before.seconds,
        peak_bytes=peak,
        macs=after.macs - before.macs,
    )


def macs_formula(config: PreTrainedConfig) -> Callable[[float], float]:
    """MACs, as papers count them, by tokens in a pass; always 0 if a size is not known."""
    text = config.get_text_config()
    sizes = [getattr(text, name, None) for name in ("hidden_size", "num_hidden_layers")]
    known = all(isinstance(size, int) for size in (*sizes, inner_width(text)))
    return partial(macs_language, config) if known else lambda tokens: 0.0


def macs_language(config: PreTrainedConfig, new: float, past: float = 0) -> float:
    """
    MACs of a pass over *new* tokens after *past* cached ones: see `macs`.

    Of a mixture, the experts that each token runs through count. Layers of linear attention count
    as others do, but for the products of pairs of tokens.
    """
    text = config.get_text_config()
    layers, attending = text.num_hidden_layers, len(attention_layers(config))
    sizes = {"width": text.hidden_size, "inner": inner_width(text)}
    elsewhere: float = 2 * new * (past + new) * text.hidden_size * (layers - attending)
    return macs(new, past, layers=layers, **sizes) - elsewhere


def inner_width(text: Any) -> Any:
    """The width of a layer's MLP that each token runs through: of all its experts together."""
    # Llama 4's dense layers are as wide as its shared expert and a chosen one together.
    dense = getattr(text, "intermediate_size_mlp", None) or getattr(text, "intermediate_size", None)
    experts = getattr(text, "num_experts_per_tok", None) or getattr(text, "top_k_experts", None)
    each = getattr(text, "moe_intermediate_size", None)
    if not experts or not each:
        return dense
    shared = getattr(text, "shared_expert_intermediate_size", None) or 0
    shared += each * (getattr(text, "n_shared_experts", None) or 0)
    beside = dense if getattr(text, "enable_moe_block", False) else 0  # Gemma 4 adds both
    return experts * each + shared + beside


def macs(new: float, past: float = 0, *, layers: int, width: int, inner: int) -> float:
    """
    FastV's and PyramidDrop's L(4nd² + 2n²d + 3ndm) for *new* tokens after *past* cached ones.

    These are multiply-accumulates, though papers call them FLOPs: of the language model alone,
    without its head, as if no heads shared keys and each token saw all others.
    """
    products = 4 * new * width**2 + 3 * new * width * inner
    return layers * (products + 2 * new * (past + new) * width)
