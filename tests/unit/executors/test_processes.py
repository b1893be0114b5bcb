"""Questions asked in several processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.dying import DEADLY, ONCE, Dying, Leaving, Waiting, die, fail
from tests.support.studies import toy_study
from tests.support.waiting import until
from visualcrop import Record
from visualcrop.errors import EvaluationError, SpecError
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.executors.local import Local, Processes
from visualcrop.plugin import Executor, Registry, Task
from visualcrop.testing import ExecutorSuite
from visualcrop.testing.evaluation_suites import Echo, make_tasks

pytestmark = pytest.mark.skipif(os.name != "posix", reason="connections are inherited on POSIX")
_UNSTABLE = {"seconds", "held"}


class TestProcesses(ExecutorSuite):
    """Two processes."""

    strategy = Processes

    def executor(self) -> Executor:
        """Two at once."""
        return Processes(workers=2)


def test_few_tasks_stay_here() -> None:
    """Where starting a process takes longer than they do."""

    def opened_here() -> Echo:
        here.append(os.getpid())
        return Echo()

    here = list[int]()
    records = [*Processes(workers=2, least=5).run(opened_here, make_tasks(2))]
    assert len(records) == 4
    assert here == [os.getpid()]


def test_options_are_checked(registry: Registry) -> None:
    """At least one process, or as many as there are cores."""
    assert registry.build(Executor, "processes(workers=4)") == Processes(workers=4)
    assert registry.build(Executor, "processes") == Processes(workers="auto")
    for wrong in ("workers=0", "workers=1000000"):
        with pytest.raises(SpecError, match="workers must be from 1 to 256"):
            registry.build(Executor, f"processes({wrong})")
    with pytest.raises(SpecError, match="least must be at least 1"):
        registry.build(Executor, "processes(least=-1)")


class TestLosses:
    """Processes that end before their time."""

    def test_a_lost_process_is_replaced(self, tmp_path: Path) -> None:
        """A question that kills one is tried again; one that kills two is an error by itself."""
        tasks = [*make_tasks(8)]
        records = [*Processes(workers=2).run(partial(Dying, tmp_path), iter(tasks))]
        asked = Counter((task.variant, task.sample.id) for task in tasks)
        assert Counter(record.key for record in records) == asked
        (lost,) = (record for record in records if record.status == "error")
        assert lost.key == ("one", DEADLY)
        assert lost.error == "2 processes ended while it was asked, the last with SIGKILL"
        assert lost.question == tasks[2 * int(DEADLY)].sample.digest
        assert (tmp_path / "killed").exists()

    def test_one_whose_child_lives_on_is_missed(self, tmp_path: Path) -> None:
        """The child holds the connection open, so that its end alone tells nothing."""
        try:
            records = [*Processes(workers=2).run(partial(Leaving, tmp_path), make_tasks(3))]
        finally:
            children = [int(path.name) for path in tmp_path.iterdir()]
            for child in children:
                os.kill(child, signal.SIGKILL)
        assert len(children) == 2
        assert Counter(record.status for record in records) == {"ok": 5, "error": 1}

    def test_paths_that_imports_pass_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is no text in `sys.path`, such as a `Path`, is no path there either."""
        monkeypatch.setattr(sys, "path", [Path("/somewhere"), *sys.path])
        assert len([*Processes(workers=1).run(Echo, make_tasks(2))]) == 4

    @pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who is running")
    def test_one_that_dies_idle_is_not_missed(self, tmp_path: Path) -> None:
        """While another still answers the last question."""
        records = Processes(workers=2).run(partial(Waiting, tmp_path), make_tasks(2))
        first = [next(records), next(records)]
        idle = int(first[0].text)
        os.kill(idle, signal.SIGKILL)
        until(lambda: not _is_running(idle))
        (tmp_path / "go").touch()
        assert [record.id for record in (*first, *records)] == ["0", "0", ONCE, ONCE]

    def test_a_model_that_does_not_load(self) -> None:
        """Ends the run, and says what may help."""
        with pytest.raises(EvaluationError, match=r"as it loaded the model \(SIGKILL\)"):
            list(Processes(workers=2).run(die, make_tasks(3)))

    def test_an_exception_that_cannot_travel(self) -> None:
        """Its name and its words do."""
        with pytest.raises(EvaluationError, match=r"go on \(UnreadableError: 1 and 2\); give"):
            list(Processes(workers=1).run(fail, make_tasks(1)))

    def test_what_cannot_be_sent(self) -> None:
        """Is refused before a question is asked."""
        with pytest.raises(EvaluationError, match=r"cannot be sent to another process .* local"):
            list(Processes(workers=1).run(lambda: Echo(), make_tasks(1)))  # noqa: PLW0108 - as a user's


