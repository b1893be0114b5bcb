"""Attacks on the folder of a dataset, in any of the formats that are read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import PIL.Image
import PIL.PngImagePlugin

from tests.attack.mutating import mutate
from tests.attack.siege import Attack, Attempt, End, Server
from tests.support import shipped

SECRET = "SECRET-7391"
_STRAYS = (
    "dataset.toml",
    "samples.jsonl",
    "images/x",
    "Thumbs.db",
    "data/train-1.parquet",
    "a.tsv",
)


def commands(name: str) -> list[tuple[str, ...]]:
    """What is asked of a dataset of the format *name* in a folder of that name."""
    spec = f'{"folder" if name == "toy" else name}(path="{name}")'
    return [
        ("data", "check", spec),
        ("data", "check", spec, "--pixels", "--json"),
        ("data", "stats", spec, "--picture", "out/areas.svg"),
        ("data", "export", spec, "--to", "out"),
        ("data", "import", spec, "--to", "out"),
        ("evaluate", spec, "-m", "toy", "--limit", "2", "--out", "out"),
    ]


class Datasets(Attack):
    """A dataset, spoilt, then checked, measured, converted and asked about."""

    name = "datasets"
    memory = 2 << 30

    def prepare(self, sound: Path, server: Server) -> None:
        for name, write in shipped.WRITERS.items():
            write(sound / name)
        end = server.line(["data", "import", "toy(scenes=1)", "--to", "toy"], sound)
        assert end.code == 0, end
        about = PIL.PngImagePlugin.PngInfo()
        about.add_text("about", SECRET)
        PIL.Image.new("RGB", (64, 48), "red").save(sound / "secret.png", pnginfo=about)

    def attempt(self, rng: Random, sound: Path, scratch: Path) -> Attempt:
        name = rng.choice((*shipped.WRITERS, "folder", "toy", "toy"))
        secret, times = scratch / "secret.png", rng.choice((1, 1, 2))
        shutil.copytree(sound / name, scratch / name)
        shutil.copy(sound / secret.name, secret)
        told = [mutate(rng, scratch / name, _STRAYS, secret) for _ in range(times)]
        return Attempt(f"{name}: {'; '.join(told)}", rng.sample(commands(name), 2))

    def wrong(self, words: Sequence[str], end: End, scratch: Path) -> Iterator[str]:
        yield from end.complaints()
        known = {*shipped.WRITERS, "toy", "out", "home", "secret.png"}
        for stray in sorted({path.name for path in scratch.iterdir()} - known):
            yield f"it wrote {stray!r} beside what it was to write"
        if SECRET in end.out + end.err or any(_tells(path) for path in _files(scratch / "out")):
            yield "it passed on a file from outside the dataset's folder"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _tells(path: Path) -> bool:
    return SECRET.encode() in path.read_bytes()
