"""Locks on files of a run's folder, which end with the process that holds them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..errors import EvaluationError, FileError

LOCK = ".lock"  # held for a moment, while it is settled what the folder holds
_PATIENCE = 60  # seconds that another process may take for that


def lock(file: IO[Any]) -> bool:
    """Whether nobody else has the file locked, as far as the system can tell; then it is ours."""
    try:
        import fcntl
    except ImportError:  # not a system that has such locks
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # nor a file system that has
        return True
    return True


def is_locked(path: Path) -> bool:
    """Whether a process is writing the file."""
    with suppress(OSError), path.open("r+b") as file:
        return not lock(file)
    return False


@contextmanager
def settling(folder: Path) -> Iterator[None]:
    """Make the folder where there is none, and let no other process settle what it holds."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror}.") from exc
    with file:
        waited = 0.0
        while not lock(file):
            if waited >= _PATIENCE:
                raise EvaluationError(
                    f"{str(path)!r} is held by a process that stands still; end it, and try again."
                )
            time.sleep(0.05)
            waited += 0.05
        yield
