"""Counts of what a model did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_KEPT = 64  # bounds of windows to look at together


class Tally:
    """Sums to which any thread may add."""

    def __init__(self) -> None:
        self.calls = self.sequences = self.new = self.reused = self.decoded = 0
        self._here = threading.local()  # .sequences: what this thread says of its next pass
        self._lock = threading.Lock()
        self._macs = 0
        self._windows: dict[int, tuple[Tensor, int]] = {}  # by identity: bounds, macs for each pair

    def __deepcopy__(self, memo: dict[int, Any]) -> Tally:
        return self  # a copy of a metered model is metered, too

    def enter(self, rows: int, tokens: int, past: int) -> None:
        """Note *rows* of *tokens* each that enter the decoder, after *past* cached ones."""
        told = self._tell(None)
        with self._lock:
            self.calls += 1
            if told is None and past and tokens == 1:
                self.decoded += rows
                return
            sequences = rows if told is None else told
            self.sequences += sequences
            self.new += rows * tokens
            self.reused += sequences * past

    @contextmanager
    def packed(self, sequences: int) -> Iterator[None]:
        """Let this thread's next pass count as one that reads *sequences*, whatever its shape."""
        before = self._tell(sequences)
        try:
            yield
        finally:
            self._tell(before)

    def _tell(self, sequences: int | None) -> int | None:
        told: int | None = getattr(self._here, "sequences", None)
        self._here.sequences = sequences
        return told

    def add(self, macs: int, bounds: Tensor | None = None) -> None:
        """Add *macs*, or as many for each pair of tokens in one of the windows between *bounds*."""
        with self._lock:
            if bounds is None:
                self._macs += macs
                return
            _, others = self._windows.get(id(bounds), (bounds, 0))
            self._windows[id(bounds)] = bounds, others + macs
            if len(self._windows) > _KEPT:
                self._settle()

    @property
    def flops(self) -> int:
        """Two for each multiply-accumulate."""
        with self._lock:
            self._settle()
            return 2 * self._macs

    def _settle(self) -> None:
        """Look at the windows: only now, since this waits for the device they are on."""
        for bounds, macs in self._windows.values():
            self._macs += macs * int(bounds.diff().long().square().sum())
        self._windows.clear()
