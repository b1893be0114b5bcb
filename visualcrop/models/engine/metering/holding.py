"""Memory that this process has held, as far as the system tells."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def most_held() -> int | None:
    """
    Most bytes held at any time so far, by all that the process did; none if nobody knows.

    On Linux not `getrusage`, whose figure a process inherits from the one that started it.
    """
    try:
        lines = _STATUS.read_text("utf-8").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return _by_usage()


def _by_usage() -> int | None:
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most
