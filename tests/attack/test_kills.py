"""A run that is killed and resumed comes to what it would have come to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attack.kills import differences, killed, undisturbed
from tests.attack.siege import Server

_CLOCKED = {"seconds", "gpu", "gpu_most", "process"}


def _summary(server: Server, folder: Path, scratch: Path) -> str:
    end = server.line(["compare", str(folder), "--json"], scratch)
    assert end.code == 0, end
    return json.dumps(_timeless(json.loads(end.out)), indent=1)


def _timeless(value: object) -> object:
    """What was told, without what a clock or the machine's memory has to do with it."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key not in _CLOCKED}
    return [*map(_timeless, value)] if isinstance(value, list) else value


def _survives(server: Server, scratch: Path, kills: int, seed: int) -> None:
    whole = undisturbed(server, scratch)
    folder, told = killed(server, scratch, kills, seed)
    assert not [*differences(whole, folder)], f"seed {seed}, killed {told}"
    assert _summary(server, folder, scratch) == _summary(server, whole, scratch), f"killed {told}"


def test_a_run_survives_a_few_kills(server: Server, scratch: Path) -> None:
    """Answers, passes, work and FLOPs are those of a run that nobody disturbed."""
    _survives(server, scratch, kills=2, seed=0)


@pytest.mark.attack
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 11))
def test_ten_runs_survive_five_kills_each(server: Server, scratch: Path, seed: int) -> None:
    """As above, fifty kills in all: while models load, while answers are written, at the end."""
    _survives(server, scratch, kills=5, seed=seed)
