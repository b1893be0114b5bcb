"""Wrappers of a model: a base class with one method for all calls, and one that batches threads."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import attrs

from ...prompt import Prompt
from ...strategy.base import at_least
from ...utils.forking import after_fork_in_child
from ...values import View
from ..base import NOTHING, By, Capture, Choice, EncodedSize, Internals, Model, ModelInfo, Reply
from ..billing import bill_once


@attrs.define(eq=False)
class ModelWrapper(Model):
    """A model that answers as *model* does; every call goes through `_call`."""

    model: Model
    id: str = attrs.field(init=False)
    info: ModelInfo = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.id, self.info = self.model.id, self.model.info
        self.settings = self.model.settings

    @property
    def passes(self) -> int:
        return self.model.passes

    def encoded_size(self, view: View) -> EncodedSize | None:
        return self.model.encoded_size(view)

    def forget(self) -> None:
        self.model.forget()

    def computing(self) -> AbstractContextManager[None]:
        return self.model.computing()

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        return self._call(("forward", capture), prompts, lambda ps: self.model.forward(ps, capture))

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        choose = partial(self.model.choose, choices=choices, by=by, end_token=end_token)
        kind = ("choose", tuple(choices), by, end_token)
        return self._call(kind, prompts, choose)

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        generate, limit = self.model.generate, max_new_tokens
        kind = ("generate", limit)
        return self._call(kind, prompts, lambda ps: generate(ps, max_new_tokens=limit))

    @abstractmethod
    def _call(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        run: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        """
        A result for each prompt; *run* asks the model some of them.

        Calls of the same method with the same options have the same *kind*.
        """


@attrs.define(eq=False)
class _Request:
    """A thread's call that waits for its results."""

    kind: Hashable  # requests of one kind may be run together
    prompts: Sequence[Prompt]
    run: Callable[[Sequence[Prompt]], Sequence[Any]]
    results: dict[int, Any] = attrs.field(factory=dict, init=False)  # by the prompt's index
    error: Exception | None = attrs.field(default=None, init=False)

    @property
    def is_open(self) -> bool:
        return self.error is None and len(self.results) < len(self.prompts)


@attrs.frozen(eq=False)
class _Item:
    """One prompt of a request."""

    request: _Request
    index: int

    @property
    def prompt(self) -> Prompt:
        return self.request.prompts[self.index]


@attrs.define(eq=False)
class BatchingModel(ModelWrapper):
    """
    Batches the requests of several threads, with the answers of *model* alone.

    The thread that gets the lock runs all waiting requests of its own kind, at most *most* prompts
    at once. A request that fails raises in its own thread only.
    """

    most: int = attrs.field(default=32, validator=at_least(1))
    _waiting: list[_Request] = attrs.field(factory=list, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        after_fork_in_child(self._reset_after_fork)

    def _reset_after_fork(self) -> None:
        """Drop all requests in a forked child, which lacks the threads that wait for them."""
        self._waiting, self._lock = [], threading.Lock()

    def _call(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        run: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        request = _Request(kind, tuple(prompts), run)
        self._waiting.append(request)
        try:
            with self._lock:
                if request.is_open:
                    self._serve(request)
        finally:
            self._waiting.remove(request)
        if request.error is not None:
            raise request.error
        return [request.results[index] for index in range(len(prompts))]

    def _serve(self, first: _Request) -> None:
        """Run *first*, with other waiting requests of its kind that fit in."""
        items = list(_items(first))
        for other in tuple(self._waiting):
            if other is not first and other.is_open and other.kind == first.kind:
                more = list(_items(other))
                items += more if len(items) + len(more) <= self.most else []
        for start in range(0, len(items), self.most):
            self._run(items[start : start + self.most])

    def _run(self, items: Sequence[_Item]) -> None:
        """Run all *items* in one call; if it fails, each half, down to the failing request."""
        items = [item for item in items if item.request.is_open]
        if not items:
            return
        first = items[0].request
        alone = all(item.request is first for item in items)
        try:
            with nullcontext() if alone else bill_once(self.model):
                results = first.run([item.prompt for item in items])
            answered = list(zip(items, results, strict=True))
        except Exception as error:  # noqa: BLE001 - it is raised again in the request's thread
            if alone:
                first.error = error
                return
        else:
            for item, result in answered:
                item.request.results[item.index] = result
            return
        half = len(items) // 2
        self._run(items[:half])
        self._run(items[half:])


def _items(request: _Request) -> Iterator[_Item]:
    return (_Item(request, index) for index in range(len(request.prompts)))
