"""
Run the documentation's shell examples, `$ visualcrop ...`, and compare what they print.

In the text shown, `...` stands for anything on its line, and alone on a line for any lines.
Where no text is shown, the command has to succeed. A command that ends in ` &` runs until the page
ends; shown is its first line. Environment variables may stand before it:
`$ VISUALCROP_BLOCK=x visualcrop ...`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile

from sybil import Example
from typer.testing import CliRunner

_RUNNING: list[subprocess.Popen[str]] = []


def run_console(example: Example) -> str | None:
    """Run each command of a block; the first that prints something else is the failure."""
    for command, shown in exchanges(example.parsed):
        printed, succeeded = start(command) if command.endswith(" &") else run(command)
        if not (matches(shown, printed) if shown.strip() else succeeded):
            return f"$ {command}\nShown:\n{shown}\nPrinted:\n{printed}"
    return None


def exchanges(block: str) -> Iterator[tuple[str, str]]:
    """Split a block into commands, each with the text shown below it."""
    joined = re.sub(r"\\\n(> )?\s*", "", block)
    for exchange in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
        command, _, shown = exchange.partition("\n")
        yield command, shown


def run(command: str) -> tuple[str, bool]:
    """Run one command; what it prints, and whether it succeeds."""
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in takewhile(lambda word: "=" in word, words))
    program, *arguments = words[len(settings) :]
    if program != "visualcrop":
        raise ValueError(f"Only `visualcrop` runs here. Show `$ {command}` in a `shell` block.")
    from visualcrop.cli import app

    result = CliRunner(env=settings).invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output, result.exit_code == 0


def start(command: str) -> tuple[str, bool]:
    """Start a command in the background; its first line, and whether there is one."""
    _, *arguments = shlex.split(command.removesuffix(" &"))
    words = [sys.executable, "-m", "visualcrop", *arguments]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    _RUNNING.append(process)
    assert process.stdout is not None
    first = process.stdout.readline()
    return first, bool(first)


def stop_all() -> None:
    """End what runs in the background."""
    while _RUNNING:
        process = _RUNNING.pop()
        process.terminate()
        process.communicate()


def matches(shown: str, printed: str) -> bool:
    """Whether *printed* is what is *shown*, where `...` stands for anything."""
    pattern = "".join(
        r"(.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
        for line in _tidy(shown).splitlines()
    )
    return re.fullmatch(pattern, _tidy(printed)) is not None


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return lines.strip("\n") + "\n"
