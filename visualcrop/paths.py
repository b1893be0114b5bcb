"""Paths as they were typed: what no file can be called is one sentence, wherever it is given."""

from __future__ import annotations

from pathlib import Path

from .errors import FileError


def expanded(path: str | Path) -> Path:
    """*path* with its `~` written out, if a file may be called so."""
    shown = str(path) if len(str(path)) <= 100 else f"{str(path)[:97]}..."
    try:
        place = Path(path).expanduser()
        place.is_file()  # asks the system, which knows how long a name may be
    except RuntimeError:
        user = Path(path).parts[0]
        raise FileError(f"{shown!r} names nobody's home; there is no user {user[1:]!r}.") from None
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise FileError(f"{shown!r} cannot be the path of a file: {reason}.") from exc
    return place
