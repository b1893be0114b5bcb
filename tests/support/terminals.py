"""Commands in processes of their own, on a terminal or where writing fails."""

from __future__ import annotations

import json
import os
import pty
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

_PATIENCE = 240  # seconds until a child is taken for stuck


def on_terminal(words: list[str], folder: Path, **environment: str) -> tuple[int, str]:
    """How `python -m visualcrop words` ends, and what a terminal is sent by it."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "120", "NO_COLOR": "", **environment}

    def use() -> None:
        for stream in (0, 1, 2):
            os.dup2(theirs, stream)
        os.close(ours)
        sys.path[:0] = settings.get("PYTHONPATH", "").split(os.pathsep)
        sys.argv = ["visualcrop", *words]
        _open_streams("utf-8")
        runpy.run_module("visualcrop", run_name="__main__")

    child = _fork(use, folder, settings)
    os.close(theirs)
    sent = b""
    while True:
        try:
            some = os.read(ours, 1 << 16)
        except OSError:  # its end, on Linux
            break
        if not some:
            break
        sent += some
    os.close(ours)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), sent.decode("utf-8", "replace")


def each(
    commands: list[list[str]], folder: Path, out: str, encoding: str = "utf-8", **environment: str
) -> tuple[list[int], list[str]]:
    """How *commands* end in one process whose standard output is "full", "closed" or a file."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:

        def use() -> None:
            os.dup2(said.fileno(), 2)
            _open_streams(encoding)
            _run_each(commands, out, encoding)

        child = _fork(use, folder, environment)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        printed = said.read()
    assert code == 0, printed
    _, *told, ended = printed.split("\x1e")
    return json.loads(ended), told


def _run_each(commands: list[list[str]], out: str, encoding: str) -> None:
    from visualcrop.cli import app

    ended = []
    for number, words in enumerate(commands):
        _redirect(out, number)
        sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115 - the next one's end
        sys.stderr.write("\x1e")
        try:
            app(words)
        except SystemExit as end:
            ended.append(end.code or 0)
    sys.stderr.write("\x1e" + json.dumps(ended))


def _redirect(out: str, number: int) -> None:
    """Standard output becomes a full disk, a pipe that nobody reads, or a file."""
    if out == "closed":
        ours, theirs = os.pipe()
        os.close(ours)
    elif out == "full":
        theirs = os.open("/dev/full", os.O_WRONLY)
    else:
        theirs = os.open(f"{number}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(theirs, 1)
    os.close(theirs)


def _fork(use: Callable[[], None], folder: Path, environment: dict[str, str]) -> int:
    """
    The id of a child that does *use* in *folder* and ends as Python would.

    It has imported all that its parent has: a Python of its own would take seconds for that.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12's, about threads
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        warnings.resetwarnings()  # pytest's make errors of them
        warnings.simplefilter("ignore", DeprecationWarning)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_PATIENCE)
        os.chdir(folder)
        os.environ.update(environment)
        use()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as Python does at its end
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _open_streams(encoding: str) -> None:
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115 - open as long as the child
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115 - as above
    errors = "backslashreplace"
    sys.stderr = open(2, "w", 1, encoding, errors, closefd=False)  # noqa: SIM115 - as above


def shell(line: str, folder: Path, **environment: str) -> tuple[int, str, str]:
    """How a line of shell ends, and what it prints; `$python` is this one."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        check=False,
        capture_output=True,
        cwd=folder,
        env={**os.environ, "python": sys.executable, **environment},
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr
