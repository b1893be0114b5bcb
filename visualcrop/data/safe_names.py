"""Checks of file names from outside: each must name one file of its own below a folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ..errors import FileError

_MAX_PART, _MAX_LENGTH = 200, 1000  # file systems allow 255 bytes; `.part` needs some


def check_file_names(names: Iterable[str]) -> None:
    """Refuse names that leave their folder, and two that some file system takes for one."""
    known: dict[str, str] = {}
    for name in names:
        if reason := _find_fault(name):
            raise FileError(f"The file {_quote(name)} cannot be written, for its name {reason}.")
        if (other := known.get(fold_name(name))) is not None:
            raise FileError(f"The files {_quote(other)} and {_quote(name)} would be one file.")
        known[fold_name(name)] = name
    for name in known.values():
        for parent in Path(fold_name(name)).parents:
            if str(parent) in known:
                shown = _quote(known[str(parent)])
                raise FileError(f"{shown} would be a file, and a folder with {_quote(name)} in it.")


def refuse_links(root: Path, name: str) -> None:
    """Refuse *name* below *root* if it, or a folder on its path, is a symbolic link."""
    place = root
    for part in Path(name).parts:
        place /= part
        if place.is_symlink():
            raise FileError(f"{str(place)!r} is a link, and is not written through; remove it.")


def fold_name(name: str) -> str:
    """Normalize case and Unicode, so that names some file system takes for one are equal."""
    return unicodedata.normalize("NFC", name).casefold()


def _find_fault(name: str) -> str:
    """What is wrong with *name*, as the end of a sentence; empty if nothing is."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0][:2]:
        return "leads out of its folder"
    if "" in parts or "." in parts or not name.isprintable() or parts[-1].endswith(".part"):
        return "is none that is written here"
    longest = max(len(part.encode("utf-8", "replace")) for part in parts)
    if longest > _MAX_PART or len(name) > _MAX_LENGTH:
        return "is too long"
    return ""


def _quote(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:97]}...")
