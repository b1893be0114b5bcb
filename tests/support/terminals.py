"""Commands in processes of their own, on a terminal or where writing fails."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path


def on_terminal(
    words: list[str], folder: Path, module: str = "visualcrop", **environment: str
) -> tuple[int, str]:
    """How `python -m module words` ends, and what a terminal is sent by it."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", module, *words]
    settings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    settings.pop("NO_COLOR", None)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=settings
    )
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
    return process.wait(), sent.decode("utf-8", "replace")


_EACH = """
import json, os, sys
from visualcrop.cli import app
ended = []
for number, words in enumerate(json.loads(sys.argv[1])):
    if sys.argv[2] == "closed":
        ours, theirs = os.pipe()
        os.close(ours)
    elif sys.argv[2] == "full":
        theirs = os.open("/dev/full", os.O_WRONLY)
    else:
        theirs = os.open(f"{number}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(theirs, 1)
    os.close(theirs)
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)
    sys.stderr.write(f"\\x1e")
    try:
        app(words)
    except SystemExit as end:
        ended.append(end.code or 0)
sys.stderr.write("\\x1e" + json.dumps(ended))
sys.stderr.flush()
"""


def each(
    commands: list[list[str]], folder: Path, out: str, **environment: str
) -> tuple[list[int], list[str]]:
    """How *commands* end in one process whose standard output is "full", "closed" or a file."""
    done = subprocess.run(
        [sys.executable, "-c", _EACH, json.dumps(commands), out],
        check=False,
        capture_output=True,
        cwd=folder,
        env={**os.environ, **environment},
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    _, *told, ended = done.stderr.split("\x1e")
    return json.loads(ended), told


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
