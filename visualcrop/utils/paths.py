"""Reads and writes files that a user names; what goes wrong is one sentence."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ..errors import FileError

MOST_TEXT = 1 << 24  # bytes of a file, or a line, of settings or fields


def expand_path(path: str | Path) -> Path:
    """*path* with its `~` written out, if a file may be called so."""
    shown = str(path) if len(str(path)) <= 100 else f"{str(path)[:97]}..."
    try:
        if "\0" in str(path):
            raise ValueError("it holds a null byte")
        os.fsencode(path)  # not every text can be written as a name
        place = Path(path).expanduser()
        place.is_file()  # asks the system, which knows how long a name may be
    except RuntimeError:
        user = Path(path).parts[0]
        raise FileError(f"{shown!r} names nobody's home; there is no user {user[1:]!r}.") from None
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise FileError(f"{shown!r} cannot be the path of a file: {reason}.") from exc
    return place


def read_limited(path: Path, most: int = MOST_TEXT, *, called: str = "") -> bytes:
    """All bytes of a file, which is *called* something, and no longer than *most*."""
    name = f"{called} {str(path)!r}".strip()
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise FileError(f"{name} is no file, but a pipe or a device; give a file.")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise FileError(f"{name} cannot be read: {reason}.") from exc
    if len(content) > most:
        raise FileError(f"{name} is not read, for it has more than {most:,} bytes.")
    return content


def write_atomically(path: Path, content: bytes, part: Path | None = None) -> None:
    """
    Write a file that readers see whole, as it was or as it is now.

    It is first written as *part*; by default under a name that no other writer has.
    """
    part = part or path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(content)
    part.replace(path)
