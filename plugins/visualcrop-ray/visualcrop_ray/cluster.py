"""The Ray cluster: joined or started, monitored, and left without a process behind."""

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
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # or it prints beside our own output, JSON too
    "RAY_raylet_start_wait_time_s": "180",  # a busy machine takes more than Ray's 30 s
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as Ray will do by itself; it warns until then
}
_CHECK_INTERVAL = 3.0  # seconds
_TIMEOUT = 15.0  # seconds for a call to a cluster that may be gone


def import_ray() -> Any:
    """The package, with `ENVIRONMENT` set where the user has not set it otherwise."""
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
    except Exception as exc:  # it raises all sorts
        reason = str(exc).partition("\n")[0]
        raise errors.EvaluationError(
            f"Ray cannot be reached at {address or 'this machine'!r}: {reason}"
        ) from exc
    with nullcontext() if address else _reaper(ray.get_runtime_context().get_session_name()):
        try:
            yield
        finally:
            run_with_timeout(ray.shutdown)


@contextmanager
def _reaper(session: str) -> Iterator[None]:
    """Beside this process, one that kills what is left of the *session* when this one ends."""
    if not Path("/proc/self/stat").is_file():  # it needs Linux' list of processes
        yield
        return
    command = [sys.executable, "-I", "-S", reaper.__file__, str(os.getpid()), session]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603 - it is ours
        try:
            yield
        finally:
            with suppress(OSError):  # closing its input is not enough if a fork has it open, too
                process.communicate(b"end")


@attrs.define(eq=False)
class ClusterMonitor:
    """Watches that the cluster is there, with the node that this process runs on."""

    ray: Any
    _node: str = attrs.field(init=False)
    _checked: float = attrs.field(factory=time.monotonic, init=False)

    def __attrs_post_init__(self) -> None:
        self._node = self.ray.get_runtime_context().get_node_id()

    def check(self) -> None:
        """
        Raise if the cluster is gone; at most every few seconds is it really asked.

        Ray itself would kill this process a minute after the loss, without a message.
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
    """Whether *call* returned in time; if not, it may still run in its thread."""
    returned = threading.Event()

    def run() -> None:
        with suppress(Exception):  # Ray raises all sorts
            call()
            returned.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_TIMEOUT)
    return returned.is_set()
