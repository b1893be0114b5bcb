"""Damages files of a run's folder, by seed."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 10**400, 1.5, float("nan"), float("inf"), "", "\ud800"),
    *("toy(", "x" * 3000, [], [[]], [1], {}, {"a": 1}, {"size": 3}, "../..", "\0", "[/]"),
)


def mangle(folder: Path, seed: int) -> str:
    """Damage one file of the run; what was done, in words."""
    rng = Random(seed)
    files = sorted(path for path in folder.iterdir() if path.suffix in {".json", ".jsonl"})
    path = rng.choice(files)
    if seed % 3 == 0:
        return f"{path.name}: {_bytes(path, rng)}"
    if path.suffix == ".json":
        told = json.loads(path.read_text("utf-8"))
        where = _value(told, rng)
        path.write_text(_digits(json.dumps(told), rng))
        return f"{path.name}: {where}"
    lines = path.read_text("utf-8").splitlines()
    place = rng.randrange(len(lines))
    told = json.loads(lines[place])
    where = _value(told, rng)
    lines[place] = _digits(json.dumps(told), rng)
    path.write_text("\n".join(lines) + "\n")
    return f"{path.name}:{place + 1}: {where}"


def _bytes(path: Path, rng: Random) -> str:
    raw = bytearray(path.read_bytes())
    kind = rng.choice(("flip", "cut", "insert", "empty", "nest", "folder"))
    place = rng.randrange(len(raw))
    if kind == "flip":
        raw[place] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del raw[place:]
    elif kind == "insert":
        raw[place:place] = rng.randbytes(9)
    elif kind == "nest":
        raw = bytearray(b"[" * 100_000 + b"\n")
    path.unlink()
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"" if kind == "empty" else raw)
    return f"{kind} at {place}"


def _value(told: Any, rng: Random) -> str:
    """Put another value in one place of a tree, or take what is there away."""
    at, inside = "", told
    while True:
        keys = [*inside] if isinstance(inside, dict) else [*range(len(inside))]
        key = rng.choice(keys)
        at = f"{at}/{key}"
        deeper = isinstance(inside[key], dict | list) and inside[key]
        if not deeper or rng.random() < 0.3:
            break
        inside = inside[key]
    if rng.random() < 0.2:
        del inside[key]
        return f"{at} is gone"
    inside[key] = rng.choice(_VALUES)
    return f"{at} = {str(inside[key])[:20]!r}"


def _digits(text: str, rng: Random) -> str:
    """Now and then, a number that no Python reads."""
    return text.replace(": 0", f": {'7' * 5000}", 1) if rng.random() < 0.1 else text
