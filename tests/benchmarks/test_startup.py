"""How long `visualcrop` takes to answer, against the libraries that a command line is made of."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

import pytest

_LIBRARIES = ("-c", "import attrs, numpy, PIL.Image, pluggy, typer.rich_utils, importlib.metadata")
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


@pytest.mark.parametrize("words", ["--version", "--help", "strategies", "explain focus"])
def test_startup(benchmark, words: str) -> None:
    """How many times a listing takes what importing those libraries takes: at most twice."""
    command = ("-m", "visualcrop", *words.split())
    ours, theirs = _fastest(command, _LIBRARIES, rounds=6)
    benchmark.pedantic(_seconds, (command,), rounds=3)
    print(f"\nvisualcrop {words}: {ours:.2f} s, {ours / theirs:.2f} times its libraries")


def _fastest(*commands: Sequence[str], rounds: int) -> list[float]:
    """Least processor seconds of each, run in turns, so that what disturbs one disturbs all."""
    rows = [[_seconds(command) for command in commands] for _ in range(rounds)]
    return [min(column) for column in zip(*rows, strict=True)]


def _seconds(command: Sequence[str]) -> float:
    """Of the processor, as users have it: Python keeps what it compiled."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=_ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
