"""Watches what a process does: where it writes, what it runs, whom it calls."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BREACH = "BREACH: "
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {  # audited events, and how many of their arguments are paths
    "os.remove": 1,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.rename": 2,
    "os.link": 2,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.chmod": 1,
    "shutil.rmtree": 1,
}
_PROGRAMS = {"git", "nvidia-smi", "sysctl", "uname", "lscpu", "ldconfig", "gcc", "ld", "file"}
_HARMLESS = ("/dev/null", "/dev/full", "/dev/zero", "/proc/")


def memory(name: str) -> int:
    """What the system says of this process, such as VmSize, in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def guard(scratch: Path, kill_at: tuple[str, int] | tuple[()] = ()) -> None:
    """
    Refuse, and tell on standard error, whatever leaves *scratch* or runs what lies there.

    Args:
        kill_at: a folder, and at which look at it, counted from one, the process kills itself.
    """
    if kill_at:
        sys.addaudithook(_Killer(*kill_at))
    sys.addaudithook(_Guard(scratch))


class _Killer:
    """Kills its own process at the nth time that it does something with a file of a folder."""

    def __init__(self, folder: str, nth: int) -> None:
        self.folder, self.left = folder, nth

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in {"open", *_CHANGES} or not args or not isinstance(args[0], str | bytes):
            return
        if os.fsdecode(args[0]).startswith(self.folder):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)


class _Guard:
    """Knows what may not happen."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = (str(scratch), os.path.realpath(scratch))
        self.busy = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.busy:
            return
        self.busy = True
        try:
            told = self._breach(event, args)
        finally:
            self.busy = False
        if told:
            os.write(2, f"{BREACH}{told}\n".encode("utf-8", "replace"))
            raise PermissionError(13, "Permission denied")

    def _breach(self, event: str, args: tuple[Any, ...]) -> str:
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITES:
            return self._written(args[0])
        if event in _CHANGES:
            return next(filter(None, map(self._written, args[: _CHANGES[event]])), "")
        told = _RUNS.get(event, _nothing)(*args)
        source = getattr(args[0], "co_filename", "") if event == "exec" else ""
        return f"ran {source!r}" if source.startswith(self.scratch) else told

    def _written(self, path: object) -> str:
        if not isinstance(path, str | bytes | os.PathLike):
            return ""  # a file that is open already
        try:
            place = os.path.realpath(os.fsdecode(path))
        except (ValueError, OSError):
            return ""  # no such file can be
        if place.startswith(_HARMLESS):
            return ""
        within = any(place == root or place.startswith(root + os.sep) for root in self.scratch)
        return "" if within else f"wrote {place!r}"


def _nothing(*_: object) -> str:
    return ""


def _run(*args: object) -> str:
    return f"ran {args[0]!r}"


def _started(program: object, *_: object) -> str:
    known = isinstance(program, str | bytes) and Path(os.fsdecode(program)).name in _PROGRAMS
    return "" if known else f"started {program!r}"


def _unpickled(module: object, name: object) -> str:
    return f"unpickled {module}.{name}"


def _named(*_: object) -> str:
    raise OSError(101, "Network is unreachable")  # whoever asks for a name is merely refused


def _called(_: object, address: object) -> str:
    host = address[0] if isinstance(address, tuple) else "localhost"  # or a socket's path
    return "" if host in {"127.0.0.1", "::1", "localhost"} else f"called {host!r}"


_RUNS: dict[str, Callable[..., str]] = {
    "os.system": _run,
    "os.exec": _run,
    "os.posix_spawn": _run,
    "pty.spawn": _run,
    "subprocess.Popen": _started,
    "pickle.find_class": _unpickled,
    "socket.getaddrinfo": _named,
    "socket.connect": _called,
}