def _lines(store: Store) -> dict[Any, dict[str, Any]]:
    """What stands in the run's file by question, without what a clock has to do with."""
    lines = store.shard_path((1, 1)).read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return {
        (record["variant"], record["id"]): {
            name: value for name, value in record.items() if name not in _UNSTABLE
        }
        for record in records
    }


@pytest.mark.parametrize("sharing", [False, pytest.param(True, marks=pytest.mark.proof)])
def test_records_are_those_of_one_process(tmp_path: Path, sharing: bool) -> None:
    """
    Every field but seconds and memory, of a run that was resumed, too.

    Where variants share passes, so do questions about one image, and who of them was asked first
    pays for it in tokens. Tables leave that out.
    """
    study = toy_study(scenes=1, sharing=sharing)
    here = run_study(study, tmp_path / "here", executor=Local())
    there = run_study(study, tmp_path / "there", executor=Processes(workers=2))
    shard = there.shard_path((1, 1))
    shard.write_text("".join(shard.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    again = run_study(study, there.folder, executor=Local())
    ours, theirs = _lines(here), _lines(again)
    for record in (*ours.values(), *theirs.values()) if sharing else ():
        del record["work"]
    assert ours == theirs
    assert len(ours) == 6


@pytest.mark.proof
@pytest.mark.parametrize("sharing", [False, True])
def test_so_are_those_of_a_network(tmp_path: Path, sharing: bool) -> None:
    """With tokens, FLOPs and MACs, which caches could change."""
    variants = {"direct": "direct", "focus": "focus", "one": "focus(steps=1)"}
    study = Study("shapes(count=6, size=1k)", "tiny-shapes", variants, sharing=sharing)
    here = run_study(study, tmp_path / "here", executor=Local())
    there = run_study(study, tmp_path / "there", executor=Processes(workers=2))
    ours, theirs = _lines(here), _lines(there)
    for record in (*ours.values(), *theirs.values()):
        del record["work"]["seconds"]
    assert ours == theirs
    assert len(ours) == 18


def test_a_question_stays_together() -> None:
    """All its variants are asked in one process, where they may share passes."""
    tasks = make_tasks(6)
    records = list[Record](Processes(workers=2).run(partial(Dying, Path()), _without(tasks)))
    processes = {record.id: {r.text for r in records if r.id == record.id} for record in records}
    assert {len(each) for each in processes.values()} == {1}
    assert len({record.text for record in records}) == 2


def _without(tasks: Iterator[Task]) -> Iterator[Task]:
    return (task for task in tasks if task.sample.id not in {DEADLY, ONCE})


_SCRIPT = """
import signal
from functools import partial
from pathlib import Path
from tests.support.dying import Silent
from visualcrop.executors.local import Processes
from visualcrop.testing.evaluation_suites import make_tasks

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
folder = Path({folder!r})
with (folder / "started").open("a") as file:
    file.write("once ")
for record in Processes(workers=2).run(partial(Silent, folder), make_tasks(4)):
    print(record)
"""


def _named(folder: Path) -> list[int]:
    """The processes that have written who they are."""
    return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]


def _is_running(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who is running")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_command(tmp_path: Path, number: signal.Signals) -> None:
    """Though they are busy; and a script without a guard for its main part runs only once."""
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT.format(folder=str(tmp_path)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        until(lambda: process.poll() is not None or len(_named(tmp_path)) == 2)
        busy = _named(tmp_path)
        assert [*map(_is_running, busy)] == [True, True]
        process.send_signal(number)
        process.communicate()
        assert process.returncode == -number
    until(lambda: not any(map(_is_running, busy)))
    assert (tmp_path / "started").read_text() == "once "
