"""Attacks on the folder of a checkpoint, of every family."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import cycle
from pathlib import Path
from random import Random

import PIL.Image

from tests.attack.mutating import mutate_bytes, mutate_file
from tests.attack.mutating_json import mutate_json, mutate_text
from tests.attack.siege import Attack, Attempt, End, Server
from tests.attack.tricks import TRICKS

_QUESTION = ("ask", "image.png", "What colour is the cup?")
_OPTIONS = (
    ("-s", "direct"),
    ("-s", "direct", "-c", "red", "-c", "blue"),
    ("-s", "direct", "--json"),
)
_SEARCHES = ("-s", "focus(targets=quoted, steps=1)", "-c", "red", "-c", "blue")
_OFTEN = 0.5  # of attempts spoil config.json, from which most of transformers is built


def build(*families: str) -> None:
    """Write tiny checkpoints into the current folder, each in another of the published layouts."""
    from tests.support.tiny.checkpoints import published
    from tests.support.tiny.publishing import LAYOUTS

    for family, layout in zip(families, cycle(LAYOUTS), strict=False):
        shutil.copytree(published(family, layout), family)


class Checkpoints(Attack):
    """A checkpoint's configs, templates and header, spoilt, then asked one question."""

    name = "checkpoints"
    memory = 4 << 30

    def prepare(self, sound: Path, server: Server) -> None:
        end = server.call("tests.attack.checkpoints:build", _families(), sound)
        assert end.code == 0, end
        PIL.Image.linear_gradient("L").convert("RGB").resize((90, 60)).save(sound / "image.png")

    def attempt(self, rng: Random, sound: Path, scratch: Path) -> Attempt:
        family = rng.choice(_families())
        shutil.copytree(sound / family, scratch / family)
        shutil.copy(sound / "image.png", scratch)
        told = spoil(rng, scratch / family)
        options = _SEARCHES if rng.random() < 0.2 else rng.choice(_OPTIONS)
        return Attempt(f"{family}: {told}", [(*_QUESTION, "-m", f"./{family}", *options)])

    def wrong(self, words: Sequence[str], end: End, scratch: Path) -> Iterator[str]:
        yield from end.complaints()
        if (scratch / "owned").exists() or "owned" in end.out:
            yield "it ran the checkpoint's code"


@cache
def _families() -> tuple[str, ...]:
    from tests.support.tiny.checkpoints import FAMILIES

    return FAMILIES


def spoil(rng: Random, folder: Path) -> str:
    """Spoil one file of a checkpoint, or bring along what no checkpoint should; what was done."""
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(TRICKS)(rng, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = folder / "config.json" if rng.random() < _OFTEN else rng.choice(files)
    if kind < 0.2:
        told = mutate_file(rng, path)
    elif path.suffix in {".bin", ".txt"}:
        told = mutate_bytes(rng, path)
    elif path.suffix == ".safetensors":
        told = _headed(rng, path)
    else:
        told = (mutate_json(rng, path) if kind < 0.85 else None) or mutate_bytes(rng, path)
    return f"{path.name}: {told}"


def _headed(rng: Random, path: Path) -> str:
    """Weights whose header says what is not so."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, told = mutate_text(rng, data[8 : 8 + length].decode())
    encoded = header.encode("utf-8", "surrogatepass")
    claimed = rng.choice((len(encoded), len(encoded), 0, 2**63, len(data) * 2))
    path.write_bytes(struct.pack("<Q", claimed) + encoded + data[8 + length :])
    return f"header of {claimed} bytes, {told}"
