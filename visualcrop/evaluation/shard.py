"""One worker's file of answers."""

from __future__ import annotations

import os
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, Self

import attrs

from ..errors import EvaluationError, FileError
from ..record import Record


@attrs.define
class Shard:
    """Answers are appended, and each is on the disk before the next is begun."""

    path: Path
    _file: RawIOBase | None = attrs.field(default=None, init=False)

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("ab", buffering=0)  # what fails to be written is not kept
        except OSError as exc:
            raise FileError(f"{str(self.path)!r} cannot be written: {exc.strerror}.") from exc
        if not _locked(self._file):
            self._file.close()
            raise EvaluationError(
                f"{str(self.path)!r} is being written by another process; wait for it, or give "
                "each its own --shard."
            )
        _mend(self.path)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, record: Record) -> None:
        """Write one answer down for good."""
        if self._file is None:
            raise RuntimeError("The shard is not open.")
        try:
            left = memoryview(record.line().encode("utf-8", "replace") + b"\n")
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as exc:
            raise FileError(
                f"{str(self.path)!r} cannot be written: {exc.strerror}; what was answered is kept, "
                "and the same command goes on from there."
            ) from exc


def _locked(file: RawIOBase) -> bool:
    """Whether nobody else writes the file, as far as the system can tell."""
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
