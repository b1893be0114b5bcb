"""What `/metrics` says, in the format of Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Total

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        at: dict[str, CollectorRegistry] = {"registry": self.registry}
        self.requests = Total(
            "visualcrop_requests", "Requests by route and status.", ["route", "status"], **at
        )
        self.errors = Total("visualcrop_errors", "Requests refused or failed.", ["code"], **at)
        self.cancelled = Total("visualcrop_cancelled", "Searches whose client left.", **at)
        self.running = Gauge("visualcrop_searches_running", "Searches that run now.", **at)
        self.waiting = Gauge("visualcrop_searches_waiting", "Requests in the queue.", **at)
        self.passes = Total("visualcrop_passes", "Forward passes by stage.", ["stage"], **at)
        self.tokens = Total("visualcrop_tokens", "Tokens read and written.", ["kind"], **at)
        self.seconds = Histogram(
            "visualcrop_request_seconds",
            "Seconds from the body of a request to its answer, the queue included.",
            ["route"],
            buckets=_SECONDS,
            **at,
        )
        self.queue_seconds = Histogram(
            "visualcrop_queue_seconds", "Seconds in the queue.", buckets=_SECONDS, **at
        )
        self.stages = Histogram(
            "visualcrop_stage_seconds",
            "Seconds of a stage of a search, waiting for the model included.",
            ["stage"],
            buckets=_SECONDS,
            **at,
        )

    def render(self) -> bytes:
        """All of them, as text."""
        return generate_latest(self.registry)


class StageClock:
    """Measures the seconds of each stage: from its charges to those of the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.since, self.stage = clock, clock(), "preparation"
        self.seconds: Counter[str] = Counter()

    def enter(self, stage: str) -> None:
        """Time goes to *stage* from now on."""
        now = self.clock()
        self.seconds[self.stage] += now - self.since
        self.since, self.stage = now, stage
