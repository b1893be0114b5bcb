"""Names of files that come from elsewhere: each is one file below a folder, and no other's."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ..errors import FileError

_LONGEST_PART, _LONGEST = 200, 1000  # file systems have 255 bytes, and `.part` needs some


def check_names(names: Iterable[str]) -> None:
    """Refuse names that lead out of a folder, and two that are one file, on any file system."""
    known: dict[str, str] = {}
    for name in names:
        if reason := _wrong(name):
            raise FileError(f"The file {_shown(name)} cannot be written, for its name {reason}.")
        if (other := known.get(folded(name))) is not None:
            raise FileError(f"The files {_shown(other)} and {_shown(name)} would be one file.")
        known[folded(name)] = name
    for name in known.values():
        for parent in Path(folded(name)).parents:
            if str(parent) in known:
                shown = _shown(known[str(parent)])
                raise FileError(f"{shown} would be a file, and a folder with {_shown(name)} in it.")


def check_way(root: Path, name: str) -> None:
    """Refuse *name* below *root* where a link on the way, or at its end, leads elsewhere."""
    place = root
    for part in Path(name).parts:
        place /= part
        if place.is_symlink():
            raise FileError(f"{str(place)!r} is a link, and is not written through; remove it.")


def folded(name: str) -> str:
    """Equal for names that some file systems take for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _wrong(name: str) -> str:
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in parts[0][:2]:
        return "leads out of its folder"
    if "" in parts or "." in parts or not name.isprintable() or parts[-1].endswith(".part"):
        return "is none that is written here"
    longest = max(len(part.encode("utf-8", "replace")) for part in parts)
    if longest > _LONGEST_PART or len(name) > _LONGEST:
        return "is too long"
    return ""


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:97]}...")
