"""However a dataset's folder is spoiled, every command ends well or in one sentence."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.attack.mutating import mutate
from tests.support import shipped
from tests.support.running import Run

_COMMANDS = (
    "data check {}",
    "data check {} --pixels --json",
    "data stats {} --picture areas.svg",
    "data import {} --to imported",
    "data export {} --to exported",
    "evaluate {} -s direct -m toy --out run",
)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", shipped.WRITERS)
def test_no_command_has_a_bug(name: str, seed: int, run: Run, tmp_path: Path) -> None:
    """Its exit code is that of success or of wrong input."""
    what = mutate(Random(seed), shipped.WRITERS[name](tmp_path / "spoiled"))
    for command in _COMMANDS:
        words = command.format(f"{name}(path=spoiled)" if name != "folder" else "spoiled")
        done = run(*words.split())
        assert done.exit_code in {0, 1}, (what, words, done.output, done.exc_info)
        assert "Traceback" not in done.output
