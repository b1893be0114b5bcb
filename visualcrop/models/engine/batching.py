"""Several threads, one model: what waits at the same time is run together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import attrs

from ...prompt import Prompt
from ...strategy.base import at_least
from ...utils.forking import in_child
from ..reconciling import repeated
from .wrapping import Wrapping


@attrs.define(eq=False)
class _Request:
    """What a thread waits for."""

    kind: Hashable  # requests that ask the same of their prompts are of one kind
    prompts: Sequence[Prompt]
    ask: Callable[[Sequence[Prompt]], Sequence[Any]]
    replies: dict[int, Any] = attrs.field(factory=dict, init=False)  # by the prompt's place
    error: Exception | None = attrs.field(default=None, init=False)

    @property
    def open(self) -> bool:
        return self.error is None and len(self.replies) < len(self.prompts)


@attrs.frozen(eq=False)
class _Item:
    """One prompt of a request."""

    request: _Request
    place: int

    @property
    def prompt(self) -> Prompt:
        return self.request.prompts[self.place]


@attrs.define(eq=False)
class BatchingModel(Wrapping):
    """
    A model that several threads may ask at once, answering as *model* alone would.

    Whoever finds it free runs all requests of one kind that wait by then, at most *most* prompts
    at once. A request that fails fails in its own thread only.
    """

    most: int = attrs.field(default=32, validator=at_least(1))
    _waiting: list[_Request] = attrs.field(factory=list, init=False)
    _turn: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        in_child(self._start_afresh)

    def _start_afresh(self) -> None:
        """In a forked child, which has none of the threads that wait."""
        self._waiting, self._turn = [], threading.Lock()

    def _asked(
        self,
        kind: Hashable,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        request = _Request(kind, tuple(prompts), ask)
        self._waiting.append(request)
        try:
            with self._turn:
                if request.open:
                    self._serve(request)
        finally:
            self._waiting.remove(request)
        if request.error is not None:
            raise request.error
        return [request.replies[place] for place in range(len(prompts))]

    def _serve(self, first: _Request) -> None:
        """Run *first*, with what else of its kind waits and fits in."""
        items = list(_items(first))
        for other in tuple(self._waiting):
            if other is not first and other.open and other.kind == first.kind:
                more = list(_items(other))
                items += more if len(items) + len(more) <= self.most else []
        for start in range(0, len(items), self.most):
            self._run(items[start : start + self.most])

    def _run(self, items: Sequence[_Item]) -> None:
        """One call for all; if it fails, one for each half, until the error has found its owner."""
        items = [item for item in items if item.request.open]
        if not items:
            return
        owner = items[0].request
        alone = all(item.request is owner for item in items)
        try:
            with nullcontext() if alone else repeated(self.model):
                replies = owner.ask([item.prompt for item in items])
            answered = list(zip(items, replies, strict=True))
        except Exception as error:  # noqa: BLE001 - it is raised again in its owner's thread
            if alone:
                owner.error = error
                return
        else:
            for item, reply in answered:
                item.request.replies[item.place] = reply
            return
        half = len(items) // 2
        self._run(items[:half])
        self._run(items[half:])


def _items(request: _Request) -> Iterator[_Item]:
    return (_Item(request, place) for place in range(len(request.prompts)))
