"""Spoilt runs, datasets and checkpoints end in a result or in one sentence, never in a bug."""

from __future__ import annotations

import pytest

from tests.attack.attacks import ATTACKS
from tests.attack.siege import Server, siege

_BLOCK = 50
_SAMPLE = {"runs": 12, "datasets": 12, "checkpoints": 10}
_LONG = {"runs": 200, "datasets": 200, "checkpoints": 500}


@pytest.mark.parametrize("name", _SAMPLE)
def test_a_few_spoilt_folders(name: str, server: Server) -> None:
    """One sentence each; nothing hangs, runs, leaves the folder or steers the terminal."""
    failures = siege(ATTACKS[name], range(_SAMPLE[name]), server)
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


@pytest.mark.parametrize("name", _SAMPLE)
def test_whoever_repeats_an_attack_sees_the_same(name: str, server: Server) -> None:
    """A seed does the same to the same files, whenever it is given."""
    told: list[list[str]] = [[], []]
    for each in told:
        siege(ATTACKS[name], range(3), server, lambda attempt, end: each.append(attempt.told))  # noqa: B023
    assert told[0] == told[1]
