"""Counts of what a model did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from ....utils.forking import in_child

if TYPE_CHECKING:
    from torch import Tensor

_Said: TypeAlias = tuple[int, int | None]  # sequences, and tokens that they need not read again
_KEPT = 64  # bounds of windows to look at together


class Tally:
    """Sums to which any thread may add."""

    def __init__(self, formula: Callable[[float], float] = lambda tokens: 0.0) -> None:
        self.calls = self.sequences = self.new = self.reused = self.decoded = 0
        self.by_formula = 0.0  # of each sequence as if all of it were read
        self._formula = formula
        self._here = threading.local()  # .said: what this thread says of its next pass
        self._lock = threading.Lock()
        self._macs = 0
        self._windows: dict[int, tuple[Tensor, int]] = {}  # by identity: bounds, macs for each pair
        in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        """In a forked child, where nobody is left to unlock it."""
        self._lock = threading.Lock()

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
            sequences, reused = told or (rows, rows * past)
            self.sequences += sequences
            self.new += rows * tokens
            self.by_formula += sequences * self._formula(past + rows * tokens / max(1, sequences))
            self.reused += sequences * past if reused is None else reused

    @contextmanager
    def packed(self, sequences: int, reused: int | None = None) -> Iterator[None]:
        """Let this thread's next pass count as one that reads *sequences*, whatever its shape."""
        before = self._tell((sequences, reused))
        try:
            yield
        finally:
            self._tell(before)

    def retract(self, sequences: int) -> None:
        """Count *sequences* fewer: they will be read again."""
        with self._lock:
            self.sequences -= sequences

    def _tell(self, said: _Said | None) -> _Said | None:
        told: _Said | None = getattr(self._here, "said", None)
        self._here.said = said
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
