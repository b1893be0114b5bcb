"""The first impression: `visualcrop` answers at once."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import pytest

_HEAVY = (
    "import sys, runpy; sys.argv = ['visualcrop', *{words}];\n"
    "try: runpy.run_module('visualcrop', run_name='__main__')\n"
    "except SystemExit as end: assert not end.code, end.code\n"
    "assert not {{'torch', 'transformers', 'scipy'}} & set(sys.modules)"
)

# As users have it: Python keeps what it compiled.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def _seconds(*words: str) -> float:
    """By the clock or by the processor, whichever is less: other tests run beside this one."""
    command = [sys.executable, "-m", "visualcrop", *words]
    used, started = _processor_seconds(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=_ENVIRONMENT)
    return min(time.perf_counter() - started, _processor_seconds() - used)


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("words", [["--help"], ["strategies"], ["strategies", "--json"]])
class TestStartup:
    """Of the commands that only tell."""

    def test_answers_within_half_a_second(self, words: list[str]) -> None:
        """The quickest of ten tries takes less, plug-ins and all."""
        assert any(_seconds(*words) < 0.5 for _ in range(10))

    def test_imports_nothing_heavy(self, words: list[str]) -> None:
        """Neither torch nor transformers nor scipy is imported."""
        code = _HEAVY.format(words=words)
        done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
