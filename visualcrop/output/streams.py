"""Writing to standard output and error, which may be full, closed or not UTF-8."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..errors import FileError
from .characters import indent_lines, printable


class OutputError(FileError):
    """Standard output does not take what is written."""


def say(text: str, *, error: bool = False) -> None:
    """Print text on standard output or error; control characters are replaced, lines kept."""
    _write(printable(text, newline="\n"), error=error)


def replace_unencodable() -> None:
    """Print `?` for letters that standard output's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say_error(sentence: str) -> None:
    """Print an error on standard error; lines after the first, such as a caret, are indented."""
    _write(indent_lines(sentence), error=True)


@contextmanager
def open_output(*, error: bool = False) -> Iterator[TextIO | None]:
    """
    Open standard output, or error; if it cannot be written, raise one sentence.

    A closed pipe, as in `... | head`, ends the process with 1 and without a traceback.
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
        if not error:  # a failing standard error cannot be reported anywhere
            raise OutputError(
                f"Standard output cannot be written ({exc.strerror}); send it somewhere else."
            ) from exc


def can_encode(text: str) -> bool:
    """Whether standard output's encoding has every letter of *text*."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_output() -> None:
    """Raise if standard output cannot be written: a plug-in's own `print` may have hidden it."""
    with open_output() as stream:
        if stream is not None:
            stream.write(" ")


def _write(lines: str, *, error: bool) -> None:
    with open_output(error=error) as stream:
        if stream is not None:
            encoding = stream.encoding or "utf-8"
            stream.write(lines.encode(encoding, "replace").decode(encoding) + "\n")


def _silence(stream: TextIO | None) -> None:
    """Discard what is still buffered, or Python would fail on it at exit."""
    with suppress(OSError, ValueError):
        if stream is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
