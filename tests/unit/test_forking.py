"""A forked child waits for no thread that it does not have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.mangled import picture

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")


def _exit_code(*arguments: str) -> int:
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.forked", *arguments],
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return run.returncode


@pytest.mark.slow
def test_locks_are_open_in_the_child() -> None:
    """Whatever a thread of the parent held: those of batches, memories, tallies, taps, tables."""
    assert _exit_code() == 0


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize(("method", "nth"), [("direct", 2), ("focus", 1), ("focus", 3)])
def test_a_model_in_the_middle_of_a_pass(tmp_path: Path, method: str, nth: int) -> None:
    """The child asks it anew, with one thread of torch's; with more, nothing is promised."""
    picture(96, 64).save(tmp_path / "image.png")
    assert _exit_code(str(tmp_path / "image.png"), method, str(nth)) == 0
