"""Attacks, one for each seed, and what is wrong with how they ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Self, TypeAlias

import attrs

from tests.attack.guarding import BREACH

ROOT = Path(__file__).resolve().parents[2]
LIMIT = float(os.environ.get("VISUALCROP_ATTACK_LIMIT", "100"))  # seconds; what takes so long hangs
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_FINE = {0, 1, 2}


@attrs.frozen
class End:
    """How a command ended."""

    code: int | None
    signal: str
    hung: bool
    killed: bool
    out: str
    err: str

    def complaints(self) -> Iterator[str]:
        """What no command may do, whatever it is given."""
        if self.hung:
            yield "it hung"
        elif self.code not in _FINE:
            yield f"it ended with {self.signal or self.code}"
        if "Traceback (most recent call last)" in self.err + self.out:
            yield "it showed a traceback"
        if steering := _STEERING.search(self.out + self.err):
            yield f"it printed {steering.group()!r}"
        yield from (line for line in self.err.splitlines() if line.startswith(BREACH))
        if self.code == 1 and not (self.err + self.out).strip():
            yield "it failed without a word"


class Server:
    """The process that runs commands; see server.py."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = {
            "HF_HOME": str(home / "hf"),
            "VISUALCROP_MODEL": "toy",
            "HF_HUB_OFFLINE": "1",
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",  # a process that forks had better have one thread
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "1",
            "COLUMNS": "100",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.attack.server"],
            cwd=ROOT,
            env=os.environ | self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()
        self.process.stdout.close()  # type: ignore[union-attr]

    def call(self, name: str, args: Sequence[object], scratch: Path, **job: Any) -> End:
        """Run a function of a module, `module:function`, in a child of its own."""
        home = scratch / "home"
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        env = {"HOME": home, "TMPDIR": home / "tmp", "VISUALCROP_DATA": home / "data"}
        asked: dict[str, Any] = {
            "call": name,
            "args": args,
            "cwd": str(scratch),
            "scratch": str(scratch),
        }
        asked |= {"env": {key: str(path) for key, path in env.items()}, "limit": LIMIT} | job
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        told = self.process.stdout.readline()  # type: ignore[union-attr]
        assert told, f"The server of attacks is gone: {self.process.wait()}."
        return End(**json.loads(told))

    def line(self, words: Sequence[str], scratch: Path, **job: Any) -> End:
        """Run `visualcrop` with these words in *scratch*."""
        return self.call("tests.attack.commands:line", words, scratch, **job)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for one server; in memory, where there is such a file system, for disks are slow."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="attack-", dir=place) as folder:
        yield Path(folder).resolve()


@attrs.frozen
class Attempt:
    """What one seed comes to."""

    told: str  # what was done to whom
    lines: Sequence[Sequence[str]]  # commands, one after another
    job: Mapping[str, Any] = {}  # how they are run, where that is special


Watch: TypeAlias = Callable[[Attempt, End], None]


class Attack(ABC):
    """A sound folder, and ways of spoiling it or of asking about it."""

    name: ClassVar[str]
    memory: ClassVar[int | None] = None  # bytes that a command may have beside what it begins with

    @abstractmethod
    def prepare(self, sound: Path, server: Server) -> None:
        """Fill the folder that is copied for each attempt."""

    @abstractmethod
    def attempt(self, rng: Random, sound: Path, scratch: Path) -> Attempt:
        """Copy what is wanted into *scratch*, spoil it, and say what is to be run there."""

    def wrong(self, words: Sequence[str], end: End, scratch: Path) -> Iterator[str]:
        """What is wrong with the *end* of the command of these *words*."""
        yield from end.complaints()


@attrs.frozen
class Failure:
    """An attempt that went wrong, and how to repeat it."""

    attack: str
    seed: int
    told: str
    words: Sequence[str]
    wrong: str
    said: str

    def __str__(self) -> str:
        words = " ".join(map(ascii, self.words))
        repeat = f"python -m tests.attack {self.attack} {self.seed}"
        return f"{self.wrong}: {words}\n  {self.told}\n  {self.said}\n  {repeat}"


def siege(attack: Attack, seeds: Iterable[int], server: Server) -> list[Failure]:
    """Every attempt of these seeds; those that went wrong."""
    return [failure for seed in seeds for failure in assault(attack, seed, server)]


def assault(
    attack: Attack, seed: int, server: Server, watch: Watch | None = None
) -> Iterator[Failure]:
    """One attempt, with one command or several; *watch* is told how each ended."""
    sound = server.home / attack.name
    if not sound.is_dir():
        sound.mkdir()
        attack.prepare(sound, server)
    scratch = server.home / "scratch"
    _clear(scratch)
    scratch.mkdir()
    attempt = attack.attempt(Random(f"{attack.name} {seed}"), sound, scratch)
    for words in attempt.lines:
        end = server.line(words, scratch, memory=attack.memory, **attempt.job)
        if watch is not None:
            watch(attempt, end)
        said = (end.err.strip() or end.out.strip()).replace("\n", " | ")[-700:]
        for wrong in attack.wrong(words, end, scratch):
            yield Failure(attack.name, seed, attempt.told, words, wrong, said)


def _clear(folder: Path) -> None:
    if folder.is_dir():
        for place in (folder, *folder.rglob("*")):
            if place.is_dir() and not place.is_symlink():
                place.chmod(0o700)
        shutil.rmtree(os.fsencode(folder))
