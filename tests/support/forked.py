"""Run as a program: forks while a thread holds every lock; exits with 0 if the child has them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

from torch.nn import Linear

from tests.support.crowd import Gated
from tests.unit.engine.test_byte_lru import Made
from visualcrop import Prompt, VisualSearch
from visualcrop.data.formats import tables as parquet
from visualcrop.models import BatchingModel
from visualcrop.models.engine import capture
from visualcrop.models.engine.byte_lru import ByteLRU
from visualcrop.models.engine.metering.flops import Counters

PATIENCE = 60  # seconds until the child is taken for stuck


def forked(use: Callable[[], object]) -> int:
    """The exit code of a child that does *use* and no more."""
    child = os.fork()
    if not child:
        signal.alarm(PATIENCE)
        try:
            use()
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def plain() -> int:
    """Locks that are held as such, and what waits for them."""
    gated, memory, counters, module = Gated(), ByteLRU[Made](10), Counters(), Linear(1, 1)
    batching = BatchingModel(gated)
    memory.put(("a",), Made(3))
    held, done = threading.Event(), threading.Event()

    def hold_all() -> None:
        with ExitStack() as locks:
            for lock in (memory._lock, counters._lock, parquet._cursor.lock, batching._lock):
                locks.enter_context(lock)
            locks.enter_context(capture.exclusive(module))
            held.set()
            done.wait()

    def use() -> None:
        gated.gate.set()
        assert batching.generate([Prompt(("mine",))])[0].text == "mine"
        assert gated.calls == [("mine",)]  # not what threads of the parent wait for
        assert memory.put(("b",), Made(10)).bytes == memory.bytes == 10
        counters.add_pass(1, 2, 0)
        with parquet._cursor.lock, capture.exclusive(module):
            pass

    threads = [
        threading.Thread(target=hold_all, daemon=True),
        threading.Thread(target=batching.generate, args=([Prompt(("theirs",))],), daemon=True),
    ]
    threads[0].start()
    held.wait()
    threads[1].start()
    while not batching._waiting:
        pass
    code = forked(use)
    done.set()
    gated.gate.set()
    for thread in threads:
        thread.join()
    return code


def answering(image: str, method: str, nth: int) -> int:
    """A model in the middle of its *nth* pass; a child answers as if there had been none."""
    question = "What colour is the mug?"
    expected = VisualSearch.open("tiny-shapes", method).ask(image, question)
    search = VisualSearch.open("tiny-shapes", method)
    within, done = threading.Event(), threading.Event()
    passes: list[object] = []

    def wait(*_: object) -> None:
        if threading.current_thread() is thread:
            passes.append(None)
            if len(passes) == nth:
                within.set()
                done.wait()

    network = search.model.network  # type: ignore[attr-defined]
    network.get_decoder().register_forward_pre_hook(wait)

    def use() -> None:
        found = search.ask(image, question)
        assert (found.text, found.confidence) == (expected.text, expected.confidence)

    thread = threading.Thread(target=search.ask, args=(image, question), daemon=True)
    thread.start()
    assert within.wait(PATIENCE), f"{method} has fewer than {nth} passes."
    code = forked(use)
    done.set()
    thread.join()
    return code


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(answering(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    sys.exit(plain())
