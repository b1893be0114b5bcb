"""The cluster that actors run on: reached or started, watched, and left without a trace."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from visualcrop import errors

from . import reaper

_GONE = 15.0  # seconds without a head, after which there is no cluster any more
_PATIENT = 20.0  # seconds for what is asked of a cluster that may be gone


@attrs.define(eq=False)
class Head:
    """The process of a cluster without which nothing is begun or found any more."""

    address: tuple[str, int] | None  # none if it cannot be seen from here
    _seen: float = attrs.field(factory=time.monotonic, init=False)

    @classmethod
    def of(cls, ray: Any) -> Head:
        """That of the cluster that is connected."""
        host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
        address = (host.strip("[]"), int(port))
        return cls(address if _reached(address) else None)

    def check(self) -> None:
        """Raise if it has not been there for a while."""
        if self.address is None or _reached(self.address):
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _GONE:
            raise errors.EvaluationError(
                "The Ray cluster is gone: its head at {}:{} does not answer any more; give the "
                "same command again, for what was answered is kept.".format(*self.address)
            )


def _reached(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=5):
            return True
    except (OSError, RuntimeError):  # the latter where a test forbids it
        return False


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
            assert process.stdin is not None  # noqa: S101 - for mypy
            process.stdin.close()


def briefly(act: Callable[[], object]) -> bool:
    """Whether *act* ended in time; it goes on without us if not."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(_PATIENT)
    return not thread.is_alive()
