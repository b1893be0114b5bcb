"""Spoilt runs, datasets and checkpoints end in a result or in one sentence, never in a bug."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.attack.attacks import ATTACKS
from tests.attack.mutating import mutate
from tests.attack.siege import Server, siege
from tests.support import shipped

_BLOCK = 50
_SAMPLE = {  # seeds that once found something
    "runs": (0, 2, 9, 16, 23, 51),
    "datasets": (21, 30, 96, 115, 125, 193, 194),
    "checkpoints": (0, 1, 38, 82, 89, 96),
}
_LONG = {"runs": 200, "datasets": 200, "checkpoints": 500}


@pytest.mark.parametrize("name", _SAMPLE)
def test_a_few_spoilt_folders(name: str, server: Server) -> None:
    """One sentence each; nothing hangs, runs, leaves the folder or steers the terminal."""
    failures = siege(ATTACKS[name], _SAMPLE[name], server)
    assert not failures, "\n\n".join(map(str, failures))


@pytest.mark.attack
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("name", "first"),
    [(name, first) for name, count in _LONG.items() for first in range(0, count, _BLOCK)],
)
def test_many_spoilt_folders(name: str, first: int, server: Server) -> None:
    """As above: bytes, values, names and kinds of files, one seed each."""
    failures = siege(ATTACKS[name], range(first, first + _BLOCK), server)
    assert not failures, "\n\n".join(map(str, failures))


def test_whoever_repeats_an_attack_does_the_same(scratch: Path) -> None:
    """A seed spoils the same places of the same files, whenever it is given."""
    shipped.folder(scratch / "sound")
    told: list[list[str]] = [[], []]
    for number, each in enumerate(told):
        for seed in range(40):
            copy = shutil.copytree(scratch / "sound", scratch / f"{number}-{seed}")
            each.append(mutate(Random(seed), copy))
    assert told[0] == told[1]
    assert len({*told[0]}) > 30
