"""Spoils files: their bytes, the values in their JSON, and what they are at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.attack.mutating_json import mutate_json

_INSERTED = (
    b"\0",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",  # half of a surrogate pair
    b"9" * 5000,  # more digits than Python reads
    b"-",
    b"1e999",
    b"NaN",
    b"[" * 3000,
    b'{"a":' * 3000,
    b'"',
    b"\n",
    b"\r",
    b"}\n{",
    b"\x1b[31m",
    b"\xef\xbb\xbf",
)


def mutate(
    rng: Random, folder: Path, strays: tuple[str, ...] = (), secret: Path | None = None
) -> str:
    """
    Spoil one file of *folder*; what was done.

    Args:
        strays: names of files that may be put beside the others instead.
        secret: a file outside of *folder* that links may lead to.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if not files:
        return "nothing was left"
    path = rng.choice(files)
    kind = rng.random()
    if kind < 0.3:
        told = mutate_file(rng, path, folder / rng.choice(strays) if strays else None, secret)
    else:
        told = (mutate_json(rng, path) if kind < 0.65 else None) or mutate_bytes(rng, path)
    return f"{path.relative_to(folder)}: {told}"


def mutate_bytes(rng: Random, path: Path) -> str:
    """Spoil one to three places of a file."""
    data, told = path.read_bytes(), []
    for _ in range(rng.randrange(1, 4)):
        change = rng.choice((_flipped, _cut, _doubled, _inserted, _filled))
        data, said = change(rng, data, rng.randrange(len(data) + 1))
        told.append(said)
    path.write_bytes(data)
    return ", ".join(told)


def _flipped(rng: Random, data: bytes, at: int) -> tuple[bytes, str]:
    bits = bytes([(data[at : at + 1] or b"\0")[0] ^ 1 << rng.randrange(8)])
    return data[:at] + bits + data[at + 1 :], f"a bit flipped at {at}"


def _cut(rng: Random, data: bytes, at: int) -> tuple[bytes, str]:
    end = rng.choice((len(data), at + rng.randrange(1, 40)))
    return data[:at] + data[end:], f"cut from {at} to {end}"


def _doubled(rng: Random, data: bytes, at: int) -> tuple[bytes, str]:
    end = at + rng.choice((1, 10, 100, len(data)))
    return data[:end] + data[at:], f"{at} to {end} doubled"


def _inserted(rng: Random, data: bytes, at: int) -> tuple[bytes, str]:
    more = rng.choice(_INSERTED)
    return data[:at] + more + data[at:], f"{len(more)} bytes {more[:8]!r} put in at {at}"


def _filled(rng: Random, data: bytes, at: int) -> tuple[bytes, str]:
    many = rng.choice((1, 8, 64))
    return data[:at] + rng.randbytes(many) + data[at + many :], f"{many} random bytes at {at}"


def mutate_file(
    rng: Random, path: Path, stray: Path | None = None, secret: Path | None = None
) -> str:
    """Make of a file another thing, or none."""
    kind = rng.random()
    if stray is not None and kind < 0.3:
        return _stray(rng, path, stray)
    if kind < 0.6:
        elsewhere = (path.name, "/proc/self/environ", "/dev/zero")
        target = rng.choice((*elsewhere, *[str(secret)] * 3) if secret else elsewhere)
        path.unlink()
        path.symlink_to(target)
        return f"a link to {Path(target).name} in its place"
    return rng.choice(_CHANGES)(path)


def _removed(path: Path) -> str:
    path.unlink()
    return "removed"


def _emptied(path: Path) -> str:
    path.write_bytes(b"")
    return "emptied"


def _folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "a folder in its place"


def _pipe(path: Path) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a FIFO in its place"


def _long(path: Path) -> str:
    path.rename(path.with_name("n" * 240 + path.suffix))
    return "renamed to 240 letters"


def _unnamed(path: Path) -> str:
    path.rename(path.with_name(f"\udcff\udcfe{path.name}"))
    return "renamed to what is no UTF-8"


def _stray(rng: Random, path: Path, stray: Path) -> str:
    stray.parent.mkdir(exist_ok=True)
    data = rng.choice((b"", path.read_bytes(), rng.randbytes(99), b"[]\n", b"null"))
    stray.write_bytes(data)
    return f"untouched, but {stray.name[:60]!r} put beside it, with {data[:12]!r}"


_CHANGES: tuple[Callable[[Path], str], ...] = (
    _removed,
    _emptied,
    _folder,
    _pipe,
    _long,
    _unnamed,
)
