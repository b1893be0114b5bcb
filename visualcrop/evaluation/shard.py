"""One worker's file of answers."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, Self, cast

import attrs

from ..errors import EvaluationError, FileError
from ..record import Record


@attrs.define
class Shard:
    """Answers are appended, and each is on the disk before the next is begun."""

    path: Path
    _file: RawIOBase | None = attrs.field(default=None, init=False)

    def open(self) -> Self:
        """Lock the file, which is made where there is none; refused if another has it."""
        try:
            self._file = self.path.open("ab", buffering=0)  # what fails to be written is not kept
        except OSError as exc:
            raise FileError(f"{str(self.path)!r} cannot be written: {exc.strerror}.") from exc
        if not lock(cast("IO[Any]", self._file)):
            self.close()
            raise EvaluationError(
                f"{str(self.path)!r} is being written by another process; wait for it, or give "
                "each its own --shard."
            )
        _mend(self.path)
        return self

    def close(self) -> None:
        """Let others write the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, record: Record) -> None:
        """Write one answer down for good."""
        if self._file is None:
            raise RuntimeError("The shard is not open.")
        left = memoryview(record.line().encode() + b"\n")
        try:
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as exc:
            raise FileError(
                f"{str(self.path)!r} cannot be written: {exc.strerror}; what was answered is kept, "
                "and the same command goes on from there."
            ) from exc


def _mend(path: Path) -> None:
    """Cut off a last line that was being written when the process died."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end and not _ends_line(file, end):
            end -= 1
        file.truncate(end)


def _ends_line(file: IO[Any], end: int) -> bool:
    file.seek(end - 1)
    return bool(file.read(1) == b"\n")


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
