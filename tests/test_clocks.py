"""No test asks what time it is: whatever else the machine does, the suite says the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_ALLOWED = {
    "tests/support/waiting.py": "waits for what happens, and gives up after minutes",
    "tests/test_clocks.py": "spells what it refuses",
    "tests/attack/server.py": "kills what hangs, after minutes, and looks how far a run has come",
    "tests/unit/datasets/test_hostile_hubs.py": "is a server that sends a byte now and then",
    "plugins/visualcrop-ray/tests/test_losses.py": "waits for processes to end before Ray's own do",
}
_MODULES = {"time", "timeit", "sched"}
_CALLED = {  # on whatever: the time, how busy the machine is, how many cores it has
    *("monotonic", "perf_counter", "process_time", "thread_time", "sleep", "clock_gettime"),
    *("now", "utcnow", "today", "getloadavg", "cpu_count", "process_cpu_count"),
}
_WAITING = {"acquire", "communicate", "get", "join", "result", "wait", "wait_for"}
_IN_TEXT = re.compile(r"\bimport time\b|\btime\.\w+\(|\bsleep\(")


def _sources() -> Iterator[Path]:
    """Tests of ours and of plug-ins, what they share, and the suites that others inherit."""
    patterns = ("tests/**/*.py", "plugins/*/**/test*.py", "plugins/*/tests/**/*.py")
    for pattern in (*patterns, "visualcrop/testing/**/*.py", "conftest.py"):
        for path in _ROOT.glob(pattern):
            if not path.is_relative_to(_ROOT / "tests" / "benchmarks"):
                yield path


def _clocks(source: str) -> Iterator[str]:
    """What in a test depends on time, each with its line."""
    for node in ast.walk(ast.parse(source)):
        if told := _told(node):
            yield f"{getattr(node, 'lineno', 0)}: {told}"


def _told(node: ast.AST) -> str:
    told = ""
    match node:
        case ast.Import(names=names) if {name.name for name in names} & _MODULES:
            told = "imports a clock"
        case ast.ImportFrom(module=str(module)) if module in _MODULES:
            told = "imports from a clock"
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in _CALLED:
            told = f"asks {name}"
        case ast.Attribute(attr="ru_utime" | "ru_stime"):
            told = "asks how long a process has run"
        case ast.Constant(value=str(text)) if _IN_TEXT.search(text):
            told = "has another process ask a clock"
        case ast.keyword(arg="deadline", value=ast.Constant(value=value)) if value is not None:
            told = "sets Hypothesis a deadline"
        case ast.keyword(arg="timeout", value=ast.Constant(value=int() | float())):
            told = "sets a time limit of its own"
        case ast.Call(
            func=ast.Attribute(attr=name), args=[ast.Constant(value=int() | float() as value), *_]
        ) if name in _WAITING and not isinstance(value, bool):
            told = f"waits for {value} s in {name}"
    return told


def test_no_test_reads_a_clock() -> None:
    """Nor sleeps, nor gives anything so many seconds; `waiting` waits for what happens."""
    found = [
        f"{name}:{told}"
        for path in sorted({*_sources()})
        if (name := path.relative_to(_ROOT).as_posix()) not in _ALLOWED
        for told in _clocks(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [*_ALLOWED])
def test_what_is_allowed_is_needed(name: str) -> None:
    """Each file on the list is there, and has something that would be refused."""
    assert [*_clocks((_ROOT / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import sleep",
        "datetime.now()",
        "started = clocks.perf_counter()",
        "usage.ru_utime",
        "settings(deadline=200)",
        "subprocess.run(command, timeout=5)",
        "event.wait(1)",
        "queue.get(0.5)",
        "thread.join(2)",
        "code = 'import os, time; time.sleep(3)'",
    ],
)
def test_what_is_refused(source: str) -> None:
    """Each of these makes a test depend on what else the machine does."""
    assert [*_clocks(source)]


@pytest.mark.parametrize(
    "source",
    [
        "'-'.join(words)",
        "process.wait()",
        "found.get(key)",
        "thread.join()",
        "settings(deadline=None)",
        "barrier.wait(PATIENCE)",
        "Budget(seconds=3)",
        "record.seconds == 0.0",
    ],
)
def test_what_is_not(source: str) -> None:
    """None of these looks at a clock of the machine's."""
    assert not [*_clocks(source)]
