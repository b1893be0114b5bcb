"""A shard of a run: a file of records, one JSON line each, that one process appends to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, Self, TypeAlias, cast

import attrs

from ..data.record import Record
from ..errors import EvaluationError, FileError

ShardIndex: TypeAlias = tuple[int, int]  # (2, 8): the second of eight
LOCK = ".lock"  # held while a process decides whether to start or resume a run
_PATIENCE = 60  # seconds to wait for another process that holds it


@attrs.define
class ShardWriter:
    """Appends records to a shard; each is on the disk before the next question is asked."""

    path: Path
    _file: RawIOBase | None = attrs.field(default=None, init=False)

    def open(self) -> Self:
        """Create the file if there is none, and lock it; refuse if another process has it."""
        try:
            self._file = self.path.open("ab", buffering=0)  # a failed write leaves nothing behind
        except OSError as exc:
            raise FileError(f"{str(self.path)!r} cannot be written: {exc.strerror}.") from exc
        if not try_lock(cast("IO[Any]", self._file)):
            self.close()
            raise EvaluationError(
                f"{str(self.path)!r} is being written by another process; wait for it, or give "
                "each its own --shard."
            )
        _truncate_torn_line(self.path)
        return self

    def close(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, record: Record) -> None:
        """Write one record and flush it to the disk."""
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
                "and the same command resumes the run."
            ) from exc


def _truncate_torn_line(path: Path) -> None:
    """Cut off a last line without a newline: the process died while it wrote that."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end and not _ends_line(file, end):
            end -= 1
        file.truncate(end)


def _ends_line(file: IO[Any], end: int) -> bool:
    file.seek(end - 1)
    return bool(file.read(1) == b"\n")


def try_lock(file: IO[Any]) -> bool:
    """Lock *file* until it is closed; false if another process has the lock."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock: nothing is locked there
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks either
        return True
    return True


def is_locked(path: Path) -> bool:
    """Whether a process is writing the file."""
    with suppress(OSError), path.open("r+b") as file:
        return not try_lock(file)
    return False


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Create *folder* if there is none, and hold its lock: only one process may set up a run."""
    path = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # opening a pipe would never end
            raise FileError(f"{str(path)!r} is not a plain file; take it out of the folder.")
        file = path.open("ab")
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror}.") from exc
    with file:
        waited = 0.0
        while not try_lock(file):
            if waited >= _PATIENCE:
                raise EvaluationError(
                    f"{str(path)!r} is held by a process that stands still; end it, and try again."
                )
            time.sleep(0.05)
            waited += 0.05
        yield
