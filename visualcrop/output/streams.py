"""Standard output and error: full, closed, or of an encoding that lacks a letter."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..errors import FileError
from .characters import indented, printable


class OutputError(FileError):
    """Standard output does not take what is written."""


def say(text: str, *, error: bool = False) -> None:
    """Print lines on standard output or error, as text that can neither style nor steer either."""
    _write(printable(text, newline="\n"), error=error)


def forgive() -> None:
    """Let `?` stand for letters that standard output's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say_error(sentence: str) -> None:
    """Print what is wrong on standard error; further lines, as below a caret, are indented."""
    _write(indented(sentence), error=True)


@contextmanager
def writing(*, error: bool = False) -> Iterator[TextIO | None]:
    """
    Standard output, or error, whose failure is one sentence, and no traceback as Python ends.

    A reader who has seen enough, as in `... | head`, ends the process quietly, with 1.
    """
    stream: TextIO | None = sys.stderr if error else sys.stdout  # none if it came closed
    try:
        try:
            yield stream
        finally:
            if stream is not None:
                stream.flush()
    except OSError as exc:
        if exc.filename is not None:  # of a file that was opened meanwhile
            raise
        _silence(stream)
        if isinstance(exc, BrokenPipeError):
            raise SystemExit(1) from None
        if not error:  # of the other, nobody can be told
            raise OutputError(
                f"Standard output cannot be written ({exc.strerror}); send it somewhere else."
            ) from exc


def is_sayable(text: str) -> bool:
    """Whether standard output's encoding has every letter."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_output() -> None:
    """Fail if standard output takes no more, which an error of somebody's `print` does not tell."""
    with writing() as stream:
        if stream is not None:
            stream.write(" ")


def _write(lines: str, *, error: bool) -> None:
    with writing(error=error) as stream:
        if stream is not None:
            encoding = stream.encoding or "utf-8"
            stream.write(lines.encode(encoding, "replace").decode(encoding) + "\n")


def _silence(stream: TextIO | None) -> None:
    """Let what is still in the buffer go nowhere, or Python fails on it as it ends."""
    with suppress(OSError, ValueError):
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
