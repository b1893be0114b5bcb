"""Questions asked by actors of a Ray cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualcrop import Executor
from visualcrop.testing import ExecutorSuite
from visualcrop_ray import Ray
from visualcrop_ray.executor import QUIET

ray = pytest.importorskip("ray", reason="Ray is not installed here", exc_type=ImportError)


@pytest.fixture(scope="class")
def cluster() -> Iterator[None]:
    """One for all tests of the class: it takes seconds to start."""
    os.environ.update(QUIET)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
class TestRay(ExecutorSuite):
    """Two actors on this machine."""

    strategy = Ray

    def executor(self) -> Executor:
        """Two at once."""
        return Ray(workers=2, cpus=0.5)


_STUDY = ("evaluate", "toy(scenes=8)", "-m", "toy", "--json", "--out")


def _evaluate(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Prints into a file: a pipe would be held open by what Ray leaves behind for a moment."""
    folder.mkdir()
    command = [sys.executable, "-m", "visualcrop", *_STUDY, str(folder), *words]
    with (folder / "printed.json").open("wb") as printed:
        return subprocess.Popen(command, stdout=printed)


def _rows(folder: Path) -> list[dict[str, object]]:
    """Rows without what time it took."""
    rows = json.loads((folder / "printed.json").read_text())["rows"]
    return [
        {k: v for k, v in row.items() if k not in {"seconds", "work", "memory"}} for row in rows
    ]


def _actors(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes of Ray's that were begun for *process*, and have become one of our actors."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    ours = {process.pid}
    for _ in range(4):  # driver, raylet, worker
        ours |= {int(pid) for pid, parent, *_ in rows if int(parent) in ours}
    return [int(pid) for pid, _, told in rows if int(pid) in ours and told.startswith("ray::Asked")]


@pytest.mark.timeout(900)  # a busy machine takes minutes to start a cluster
def test_a_lost_worker_is_replaced(tmp_path: Path) -> None:
    """One of two is killed in the middle; every question is there once, as if undisturbed."""
    shard = tmp_path / "ray" / "samples-1of1.jsonl"
    process = _evaluate(tmp_path / "ray", "--executor", "ray(workers=2, cpus=0.5)")
    while process.poll() is None and not (shard.is_file() and shard.stat().st_size):
        time.sleep(0.02)
    victims = _actors(process)
    assert victims
    os.kill(victims[0], signal.SIGKILL)
    assert process.wait() == 0
    assert _evaluate(tmp_path / "alone").wait() == 0
    assert _rows(tmp_path / "ray") == _rows(tmp_path / "alone")
    keys = [
        (told["variant"], told["id"]) for told in map(json.loads, shard.read_text().splitlines())
    ]
    assert len(keys) == len({*keys}) == 48
