"""The processor, and how many of its cores this process may use."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_INFO = Path("/proc/cpuinfo")
_GROUPS, _LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def name_processor(info: Path = _INFO) -> str:
    """
    The processor's name as its maker says it, such as `AMD EPYC`; else its architecture.

    Args:
        info: Linux's list of the processors.
    """
    with suppress(OSError):
        for line in info.read_text("utf-8", "replace").splitlines():
            field, _, value = line.partition(":")
            if field.strip() == "model name" and value.strip():
                return value.strip()
    return platform.machine()


def usable_cores(groups: Path = _GROUPS, limits: Path = _LIMITS) -> int:
    """
    Cores of this process: by its affinity, and by the processor time that its container gets.

    Args:
        groups: Linux's list of the control groups of this process.
        limits: The folder in which Linux shows the limits of all groups.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    return max(1, int(min([cores, *_quotas(groups, limits)])))


def _quotas(groups: Path, limits: Path) -> Iterator[float]:
    """Cores' worth of time that each group around this process may use, where it has a limit."""
    with suppress(OSError):
        for line in groups.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            own = PurePosixPath(path.lstrip("/"))
            for group in (own, *own.parents):
                yield from _quota(limits / "cpu" / group if controllers else limits / group)


def _quota(group: Path) -> Iterator[float]:
    """Microseconds of processor time by microseconds: in one file of version 2, in two of 1."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        if (both := group / "cpu.max").is_file():
            quota, period = both.read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        if int(quota) > 0:  # `max`, or -1, is no limit
            yield int(quota) / int(period)
