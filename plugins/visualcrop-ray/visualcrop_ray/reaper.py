"""
Kills what a cluster of our own leaves behind, when the command that began it is gone.

Ray's own processes end with the command, even if it is killed, but for two agents of a node that
try to reach its dead head for more than a minute. This runs as a process of its own, without any
import that takes time; its standard input ends, or has something to read, when the command ends.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

_EVERY = 1.0  # seconds between two looks at what is running
_PROC = Path("/proc")


def running() -> dict[int, tuple[int, str, str]]:
    """Of each process: its parent, when it began, and its command line."""
    found = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:  # it has just ended
                continue
            found[int(entry.name)] = int(stat[1]), stat[19], command
    return found


def begun(driver: int, session: str) -> dict[int, str]:
    """Ray's processes of that *session*: what *driver* began, and what these began in turn."""
    processes = running()
    ours = {
        pid
        for pid, (parent, _, command) in processes.items()
        if parent == driver and session in command and pid != os.getpid()
    }
    grown = True
    while grown:
        more = {pid for pid, (parent, *_) in processes.items() if parent in ours} - ours
        ours, grown = ours | more, bool(more)
    return {pid: processes[pid][1] for pid in ours}


def main(driver: int, session: str) -> None:
    """Look on while *driver* lives, then kill what is left."""
    known = begun(driver, session)
    while os.getppid() == driver and not select.select([sys.stdin], [], [], _EVERY)[0]:
        known |= begun(driver, session)
    now = running()
    for pid, began in known.items():
        if pid in now and now[pid][1] == began:  # and no other that was given its number since
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
