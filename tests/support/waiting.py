"""The one place where tests look at a clock: to wait for what happens, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

PATIENCE = (
    240.0  # seconds until a thread or a process is taken for stuck; nothing is as slow as that
)


def until(reached: Callable[[], object]) -> None:
    """Wait for what other threads and processes do."""
    stop = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < stop, "nothing happens any more"
        time.sleep(0.005)


def join(threads: Sequence[threading.Thread]) -> None:
    """Wait for threads to end."""
    stop = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, stop - time.monotonic()))
    assert not [thread for thread in threads if thread.is_alive()], "a thread is stuck"
