"""
Kills the processes of a cluster of our own that outlive the command that started it.

Ray's own processes end with the command, even if it is killed, except for two agents of a node,
which try to reach the head for more than a minute. This file runs as a process of its own, so it
imports only what is quick. Its standard input is closed, or written to, when the command ends.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path
from typing import NamedTuple

_POLL_INTERVAL = 1.0  # seconds
_PROC = Path("/proc")


class Process(NamedTuple):
    """An entry of /proc."""

    parent: int
    started: str  # differs from that of a later process with the same id
    command: str


def list_processes() -> dict[int, Process]:
    """All processes by id."""
    processes = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:  # it has just ended
                continue
            processes[int(entry.name)] = Process(int(stat[1]), stat[19], command)
    return processes


def find_descendants(driver: int, session: str) -> dict[int, str]:
    """Ray's processes of a *session* that *driver* started, directly or not: id -> start time."""
    processes = list_processes()
    found = {
        pid
        for pid, process in processes.items()
        if process.parent == driver and session in process.command and pid != os.getpid()
    }
    grown = True
    while grown:
        children = {pid for pid, process in processes.items() if process.parent in found} - found
        found, grown = found | children, bool(children)
    return {pid: processes[pid].started for pid in found}


def main(driver: int, session: str) -> None:
    """Wait until *driver* has ended, then kill the processes that it left."""
    known = find_descendants(driver, session)
    while os.getppid() == driver and not select.select([sys.stdin], [], [], _POLL_INTERVAL)[0]:
        known |= find_descendants(driver, session)
    processes = list_processes()
    for pid, started in known.items():
        if pid in processes and processes[pid].started == started:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
