"""What may be lost: workers that hang or are not placed, nodes, the cluster, the command."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from visualcrop import Record
from visualcrop.errors import EvaluationError
from visualcrop.plugin import Task, WorkerFactory
from visualcrop.testing.evaluation_suites import Echo, make_tasks
from visualcrop_ray import Ray
from visualcrop_ray.cluster import ENVIRONMENT

ray = pytest.importorskip("ray", reason="Ray is not installed here", exc_type=ImportError)

pytestmark = [pytest.mark.attack, pytest.mark.timeout(3600)]  # clusters take minutes to start
_STARTING = 800.0  # Ray itself gives up earlier
_LONG = 300.0  # seconds until what should happen will not
_RAYS = 45.0  # less than Ray's agents stay by themselves, and far more than is needed


def _until(happened: Callable[[], object], what: str, limit: float = _LONG) -> None:
    """Wait for what other processes do."""
    stop = time.monotonic() + limit
    while not happened():
        assert time.monotonic() < stop, f"{what} never happened"
        time.sleep(0.05)


@pytest.fixture(scope="class")
def cluster() -> Iterator[Any]:
    """A head with one CPU, and a node beside it with one more."""
    os.environ.update(ENVIRONMENT)
    from ray.cluster_utils import Cluster

    made: Any = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


def _hanging(*at: tuple[str, str]) -> WorkerFactory:
    """Workers that never answer some questions; they are sent whole, for no actor has this file."""

    class Hanging(Echo):
        def answer(self, task: Task) -> Record:
            if (task.variant, task.sample.id) in at:
                threading.Event().wait()
            return Echo.answer(self, task)

    return Hanging


@pytest.mark.usefixtures("cluster")
class TestWorkers:
    """Two CPUs on two nodes."""

    def test_one_that_hangs_is_replaced(self) -> None:
        """Its task becomes an error; those that waited behind it are answered."""
        executor = Ray(workers=1, cpus=0.5, ahead=4, tries=1, patience=20)
        records = [*executor.run(_hanging(("one", "2")), make_tasks(5))]
        by_task = {record.key: record.error for record in records}
        assert len(by_task) == len(records) == 10
        assert {key: error for key, error in by_task.items() if error} == {
            ("one", "2"): "1 worker was lost with it, and the last gave no answer within 20 s"
        }

    def test_if_all_hang_the_run_ends(self) -> None:
        """Workers are not replaced without end."""
        executor = Ray(workers=1, cpus=0.5, tries=1, patience=5)
        with pytest.raises(EvaluationError, match="the last one gave no answer within 5 s"):
            [*executor.run(_hanging(("one", "0"), ("other", "0")), make_tasks(1))]

    def test_none_is_placed(self) -> None:
        """No node has what they need: the run ends instead of waiting."""
        executor = Ray(workers=2, cpus=64, placing=2)
        with pytest.raises(EvaluationError, match="each needs 64 CPU and the cluster has 2 CPU"):
            next(executor.run(Echo, make_tasks(1)))

    def test_some_are_placed(self, caplog: pytest.LogCaptureFixture) -> None:
        """The others do all of the work, and there is one warning."""

        def until_warned() -> Iterator[Task]:
            for task in make_tasks(10**6):
                if caplog.records:
                    return
                yield task

        with caplog.at_level(logging.WARNING, "visualcrop_ray"):
            records = [*Ray(workers=3, cpus=1, placing=30).run(Echo, until_warned())]
        assert records
        (warning,) = caplog.messages
        assert warning.startswith(
            "1 of 3 workers wait for a place, the others continue: each needs 1 CPU"
        )

    def test_a_node_is_lost(self, cluster: Any) -> None:
        """The tasks of its worker are retried elsewhere; each task has one record."""
        answered: list[Record] = []
        for record in Ray(workers=2, cpus=1).run(Echo, make_tasks(2000)):
            answered.append(record)
            if len(answered) == 50:
                cluster.remove_node(*cluster.worker_nodes, allow_graceful=False)
        cluster.add_node(num_cpus=1)  # for the tests that come after
        cluster.wait_for_nodes()
        assert len({record.key for record in answered}) == len(answered) == 4000


def _running(session: int) -> dict[int, str]:
    """Names and command lines of the processes of a *session*."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,sid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return {int(p): args for p, s, stat, args in rows if int(s) == session and "Z" not in stat}


class _Command:
    """`visualcrop evaluate` in a session of its own, by which its processes are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "visualcrop", "evaluate", "toy(scenes=5000)", "-m"]
        command += ["toy", "--json", "--out", str(folder), "--executor", "ray(workers=2, cpus=0.5)"]
        with Path(f"{folder}.err").open("wb") as errors, Path(f"{folder}.out").open("wb") as out:
            self.process = subprocess.Popen(
                command, start_new_session=True, stdout=out, stderr=errors
            )

    @property
    def answered(self) -> list[str]:
        shard = self.folder / "samples-1of1.jsonl"
        return shard.read_text().splitlines() if shard.is_file() else []

    def kill(self, name: str) -> None:
        """Kill one of the processes that belong to it, once there are answers."""
        _until(lambda: self.answered or self.process.poll() is not None, "an answer")
        (victim,) = (
            pid for pid, args in _running(self.process.pid).items() if name in args.split()[0]
        )
        os.kill(victim, signal.SIGKILL)

    def nothing_left(self) -> None:
        """Wait until all its processes are gone."""
        _until(lambda: not _running(self.process.pid), "the end of its processes", _RAYS)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[_Command]:
    """One that has started, and will not be left running."""
    started = next(filter(None, (_start(tmp_path / f"run-{n}") for n in range(3))), None)
    if started is None:
        pytest.skip("Ray starts no cluster on a machine as busy as this one")
    yield started
    started.process.kill()
    started.process.wait()


def _start(folder: Path) -> _Command | None:
    """A command that has answers; none if Ray gave up on starting its cluster."""
    started = _Command(folder)
    _until(lambda: started.answered or started.process.poll() is not None, "an answer", _STARTING)
    if started.answered:
        return started
    assert Path(f"{folder}.err").read_text().startswith("Error: Ray cannot be reached")
    return None


class TestCommand:
    """A cluster of the command's own."""

    def test_is_killed(self, command: _Command) -> None:
        """No process that it started stays, long before Ray's own limit of a minute."""
        _until(lambda: command.answered, "an answer")
        command.process.kill()
        command.process.wait()
        command.nothing_left()

    @pytest.mark.parametrize("name", ["gcs_server", "raylet"])
    def test_loses_its_cluster(self, command: _Command, name: str) -> None:
        """It ends with one sentence, keeps its answers, and leaves nothing running."""
        command.kill(name)
        assert command.process.wait(_LONG) == 1
        (message,) = Path(f"{command.folder}.err").read_text().splitlines()
        assert message.startswith("Error: The Ray cluster is gone (")
        command.nothing_left()
        assert 0 < len(command.answered) < 10_000
