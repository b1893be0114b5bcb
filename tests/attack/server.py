"""
A process that has imported everything, and forks a child for each call.

A child is watched: what it may write, run and hold is bounded, and whatever happens to it, the
next one begins as if nothing had been. Calls come as lines of JSON, and so do their ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import IO, Any

import visualcrop
from tests.attack.guarding import guard, memory

PRELOADED = (
    "torch",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llava.modeling_llava",
    "rich.progress",
    "rich.table",
    "scipy.stats",
    "PIL.ImageCms",
    "tests.attack.commands",
)
CPU_SECONDS = 120
KEPT = 1 << 20  # bytes of what a child says


def main() -> None:
    """Serve calls until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in PRELOADED:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(visualcrop.__path__, "visualcrop."):
        if not module.name.startswith(("visualcrop.testing", "visualcrop.__main__")):
            importlib.import_module(module.name)
    importlib.import_module("tests.attack.commands").load()
    gc.collect()
    gc.freeze()  # so that children do not copy what they only look at
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(_serve(json.loads(line))), file=answers, flush=True)


def _serve(job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _live(job, out, err)
        ended, status = _wait(child, job)
        code = os.waitstatus_to_exitcode(status)
        return {
            "code": code if code >= 0 else None,
            "signal": signal.Signals(-code).name if code < 0 else "",
            "hung": ended == "hung" or code == -signal.SIGXCPU,
            "killed": ended == "killed",
            "out": _said(out),
            "err": _said(err),
        }


def _wait(child: int, job: dict[str, Any]) -> tuple[str, int]:
    """Until the child ends, or has made the progress at which it is to be killed, or hangs."""
    begun, ended = time.monotonic(), ""
    shard, least = job.get("kill_when") or ("", 0)
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return ended, status
        if not ended and shard and _bytes(shard) >= least:
            ended = "killed"
            os.kill(child, signal.SIGKILL)
        elif not ended and time.monotonic() - begun > job["limit"]:
            ended = "hung"
            os.kill(child, signal.SIGKILL)
        time.sleep(0.001)


def _live(job: dict[str, Any], out: IO[bytes], err: IO[bytes]) -> None:
    """All of a child's life."""
    code = 70
    try:
        for file, standard in ((out, 1), (err, 2)):
            os.dup2(file.fileno(), standard)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if job.get("out"):
            os.dup2(os.open(job["out"], os.O_WRONLY), 1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ |= job["env"]
        tempfile.tempdir = None
        os.chdir(job["cwd"])
        _bound(job.get("memory"))
        guard(Path(job["scratch"]), tuple(job.get("kill_at") or ()))
        module, _, name = job["call"].partition(":")
        code = getattr(importlib.import_module(module), name)(*job["args"]) or 0
    except SystemExit as exc:
        code = _exit_code(exc)
    except BaseException:  # noqa: BLE001 - the child ends here, whatever it was
        traceback.print_exc()
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 120  # as Python itself does
        os._exit(code)


def _exit_code(exc: SystemExit) -> int:
    if isinstance(exc.code, int):
        return exc.code & 255
    if exc.code is not None:
        print(exc.code, file=sys.stderr)
    return 0 if exc.code is None else 1


def _bound(more: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 5))
    if more:
        most = memory("VmSize") + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _bytes(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(KEPT).decode("utf-8", "surrogateescape")


if __name__ == "__main__":
    main()
