"""The cluster that actors run on: reached or started, watched, and left without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import attrs

from visualcrop import errors

from . import reaper

_EVERY = 3.0  # seconds between two looks at the cluster
_PATIENT = 15.0  # seconds for whatever is asked of a cluster that may be gone


@attrs.define(eq=False)
class Pulse:
    """Whether the cluster is still there, with the node that this process is on."""

    ray: Any
    _node: str = attrs.field(init=False)
    _felt: float = attrs.field(factory=time.monotonic, init=False)

    def __attrs_post_init__(self) -> None:
        self._node = self.ray.get_runtime_context().get_node_id()

    def check(self) -> None:
        """Raise if it is gone. Ray itself would end this process a minute later, without a word."""
        if time.monotonic() - self._felt < _EVERY:
            return
        nodes: dict[str, bool] = {}
        if not briefly(lambda: nodes.update({n["NodeID"]: n["Alive"] for n in self.ray.nodes()})):
            self._gone("its head does not answer any more")
        if not nodes.get(self._node, True):
            self._gone("the node of this machine is lost")
        self._felt = time.monotonic()

    def _gone(self, why: str) -> NoReturn:
        raise errors.EvaluationError(
            f"The Ray cluster is gone ({why}); give the same command again when it is back, for "
            "what was answered is kept."
        )


@contextmanager
def reaped(session: str) -> Iterator[None]:
    """See to it that nothing of this *session* outlives this process, however that ends."""
    if not Path("/proc/self/stat").is_file():  # only Linux tells what runs in this way
        yield
        return
    command = [sys.executable, "-I", "-S", reaper.__file__, str(os.getpid()), session]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - it is ours
        try:
            yield
        finally:
            with suppress(OSError):  # closing it is not enough where a fork has it, too
                process.communicate(b"end")


def briefly(act: Callable[[], object]) -> bool:
    """Whether *act* ended well, and in time; without us it may go on."""
    done = threading.Event()

    def run() -> None:
        with suppress(Exception):  # Ray raises all sorts
            act()
            done.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_PATIENT)
    return done.is_set()
