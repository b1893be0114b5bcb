"""What all routes share: the model, its searchers, the queue, and how a search is followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import attrs
from starlette.requests import Request

from visualcrop import (
    Budget,
    Charge,
    Evidence,
    Image,
    Ledger,
    Question,
    RelevanceMap,
    Target,
    VisualSearch,
)
from visualcrop.models import BatchingModel

from .bodies import Bodies, client_left
from .errors import RequestError
from .fields import Fields
from .metrics import Metrics, StageClock
from .result import Outcome, describe_evidence
from .searchers import Searchers
from .settings import Settings
from .work import Job, SearchCancelled, Work

T = TypeVar("T")
R = TypeVar("R")
BEGUN = "begun"  # what a job reports first: its request can be answered
_MORE_PASSES = 256  # beyond the search's: what an answer may take that no budget limits


@attrs.frozen
class Limits:
    """What one request lets its search take, and whether it wants maps."""

    passes: int
    seconds: float
    with_map: bool = False


class Watch:
    """Follows one search: reports its stages and what they find, and ends it if nobody waits."""

    def __init__(self, job: Job[T], metrics: Metrics, limits: Limits) -> None:
        self.job, self.metrics, self.limits = job, metrics, limits
        self.clock = StageClock()
        self.image: Image | None = None
        self.ledger = Ledger()
        self._mapped: dict[Target, RelevanceMap | None] = {}  # the maps that were reported

    def begin(self, image: Image) -> Ledger:
        """The pictures are read, and the search begins: its ledger."""
        self.image = image
        budget = Budget(self.limits.passes, self.limits.seconds)
        self.ledger = Ledger(budget, on_charge=self._charged, on_evidence=self._shown)
        self.job.report(BEGUN)
        return self.ledger

    def end(self) -> None:
        """Add what it took to the metrics."""
        self.clock.enter("")
        for stage, seconds in self.clock.seconds.items():
            self.metrics.stages.labels(stage).observe(seconds)
        used = self.ledger.usage
        self.metrics.tokens.labels("read").inc(used.new_tokens)
        self.metrics.tokens.labels("reused").inc(used.reused_tokens)
        self.metrics.tokens.labels("written").inc(used.decoded_tokens)

    def _charged(self, charge: Charge) -> None:
        self.job.check()
        if self.ledger.passes > self.limits.passes + _MORE_PASSES:
            raise SearchCancelled(
                RequestError(
                    400,
                    f"The answer takes over {_MORE_PASSES} passes after its search; take another "
                    "searcher, or start the server with this one (-s).",
                    code="too_many_passes",
                )
            )
        if charge.stage != self.clock.stage:
            self.clock.enter(charge.stage)
        self.metrics.passes.labels(charge.stage).inc(charge.passes)
        self.job.report(
            {
                "type": "stage",
                "stage": charge.stage,
                "passes": self.ledger.by_stage()[charge.stage],
                "expected": self.ledger.expected.get(charge.stage),
            }
        )

    def _shown(self, evidence: Evidence) -> None:
        if self.image is None:
            return
        # A map is large, and reports wait for clients that read slowly: it is sent once.
        is_new = self._mapped.get(evidence.target) != evidence.relevance
        self._mapped[evidence.target] = evidence.relevance
        with_map = self.limits.with_map and is_new
        found = describe_evidence(evidence, self.image, with_map=with_map)
        self.job.report({"type": "evidence", **found})


class Service:
    """One model behind one port."""

    def __init__(self, search: VisualSearch, settings: Settings) -> None:
        self.settings = settings
        batched = attrs.evolve(search, model=BatchingModel(search.model))
        self.search = batched
        self.searchers = Searchers(batched, settings.searchers, fixed=settings.fixed)
        self.metrics = Metrics()
        self.work = Work(settings.concurrency, settings.queue, self.metrics)
        self.bodies = Bodies(settings)
        self.started = int(time.time())
        # what has to run beside the routes, from the server's beginning to its end
        self.lifespans: list[Callable[[], AbstractAsyncContextManager[object]]] = []

    def find(self, model: str, searcher: str | None = None) -> VisualSearch:
        """What a request's model, `NAME` or `NAME@SPEC`, and its own *searcher* mean."""
        name = self.settings.name
        if model != name and not model.startswith(f"{name}@"):
            shown = model if len(model) <= 100 else f"{model[:97]}..."
            raise RequestError(
                404,
                f"There is no model {shown!r} here; send {name!r}, or {name}@SPEC with a searcher.",
                code="model_not_found",
                param="model",
            )
        if searcher is not None:
            return self.searchers.get(searcher, "visualcrop.searcher")
        return self.searchers.get(model[len(name) + 1 :] if model != name else None, "model")

    def submit(self, limits: Limits, run: Callable[[Watch], T]) -> Job[T]:
        """Put a search into the queue: *run* reads the pictures, begins the watch, and searches."""

        def watched(job: Job[T]) -> T:
            watch = Watch(job, self.metrics, limits)
            try:
                return run(watch)
            finally:
                watch.end()

        return self.work.submit(watched)

    def ask(
        self, search: VisualSearch, pose: Callable[[], Question], limits: Limits
    ) -> Job[Outcome]:
        """Put a question into the queue: *pose* reads its pictures, in the thread of the search."""

        def run(watch: Watch) -> Outcome:
            question = pose()
            ledger, started = watch.begin(question.image), time.monotonic()
            answer = search.answer(question, ledger=ledger)
            return Outcome(question, answer, search, ledger, time.monotonic() - started)

        return self.submit(limits, run)


def service_of(request: Request) -> Service:
    """The service that the app of *request* was built with."""
    found: Service = request.app.state.service
    return found


def read_limits(fields: Fields, settings: Settings) -> Limits:
    """A request's own budget, in its `visualcrop`, which is never more than the server's."""
    own = fields.inner("visualcrop")
    passes, seconds = own.whole_number("passes", least=0), own.number("seconds", least=0)
    return Limits(
        settings.max_passes if passes is None else min(passes, settings.max_passes),
        settings.max_seconds if seconds is None else min(seconds, settings.max_seconds),
        own.truth("map"),
    )


async def wait(wanted: Coroutine[Any, Any, R], job: Job[Any], request: Request) -> R:
    """What is *wanted* of a job; if the client leaves before, the job ends before its next pass."""
    done = asyncio.ensure_future(wanted)
    left = asyncio.ensure_future(_wait_for_leaving(request))
    try:
        await asyncio.wait({done, left}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            raise client_left()
        return done.result()
    except BaseException:
        job.cancel()
        raise
    finally:
        for task in (done, left):
            task.cancel()
        await asyncio.gather(done, left, return_exceptions=True)


async def _wait_for_leaving(request: Request) -> None:
    """Wait until the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
