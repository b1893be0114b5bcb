"""Searches in threads: a bounded queue, cancelling, and waiting for the end."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

import attrs

from .errors import RequestError
from .metrics import Metrics

T = TypeVar("T")
_MOST_WAIT = 60  # seconds that a refused client is asked to wait


class SearchCancelled(BaseException):
    """Ends a search before its next pass; no strategy that catches errors catches it."""

    def __init__(self, reason: Exception | None = None) -> None:
        super().__init__(reason)
        self.reason = reason  # why it is ended; none if nobody waits for it


@attrs.frozen
class _End(Generic[T]):
    """The last thing that a job reports."""

    result: T | None = None
    error: BaseException | None = None


class Job(Generic[T]):
    """What one request has to be done: it runs in a thread, and is followed in the event loop."""

    def __init__(self, run: Callable[[Job[T]], T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.reports: asyncio.Queue[Any] = asyncio.Queue()
        self.end: _End[T] | None = None
        self._run, self._cancelled = run, threading.Event()
        self.future: Future[None] | None = None

    def check(self) -> None:
        """In the thread: end here if nobody waits any more."""
        if self._cancelled.is_set():
            raise SearchCancelled

    def report(self, event: object) -> None:
        """In the thread: let whoever follows the job know."""
        self.check()
        self._put(event)

    def _put(self, event: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody follows
            self.loop.call_soon_threadsafe(self.reports.put_nowait, event)

    def run(self) -> None:
        """In the thread: do it, and report how it ended."""
        end = _End[T](error=SearchCancelled())
        try:
            self.check()
            end = _End(self._run(self))
        except SearchCancelled as exc:
            end = _End(error=exc.reason or exc)
        except BaseException as exc:  # noqa: BLE001 - it belongs to the request
            end = _End(error=exc)
        finally:
            self._put(end)

    def cancel(self) -> None:
        """End the job before its next pass, or at once if it has not begun."""
        if self.end is None:
            self._cancelled.set()
            if self.future is not None:
                self.future.cancel()

    @property
    def was_cancelled(self) -> bool:
        return self._cancelled.is_set()

    async def begun(self) -> None:
        """Wait for the first report; raises what ended the job before."""
        await self._next()
        self._raise()

    async def events(self, patience: float | None = None) -> AsyncIterator[Any]:
        """What the job reports, until its end; none after each *patience* seconds of silence."""
        while self.end is None:
            try:
                async with asyncio.timeout(patience):
                    event = await self._next()
            except TimeoutError:
                yield None
            else:
                if event is not None:
                    yield event
        self._raise()

    async def result(self) -> T:
        """What the job returns; raises what it raised."""
        while self.end is None:
            await self._next()
        self._raise()
        return self.end.result  # type: ignore[return-value]

    async def _next(self) -> Any:
        """The next report; none at the end."""
        event = await self.reports.get()
        if not isinstance(event, _End):
            return event
        self.end = event
        return None

    def _raise(self) -> None:
        error = None if self.end is None else self.end.error
        if isinstance(error, SearchCancelled):
            raise stopping() from None
        if error is not None:
            raise error


def stopping() -> RequestError:
    """The refusal of a server that ends."""
    return RequestError(
        503,
        "The server is being stopped; ask again when it is back.",
        code="shutting_down",
        headers={"Retry-After": "5"},
    )


class Work:
    """A pool of threads with a queue before it: who finds it full is told when to come back."""

    def __init__(self, concurrency: int, queue: int, metrics: Metrics) -> None:
        self.concurrency, self.most, self.metrics = concurrency, concurrency + queue, metrics
        self._pool = ThreadPoolExecutor(concurrency, "visualcrop-search")
        self._lock = threading.Lock()
        self._jobs: set[Job[Any]] = set()
        self._usual = 1.0  # seconds of a job, the later ones counting more
        self._closed = False

    @property
    def accepted(self) -> int:
        """Jobs that run or wait."""
        return len(self._jobs)

    def check_open(self) -> None:
        """Refuse if the server is being stopped."""
        if self._closed:
            raise stopping()

    def check_room(self) -> None:
        """Refuse a request before its body is read, where the queue is full anyway."""
        self.check_open()
        if self.accepted >= self.most:
            waits = math.ceil(self._usual * self.accepted / self.concurrency)
            raise RequestError(
                429,
                f"All {self.most} places are taken; ask again later, or start the server with a "
                "larger --queue.",
                code="queue_full",
                headers={"Retry-After": str(min(_MOST_WAIT, max(1, waits)))},
            )

    def submit(self, run: Callable[[Job[T]], T]) -> Job[T]:
        """Put a job into the queue, or refuse it."""
        job, submitted = Job(run), time.monotonic()
        with self._lock:  # not while it is being closed
            self.check_room()
            job.future = self._pool.submit(self._start, job, submitted)
            self._jobs.add(job)
        self.metrics.waiting.inc()
        job.future.add_done_callback(lambda future: self._leave(job, future))
        return job

    def _start(self, job: Job[Any], submitted: float) -> None:
        self.metrics.waiting.dec()
        started = time.monotonic()
        self.metrics.queue_seconds.observe(started - submitted)
        with self.metrics.running.track_inprogress():
            job.run()
        self._usual += (time.monotonic() - started - self._usual) / 16

    def _leave(self, job: Job[Any], future: Future[None]) -> None:
        if future.cancelled():  # it never began
            self.metrics.waiting.dec()
            job._put(_End(error=SearchCancelled()))  # noqa: SLF001 - its own module
        if job.was_cancelled:
            self.metrics.cancelled.inc()
        with self._lock:
            self._jobs.discard(job)

    def close(self) -> None:
        """Take no more, and cancel what is left: what was accepted had its time to end."""
        with self._lock:
            self._closed, left = True, [*self._jobs]
        for job in left:
            job.cancel()
        self._pool.shutdown(wait=True)
