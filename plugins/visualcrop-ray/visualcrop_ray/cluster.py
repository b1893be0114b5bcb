"""Joins or starts a Ray cluster, monitors it, and leaves no process of it behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, NoReturn

import attrs

from visualcrop import errors

from . import reaper

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent to Ray's makers
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # else Ray prints into our output, which may be JSON
    "RAY_raylet_start_wait_time_s": "180",  # a busy machine needs more than Ray's 30 s
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Ray's future default; unset, it warns
}
_CHECK_INTERVAL = 3.0  # seconds
_TIMEOUT = 15.0  # seconds until a call to a cluster that may be gone is given up


def import_ray() -> Any:
    """Import ray with `ENVIRONMENT`; variables that the user has set are kept."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as exc:
        raise errors.EvaluationError(
            "The executor 'ray' needs the package ray; install it with pip install ray."
        ) from exc
    return ray


@contextmanager
def connect(ray: Any, address: str, resources: Mapping[str, object]) -> Iterator[None]:
    """Use the cluster that is connected already, the one at *address*, or start one here."""
    if ray.is_initialized():
        yield
        return
    options = {"address": address} if address else {**resources, "include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, logging_level="ERROR")
    except Exception as exc:  # Ray raises exceptions of many kinds
        reason = str(exc).partition("\n")[0]
        raise errors.EvaluationError(
            f"Ray cannot be reached at {address or 'this machine'!r}: {reason}"
        ) from exc
    with nullcontext() if address else _run_reaper(ray.get_runtime_context().get_session_name()):
        try:
            yield
        finally:
            run_with_timeout(ray.shutdown)


@contextmanager
def _run_reaper(session: str) -> Iterator[None]:
    """Run a process that kills the processes left of the *session* when this process ends."""
    if not Path("/proc/self/stat").is_file():  # it needs Linux's /proc
        yield
        return
    command = [sys.executable, "-I", "-S", reaper.__file__, str(os.getpid()), session]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - it is ours
        try:
            yield
        finally:
            with suppress(OSError):  # write, since a fork that has its input open keeps it open
                process.communicate(b"end")


@attrs.define(eq=False)
class ClusterMonitor:
    """Checks that the cluster, and the node that this process runs on, are still there."""

    ray: Any
    _node: str = attrs.field(init=False)
    _checked: float = attrs.field(factory=time.monotonic, init=False)

    def __attrs_post_init__(self) -> None:
        self._node = self.ray.get_runtime_context().get_node_id()

    def check(self) -> None:
        """
        Raise if the cluster is gone. It is asked every few seconds at most.

        Without this, Ray kills this process a minute after the loss, without a message.
        """
        if time.monotonic() - self._checked < _CHECK_INTERVAL:
            return
        alive: dict[str, bool] = {}
        if not run_with_timeout(
            lambda: alive.update({node["NodeID"]: node["Alive"] for node in self.ray.nodes()})
        ):
            self._fail("its head does not answer any more")
        if not alive.get(self._node, True):
            self._fail("the node of this machine is lost")
        self._checked = time.monotonic()

    def _fail(self, reason: str) -> NoReturn:
        raise errors.EvaluationError(
            f"The Ray cluster is gone ({reason}); the answers so far are kept: give the same "
            "command again when it is back."
        )


def run_with_timeout(call: Callable[[], object]) -> bool:
    """Run *call* in a thread, where it may go on if it does not return in time: False."""
    returned = threading.Event()

    def run() -> None:
        with suppress(Exception):  # Ray raises exceptions of many kinds
            call()
            returned.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_TIMEOUT)
    return returned.is_set()
