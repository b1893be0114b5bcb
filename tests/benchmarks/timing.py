"""How long things take, on a machine that does other things as well."""

from __future__ import annotations

import time
from collections.abc import Callable


def fastest(*runs: Callable[[], object], rounds: int) -> list[float]:
    """Least processor seconds of each, run in turns, so that what disturbs one disturbs all."""
    taken = [float("inf")] * len(runs)
    for _ in range(rounds):
        for place, run in enumerate(runs):
            started = time.process_time()
            run()
            taken[place] = min(taken[place], time.process_time() - started)
    return taken
