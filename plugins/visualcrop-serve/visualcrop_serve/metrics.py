"""What `/metrics` says, in the format of Prometheus."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250)


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self.registry = at = CollectorRegistry()
        self.requests = Counter(
            "visualcrop_requests", "Requests by route and status.", ["route", "status"], registry=at
        )
        self.errors = Counter(
            "visualcrop_errors", "Requests refused or failed.", ["code"], registry=at
        )
        self.cancelled = Counter("visualcrop_cancelled", "Searches whose client left.", registry=at)
        self.running = Gauge("visualcrop_searches_running", "Searches that run now.", registry=at)
        self.waiting = Gauge("visualcrop_searches_waiting", "Requests in the queue.", registry=at)
        self.passes = Counter(
            "visualcrop_passes", "Forward passes by stage.", ["stage"], registry=at
        )
        self.tokens = Counter(
            "visualcrop_tokens", "Tokens read and written.", ["kind"], registry=at
        )
        self.seconds = Histogram(
            "visualcrop_request_seconds",
            "Seconds from the headers of a request to the end of its answer, the queue included.",
            ["route"],
            buckets=_SECONDS,
            registry=at,
        )
        self.queue_seconds = Histogram(
            "visualcrop_queue_seconds", "Seconds in the queue.", buckets=_SECONDS, registry=at
        )
        self.stages = Histogram(
            "visualcrop_stage_seconds",
            "Seconds of a stage of a search, waiting for the model included.",
            ["stage"],
            buckets=_SECONDS,
            registry=at,
        )

    def render(self) -> bytes:
        """All of them, as text."""
        return generate_latest(self.registry)


class StageClock:
    """Measures the seconds of each stage: from its charges to those of the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.since, self.stage = clock, clock(), "preparation"
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def enter(self, stage: str) -> None:
        """Time goes to *stage* from now on."""
        now = self.clock()
        self.seconds[self.stage] += now - self.since
        self.since, self.stage = now, stage
