"""A checkpoint with one of its files spoiled, the same for the same seed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 3, 7, 2**40, 10**30, -0.5, float("nan"), 1e308),
    *("", "x", "/etc/passwd", "kernels-community/x", "cuda", [], [1], [[[]]], {}, {"a": 1}),
)
_BYTES = (b"", b"{", b"[", b'"', b"\xff", b"\0", b"9" * 5000, b"[" * 5000)
_FILES = (*("config.json",) * 4, "processor_config.json", "preprocessor_config.json")
_MORE = ("tokenizer_config.json", "generation_config.json", "tokenizer.json", "model.safetensors")
_HEAD = 400  # bytes, where a mistake hurts


def mutate(folder: Path, seed: int) -> str:
    """Spoil one value or some bytes of a file in *folder*, and say which."""
    rng = random.Random(seed)
    names = [n for n in (*_FILES, *_MORE, "chat_template.jinja") if (folder / n).is_file()]
    place = folder / rng.choice(names)
    if place.suffix == ".json" and rng.random() < 0.8:
        return f"{place.name}: {_spoil_value(place, rng)}"
    content = place.read_bytes()
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(min(len(content), _HEAD))
        content = content[:start] + rng.choice(_BYTES) + content[start + rng.choice((0, 1, 9)) :]
    place.write_bytes(content)
    return f"{place.name}: bytes"


def copied(source: Path, to: Path, seed: int) -> tuple[Path, str]:
    """A spoiled copy of a checkpoint, and what is wrong with it."""
    shutil.copytree(source, to)
    return to, mutate(to, seed)


def _spoil_value(place: Path, rng: random.Random) -> str:
    table = json.loads(place.read_text())
    paths = [path for path in _paths(table) if len(path) < 4]
    *outer, last = path = rng.choice(paths)
    inner: Any = table
    for key in outer:
        inner = inner[key]
    if rng.random() < 0.2:
        del inner[last]
    else:
        inner[last] = rng.choice(_ODD)
    place.write_text(json.dumps(table))
    return f"{path} = {inner[last]!r}" if last in inner else f"{path} is gone"


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*before, key)
            yield from _paths(inner, (*before, key))
