"""What a Hugging Face model runs, whoever calls it and however."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ....utils.forking import after_fork_in_child
from ...base import Usage
from .flops import install_gauges

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

_Declared: TypeAlias = tuple[int, int | None]  # sequences, reused tokens: see `Meter.count_as`
_MAX_WINDOWS = 64  # bounds whose pairs are not summed yet


@attrs.define(eq=False)
class Measurement:
    """A stretch of time. Its usage is that of all threads, known when it has ended."""

    usage: Usage = Usage()


class Meter:
    """
    Counts tokens and FLOPs at the network's modules, so that no way of calling it goes unseen.

    Padding counts, for it costs as much as text. A pass counts when it begins, even if it is
    stopped. A single token after cached ones is decoded, unless `count_as` says that it is prompt.
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
        """Passes through the decoder, be it with many prompts or with one token."""
        return self._counters.calls

    @property
    def sequences(self) -> int:
        """Prompts that were run, before anything was decoded; of packed rows, what they hold."""
        return self._counters.sequences

    def usage(self) -> Usage:
        """All usage so far. Seconds and peak memory are those of measurements."""
        flops, counts = self._counters.flops, self._counters
        tokens = counts.new, counts.reused, counts.decoded
        return Usage(*tokens, flops, self._seconds, self._peak, macs=counts.macs_by_formula)

    @contextmanager
    def count_as(self, sequences: int, reused: int | None = None) -> Iterator[None]:
        """
        Let this thread's next pass count as one of *sequences*, whatever its shape.

        Without *reused*, the tokens that come from the cache are those of each sequence alike.
        """
        before = self._counters.declare((sequences, reused))
        try:
            yield
        finally:
            self._counters.declare(before)

    def retract(self, sequences: int) -> None:
        """Count *sequences* fewer: their pass failed, and will be retried."""
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
        """Whether every gauge is still in its place, with nothing before it."""
        return all(gauge.installed for gauge in self._gauges)

    def remove(self) -> None:
        """Take all gauges out of the network."""
        for gauge in reversed(self._gauges):
            gauge.remove()

    def _reset_after_fork(self) -> None:
        """Close all measurements in a forked child: their threads are not there."""
        self._lock = threading.Lock()
        self._open.clear()

    def _mark(
        self, *, opened: Measurement | None = None, closed: Measurement | None = None
    ) -> None:
        """Add up time and memory to now, and open or close a measurement."""
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
        """Most bytes allocated on all GPUs since the last call, once their work is done."""
        from torch import cuda

        peak = 0
        for device in self._devices:
            cuda.synchronize(device)
            peak += cuda.max_memory_allocated(device)
            cuda.reset_peak_memory_stats(device)
        return peak


class Counters:
    """Sums that the gauges add to, from any thread."""

    def __init__(self, formula: Callable[[float], float] = lambda tokens: 0.0) -> None:
        self.calls = self.sequences = self.new = self.reused = self.decoded = 0
        self.macs_by_formula = 0.0  # of each sequence as if nothing were cached
        self._formula = formula
        self._thread = threading.local()  # .declared: what this thread's next pass counts as
        self._lock = threading.Lock()
        self._macs = 0
        self._windows: dict[int, tuple[Tensor, int]] = {}  # by id of the bounds: MACs a pair
        after_fork_in_child(self._reset_after_fork)

    def __deepcopy__(self, memo: dict[int, Any]) -> Counters:
        return self  # a copy of a metered model adds to the same sums

    def add_pass(self, rows: int, tokens: int, past: int) -> None:
        """Count *rows* of *tokens* each that enter the decoder, after *past* cached ones."""
        declared = self.declare(None)
        with self._lock:
            self.calls += 1
            if declared is None and past and tokens == 1:
                self.decoded += rows
                return
            sequences, reused = declared or (rows, rows * past)
            length = past + rows * tokens / max(1, sequences)
            self.sequences += sequences
            self.new += rows * tokens
            self.macs_by_formula += sequences * self._formula(length)
            self.reused += sequences * past if reused is None else reused

    def add_macs(self, macs: int, bounds: Tensor | None = None) -> None:
        """Add *macs*; with *bounds* of windows, so many for each pair of tokens in a window."""
        with self._lock:
            if bounds is None:
                self._macs += macs
                return
            _, others = self._windows.get(id(bounds), (bounds, 0))
            self._windows[id(bounds)] = bounds, others + macs
            if len(self._windows) > _MAX_WINDOWS:
                self._sum_windows()

    def declare(self, declared: _Declared | None) -> _Declared | None:
        """Set what this thread's next pass counts as, and return what was set before."""
        before: _Declared | None = getattr(self._thread, "declared", None)
        self._thread.declared = declared
        return before

    def retract(self, sequences: int) -> None:
        """Count *sequences* fewer."""
        with self._lock:
            self.sequences -= sequences

    @property
    def flops(self) -> int:
        """Two for each multiply-accumulate."""
        with self._lock:
            self._sum_windows()
            return 2 * self._macs

    def _sum_windows(self) -> None:
        """Count the pairs in all windows: only now, since this waits for their device."""
        for bounds, macs in self._windows.values():
            self._macs += macs * int(bounds.diff().long().square().sum())
        self._windows.clear()

    def _reset_after_fork(self) -> None:
        """Renew the lock in a forked child, where its holder may not be there to release it."""
        self._lock = threading.Lock()


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
    sizes = ("hidden_size", "intermediate_size", "num_hidden_layers")
    known = all(isinstance(getattr(text, size, None), int) for size in sizes)
    return partial(macs_language, config) if known else lambda tokens: 0.0


def macs_language(config: PreTrainedConfig, new: float, past: float = 0) -> float:
    """MACs of a pass over *new* tokens after *past* cached ones: see `macs`."""
    text = config.get_text_config()
    sizes = {"width": text.hidden_size, "inner": text.intermediate_size}
    return macs(new, past, layers=text.num_hidden_layers, **sizes)


def macs(new: float, past: float = 0, *, layers: int, width: int, inner: int) -> float:
    """
    FastV's and PyramidDrop's L(4nd² + 2n²d + 3ndm) for *new* tokens after *past* cached ones.

    These are multiply-accumulates, though papers call them FLOPs: of the language model alone,
    without its head, as if no heads shared keys and each token saw all others.
    """
    products = 4 * new * width**2 + 3 * new * width * inner
    return layers * (products + 2 * new * (past + new) * width)
