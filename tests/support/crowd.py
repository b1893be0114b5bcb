"""Threads that ask at once, and a model that knows what it was asked together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import attrs

from tests.support.waiting import PATIENCE, join, until
from visualcrop import Capture, Choice, Internals, Model, Prompt, Reply
from visualcrop.models import BatchingModel, ModelInfo
from visualcrop.models.base import NOTHING, By


@attrs.define(eq=False)
class Gated(Model):
    """Echoes prompts, one call after another, once its gate is open. *fail* may raise first."""

    fail: Callable[[Sequence[str]], None] = lambda texts: None
    gate: threading.Event = attrs.field(factory=threading.Event)
    calls: list[tuple[str, ...]] = attrs.field(factory=list)
    inside: int = 0
    passes: int = 0
    id: str = "gated"
    info: ModelInfo = ModelInfo(layers=2, base=100)

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        raise NotImplementedError

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        return [Choice((len(text), len(choices))) for text in self._echoed(prompts)]

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        return [Reply(text[:max_new_tokens]) for text in self._echoed(prompts)]

    def _echoed(self, prompts: Sequence[Prompt]) -> list[str]:
        texts = [prompt.text for prompt in prompts]
        self.calls.append(tuple(texts))
        self.inside += 1
        assert self.inside == 1, "two threads are in the model at once"
        try:
            assert self.gate.wait(PATIENCE)
            self.fail(texts)
            self.passes += len(prompts)
        finally:
            self.inside -= 1
        return texts


@attrs.frozen(eq=False)
class Crowd:
    """Requests that wait together: the first is being answered while the others come."""

    model: Gated
    most: int = 32

    def said(self, *requests: Sequence[str]) -> list[list[str] | BaseException]:
        """What `generate` gives each thread for its texts, or what it raises there."""
        return self.answers(*(self.saying(texts) for texts in requests))

    def saying(self, texts: Sequence[str], limit: int = 32) -> Callable[[Model], list[str]]:
        prompts = [Prompt((text,)) for text in texts]
        return lambda model: [r.text for r in model.generate(prompts, max_new_tokens=limit)]

    def answers(self, *asks: Callable[[Model], list[str]]) -> list[list[str] | BaseException]:
        """What each gets, in a thread of its own; they queue up in this order."""
        batching = BatchingModel(self.model, self.most)
        found: dict[int, list[str] | BaseException] = {}

        def ask(place: int) -> None:
            try:
                found[place] = asks[place](batching)
            except BaseException as error:  # noqa: BLE001 - whatever a thread may get
                found[place] = error

        threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(len(asks))]
        for thread in threads:
            waiting = len(batching._waiting)
            thread.start()
            until(lambda: len(batching._waiting) > waiting)  # noqa: B023 - called here and now
        self.model.gate.set()
        join(threads)
        assert not batching._waiting
        assert not batching._lock.locked()
        return [found[place] for place in range(len(asks))]


def eight(task: Callable[[int], None]) -> None:
    """Run *task* in eight threads, each with its number."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            task(number)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(8)]
    for thread in threads:
        thread.start()
    join(threads)
    assert not failed
