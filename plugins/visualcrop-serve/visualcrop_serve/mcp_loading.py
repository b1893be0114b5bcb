"""Loads the model for the first call of a tool: clients have the tools listed before that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import attrs

from visualcrop import VisualcropError
from visualcrop.plugin import say

from .service import Service

Report: TypeAlias = Callable[[float, float | None, str], Awaitable[None]]
"""Tells a client: passes so far, of how many if that is known, and what is being done."""


@attrs.define(eq=False)
class LazyService:
    """A service that is opened once, in a thread; if that fails, the next call tries again."""

    open: Callable[[], Service]
    _loading: asyncio.Future[Service] | None = attrs.field(default=None, init=False)

    async def get(self, report: Report) -> Service:
        """The service; *report* is told if it has to be waited for."""
        loading = self.preload()
        if not loading.done():
            await report(0, None, "loading the model")
        return await asyncio.shield(loading)  # others wait for it, too

    def preload(self) -> asyncio.Future[Service]:
        """Begin to open it, unless that was begun."""
        held = self._loading
        if held is None or (held.done() and (held.cancelled() or held.exception())):
            held = asyncio.get_running_loop().run_in_executor(None, self._open)
            held.add_done_callback(lambda done: done.cancelled() or done.exception())  # it was seen
            self._loading = held
        return held

    def _open(self) -> Service:
        say("Loading the model ...", error=True)
        started = time.monotonic()
        try:
            service = self.open()
        except VisualcropError as exc:  # callers are told, too, but there may be none yet
            say(f"Error: {exc}", error=True)
            raise
        say(f"The model is loaded ({time.monotonic() - started:.1f} s).", error=True)
        return service

    async def close(self) -> None:
        """End what still runs, before its next pass."""
        if self._loading is not None and self._loading.done() and not self._loading.exception():
            await asyncio.to_thread(self._loading.result().work.close)
