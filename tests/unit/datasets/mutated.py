"""A folder with a dataset, one of its files spoiled or put in the place of something else."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 10**30, 10**400, -0.5, float("nan"), float("inf"), 1e308),
    *("", "x", "../x", "/etc/passwd", "a\0b", "[/]", "\x1b[2J", "\ud800", "x" * 5000, "~nouser"),
    *([], [1], [[[]]], {}, {"a": 1}, ["", None], [float("nan")] * 4, [[1, 2], [3]]),
)
_BYTES = (b"", b"{", b"]", b'"', b"\t", b"\n", b"\xff", b"\0", b"9" * 5000, b"[" * 5000)
_TOML = (
    *(b'n = "two"\n', b"n = -1\n", b"n = 9223372036854775807\n", b"images = true\n"),
    *(b"[sha256]\n'../x' = 'y'\n", b"sha256 = 3\n", b"[sha256]\n'a' = 3\n", b"name = [1]\n"),
    *(b"a = " + b"[" * 5000, b"a = " + b"9" * 5000, b"\xff\xfe", b"n = nan\n"),
)


def mutate(folder: Path, seed: int) -> str:
    """Spoil *folder*, and say how; the same for the same seed."""
    rng = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    tables = [path for path in files if path.suffix != ".jpg"]
    path = rng.choice([*files, *tables, *tables])
    how = rng.random()
    if how < 0.12:
        return f"{path.name} is {_replaced(path, rng)}"
    if path.suffix == ".toml":
        path.write_bytes(rng.choice(_TOML))
    elif path.suffix in {".json", ".jsonl"} and how < 0.75:
        _spoil_value(path, rng)
    else:
        content = path.read_bytes()
        for _ in range(rng.randrange(1, 4)):
            start = rng.randrange(len(content) + 1)
            stop = start + rng.choice((0, 1, 9, 200))
            content = content[:start] + rng.choice(_BYTES) + content[stop:]
        path.write_bytes(content)
    return f"{path.name} is spoiled"


def _replaced(path: Path, rng: random.Random) -> str:
    """Something else in the place of a file."""
    path.unlink()
    kind = rng.choice(("gone", "a pipe", "a link", "a device", "a folder", "a circle"))
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    elif kind != "gone":
        path.symlink_to(
            {"a link": "/etc/passwd", "a device": "/dev/zero", "a circle": path.name}[kind]
        )
    return kind


def _spoil_value(path: Path, rng: random.Random) -> None:
    lines = path.read_text("utf-8").splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    number = rng.randrange(len(lines))
    table = json.loads(lines[number])
    *outer, last = rng.choice([*_paths(table)])
    inner: Any = table
    for key in outer:
        inner = inner[key]
    if rng.random() < 0.2:
        del inner[last]
    else:
        inner[last] = rng.choice(_ODD)
    lines[number] = json.dumps(table)
    path.write_text("\n".join(lines))


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items)[:20]:
        yield (*before, key)
        if isinstance(inner, dict | list):
            yield from _paths(inner, (*before, key))


def remove(folder: Path) -> None:
    """Remove it, whatever it has become."""
    shutil.rmtree(folder, ignore_errors=True)
