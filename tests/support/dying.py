"""Workers that die, or never answer; in a module, so that other processes can import them."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Self

import attrs

from tests.support.waiting import until
from visualcrop import Record
from visualcrop.plugin import Task, Worker

DEADLY, ONCE = "3", "1"  # questions that kill every process under one variant, and only one


@attrs.frozen
class Dying(Worker):
    """Is killed by some questions, as by a machine that is short of memory."""

    folder: Path

    def answer(self, task: Task) -> Record:
        killed, asked = self.folder / "killed", (task.variant, task.sample.id)
        if asked == ("one", DEADLY) or (task.sample.id == ONCE and not killed.exists()):
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Record(task.sample.id, task.variant, "ok", text=str(os.getpid()))

    def shared(self) -> Self:
        return self


@attrs.frozen
class Leaving(Worker):
    """Is killed by one question, and leaves a child that has all of its open files."""

    folder: Path

    def answer(self, task: Task) -> Record:
        if (task.variant, task.sample.id) == ("one", ONCE):
            child = os.fork()
            if not child:
                threading.Event().wait()
            (self.folder / str(child)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Record(task.sample.id, task.variant, "ok", text=str(os.getpid()))

    def shared(self) -> Self:
        return self


@attrs.frozen
class Silent(Worker):
    """Writes who it is, and answers nothing."""

    folder: Path

    def answer(self, task: Task) -> Record:
        (self.folder / str(os.getpid())).touch()
        threading.Event().wait()
        raise AssertionError

    def shared(self) -> Self:
        return self


@attrs.frozen
class Waiting(Worker):
    """Says who it is; one question waits until there is a file `go`."""

    folder: Path

    def answer(self, task: Task) -> Record:
        if task.sample.id == ONCE:
            until((self.folder / "go").exists)
        return Record(task.sample.id, task.variant, "ok", text=str(os.getpid()))

    def shared(self) -> Self:
        return self


def die() -> Worker:
    """Load a model that is too large."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


class UnreadableError(RuntimeError):
    """An exception that no other process can make again."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def fail() -> Worker:
    """Fail as a plug-in may."""
    raise UnreadableError(1, 2)
