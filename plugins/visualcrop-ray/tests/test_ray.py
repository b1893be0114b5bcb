"""Tasks answered by actors of a Ray cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import until
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import summarize
from visualcrop.plugin import Executor
from visualcrop.testing import ExecutorSuite
from visualcrop_ray import Ray
from visualcrop_ray.cluster import ENVIRONMENT

ray = pytest.importorskip("ray", reason="Ray is not installed here", exc_type=ImportError)


@pytest.fixture(scope="class")
def cluster() -> Iterator[None]:
    """One for all tests of the class: it takes seconds to start."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
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


_STUDY = Study("toy(scenes=8)", "toy", {"direct": "direct", "focus": "focus"})
_RUN = """
import sys
from pathlib import Path
from visualcrop import Budget
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.study import Study
from visualcrop_ray import Ray

def watch(record):
    sys.stdin.readline()

run_study({study!r}, Path({folder!r}), executor=Ray(workers=2, cpus=0.5), watch=watch)
"""


def _stable(store: Store) -> list[dict[str, object]]:
    """Rows without how long they took, and other costs."""
    unstable = {"seconds", "work", "memory"}
    return [
        {key: value for key, value in row.items() if key not in unstable}
        for row in summarize(store)
    ]


def _actors(process: subprocess.Popen[bytes]) -> list[int]:
    """Descendants of *process* that run one of our actors."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
    ours = {process.pid}
    for _ in range(4):  # driver, raylet, worker
        ours |= {int(pid) for pid, parent, *_ in rows if int(parent) in ours}
    actors = [int(pid) for pid, _, args in rows if args.startswith("ray::RayWorker")]
    return [pid for pid in actors if pid in ours]


@pytest.mark.timeout(900)  # a busy machine takes minutes to start a cluster
def test_a_lost_worker_is_replaced(tmp_path: Path) -> None:
    """One of two is killed in the middle; every question is there once, as if undisturbed."""
    folder = tmp_path / "ray"
    shard = folder / "samples-1of1.jsonl"
    script = _RUN.format(study=_STUDY, folder=str(folder))
    command = [sys.executable, "-W", "ignore", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # waits after each record
        until(lambda: process.poll() is not None or (shard.is_file() and shard.stat().st_size))
        victims = _actors(process)
        assert victims
        os.kill(victims[0], signal.SIGKILL)
        process.communicate()
    assert process.returncode == 0
    assert _stable(Store.existing(folder)) == _stable(run_study(_STUDY, tmp_path / "alone"))
    keys = [(row["variant"], row["id"]) for row in map(json.loads, shard.read_text().splitlines())]
    assert len(keys) == len({*keys}) == 48
