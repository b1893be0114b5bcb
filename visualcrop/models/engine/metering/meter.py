"""What a Hugging Face model really does, whoever calls it and however."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import attrs

from ....utils.forking import in_child
from ...base import Usage
from .flops import formula, gauges
from .tally import Tally

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@attrs.define(eq=False)
class Span:
    """A stretch of time. Its work is that of all threads, known when it has ended."""

    usage: Usage = Usage()


class Meter:
    """
    Counts at the blocks themselves, so that no way of calling the model goes unseen.

    Padding counts, for it costs as much as words. A pass counts when it begins, even if it is
    broken off. A single token after cached ones is a step of decoding, unless `packed` says that
    it is read.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.formula = formula(model.config)  # MACs of a pass over so many tokens
        self._tally = Tally(self.formula)
        self._gauges = list(gauges(model, self._tally))
        self._devices = sorted(
            {p.device.index for p in model.parameters() if p.device.type == "cuda"}
        )
        self._open: list[Span] = []
        self._lock = threading.Lock()
        self._seconds = self._marked = 0.0
        self._peak = 0
        in_child(self._start_afresh)

    @property
    def calls(self) -> int:
        """Passes through the decoder, be it with many prompts or with one token."""
        return self._tally.calls

    @property
    def sequences(self) -> int:
        """Rows that were read, before anything was decoded; of packed rows, what they hold."""
        return self._tally.sequences

    def usage(self) -> Usage:
        """All work so far. Seconds and peak memory are those of measured spans."""
        flops, passes = self._tally.flops, self._tally
        counts = passes.new, passes.reused, passes.decoded
        return Usage(*counts, flops, self._seconds, self._peak, macs=passes.by_formula)

    def packed(self, sequences: int, reused: int | None = None) -> AbstractContextManager[None]:
        """
        Let this thread's next pass count as one that reads *sequences*, whatever its shape.

        Each of them need not read what is cached, if it is not said how many tokens are *reused*.
        """
        return self._tally.packed(sequences, reused)

    def retract(self, sequences: int) -> None:
        """Count *sequences* fewer: their pass failed, and they will be read again."""
        self._tally.retract(sequences)

    @contextmanager
    def measure(self) -> Iterator[Span]:
        """Time a stretch and tell its work. Spans may overlap; each second counts once."""
        span = Span()
        self._mark(opened=span)
        before = self.usage()
        try:
            yield span
        finally:
            self._mark(closed=span)
            span.usage = _since(before, self.usage(), span.usage.peak_bytes)

    def installed(self) -> bool:
        """Whether every gauge is still in its place, with nothing before it."""
        return all(gauge.installed for gauge in self._gauges)

    def remove(self) -> None:
        """Count no more."""
        for gauge in reversed(self._gauges):
            gauge.remove()

    def _start_afresh(self) -> None:
        """In a forked child, where no span that was open will end."""
        self._lock = threading.Lock()
        self._open.clear()

    def _mark(self, *, opened: Span | None = None, closed: Span | None = None) -> None:
        """Settle time and memory up to now, and let a span begin or end."""
        peak = self._settled_peak()
        with self._lock:
            now = time.perf_counter()
            if self._open:
                self._seconds += now - self._marked
                self._peak = max(self._peak, peak)
            self._marked = now
            for span in self._open:
                span.usage = Usage(peak_bytes=max(span.usage.peak_bytes, peak))
            if opened:
                self._open.append(opened)
            if closed:
                self._open.remove(closed)

    def _settled_peak(self) -> int:
        """Most bytes held since this was last asked, all devices together, when all is done."""
        from torch import cuda

        peak = 0
        for device in self._devices:
            cuda.synchronize(device)
            peak += cuda.max_memory_allocated(device)
            cuda.reset_peak_memory_stats(device)
        return peak


def _since(before: Usage, after: Usage, peak: int) -> Usage:
    return Usage(
        new_tokens=after.new_tokens - before.new_tokens,
        reused_tokens=after.reused_tokens - before.reused_tokens,
        decoded_tokens=after.decoded_tokens - before.decoded_tokens,
        flops=after.flops - before.flops,
        seconds=after.seconds - before.seconds,
        peak_bytes=peak,
        macs=after.macs - before.macs,
    )
