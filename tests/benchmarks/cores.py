"""
`python -m tests.benchmarks.cores [questions]`: threads and processes, idle and beside a busy loop.

Seconds of one question of `tiny-shapes` with one of torch's threads and with all, of a study in one
process and in as many as there are cores. The busy loop is pinned to the last core, which a second
thread or process needs. Run it on a machine that does nothing else: the load before it is printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from visualcrop.utils.cores import usable_cores

_LOOP = "import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
_ASKED = 8  # single questions, of which the median counts


def main(questions: int) -> None:
    """Print a table of everything."""
    cores = usable_cores()
    print(f"load before: {os.getloadavg()[0]:.2f}, cores: {cores}")
    print(f"{'':34}{'idle':>16}{'beside a loop':>16}{'ratio':>8}   (seconds, processor seconds)")
    for threads in (1, cores):
        _show(f"a question, {threads} threads", ["question", str(threads)])
    for executor in ("local", f"processes(workers={cores})"):
        _show(f"{questions} questions, {executor}", ["study", executor, str(questions)])


def _show(name: str, words: Sequence[str]) -> None:
    """Print a row: measured by a process of its own, without and with a busy loop."""
    idle = _measure(words)
    with _busy():
        beside = _measure(words)
    cells = "".join(f"{seconds:9.2f}, {spent:5.2f}" for seconds, spent in (idle, beside))
    print(f"{name:34}{cells}{beside[0] / idle[0]:8.2f}", flush=True)


def _measure(words: Sequence[str]) -> tuple[float, float]:
    """Seconds and processor seconds, as the process printed them last."""
    command = [sys.executable, "-m", "tests.benchmarks.cores", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, spent = json.loads(done.stdout.splitlines()[-1])
    return seconds, spent


@contextmanager
def _busy() -> Iterator[None]:
    """A process that never rests, on the last core."""
    core = max(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", _LOOP.format(core=core)]) as process:
        try:
            yield
        finally:
            process.kill()


def _ask(threads: int) -> None:
    """The median of questions under FOCUS, each as if it were the first about its image."""
    from visualcrop import VisualSearch
    from visualcrop_tiny import Shapes

    search, times = (
        VisualSearch.open(f"tiny-shapes(threads={threads})"),
        list[tuple[float, float]](),
    )
    for sample in Shapes(count=_ASKED, size="2k"):
        search.model.forget()
        before, spent = time.perf_counter(), time.process_time()
        question = sample.question()
        search.ask(question.image, question.text, choices=question.choices)
        times.append((time.perf_counter() - before, time.process_time() - spent))
    print(json.dumps([median(column) for column in zip(*times, strict=True)]))


def _study(executor: str, questions: int) -> None:
    """A study under two variants, with the start of its processes."""
    from visualcrop import evaluate

    before = time.perf_counter()
    dataset = f"shapes(count={questions}, size=2k)"
    evaluate(dataset, "focus", "tiny-shapes", executor=executor, progress=False)
    after, used = time.perf_counter(), os.times()
    spent = used.user + used.system + used.children_user + used.children_system
    print(json.dumps([after - before, spent]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["question", threads]:
            _ask(int(threads))
        case ["study", executor, questions]:
            _study(executor, int(questions))
        case given:
            main(int(given[0]) if given else 40)
