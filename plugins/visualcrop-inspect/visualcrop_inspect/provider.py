"""The model API `visualcrop`: each request of a chat is a search."""

from __future__ import annotations

import threading
import time
import weakref
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import attrs
from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import concurrency as limit_concurrency

from visualcrop import Budget, Charge, Direct, Ledger, VisualSearch, read_conversation
from visualcrop.errors import QuestionError, SpecError, VisualcropError
from visualcrop.models import BatchingModel

from .messages import read_messages
from .names import Argument, choose_searcher, split_model_name
from .output import Outcome
from .refusing import refuse

_CONCURRENCY = 8  # searches at once, whose passes run as one batch
# loaded networks by the model's spec, so that several searchers share one
_loaded: weakref.WeakValueDictionary[str, BatchingModel] = weakref.WeakValueDictionary()


class _CancelledError(BaseException):
    """Ends a search whose sample was cancelled, in its own thread."""


class VisualcropAPI(ModelAPI):
    """
    Searches the last image of a chat, and answers its last text.

    `visualcrop/tiny@focus`, or with `searcher` as an argument: `-M 'searcher=focus(steps=4)'`.

    Args:
        model_name: The model's spec, and its searcher's after an `@`.
        searcher: The searcher's spec, if the name has none; without either, `focus`.
        passes: The most forward passes of one search, before its answer.
        seconds: The most seconds of one search.
        concurrency: Searches at once; their passes run together.
    """

    def __init__(  # noqa: PLR0913 - all but the first are options
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - as Inspect has it
        *,
        searcher: Argument = None,
        passes: int | None = None,
        seconds: float | None = None,
        concurrency: int = _CONCURRENCY,
        **others: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        try:
            _refuse_others(others, concurrency)
            self.spec, named = split_model_name(model_name)
            self.budget = Budget(passes, seconds)
            self.search = _open(self.spec, choose_searcher(named, searcher))
        except VisualcropError as exc:
            raise refuse(exc) from exc
        self.concurrency = concurrency

    def max_connections(self) -> int:
        """As many as search at once."""
        return self.concurrency

    def connection_key(self) -> str:
        """Searchers of one model share its limit."""
        return f"visualcrop/{self.spec}"

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Search the last image for what the last text asks about, and answer."""
        del tool_choice
        _check_config(tools, config)
        async with limit_concurrency(self.connection_key(), self.concurrency, visible=False):
            return await self._run_in_thread(input, config)

    async def _run_in_thread(self, input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        cancelled = threading.Event()

        def stop_if_cancelled(_: Charge) -> None:
            if cancelled.is_set():
                raise _CancelledError

        ledger = Ledger(self.budget, on_charge=stop_if_cancelled)
        try:
            return await anyio.to_thread.run_sync(
                partial(self._answer, input, config, ledger),
                abandon_on_cancel=True,
                limiter=anyio.CapacityLimiter(1),  # the limit is Inspect's
            )
        finally:
            cancelled.set()  # a search that nobody waits for ends before its next pass

    def _answer(
        self, input: list[ChatMessage], config: GenerateConfig, ledger: Ledger
    ) -> ModelOutput:
        question = read_conversation(read_messages(input))
        question = attrs.evolve(question, max_new_tokens=config.max_tokens)
        started = time.monotonic()
        answer = self.search.answer(question, ledger=ledger)
        seconds = time.monotonic() - started
        outcome = Outcome(self.search, question, answer, ledger, seconds)
        return outcome.describe(self.model_name, stop=config.stop_seqs or ())


def _open(model: str, searcher: str) -> VisualSearch:
    """A searcher with its model, which is loaded once for all searchers."""
    batching = _loaded.get(model)
    if batching is not None:
        return VisualSearch(batching, Direct()).with_searcher(searcher)
    search = VisualSearch.open(model, searcher)
    _loaded[model] = batching = BatchingModel(search.model)
    return attrs.evolve(search, model=batching)


def _refuse_others(others: dict[str, Any], concurrency: object) -> None:
    if others:
        listed = ", ".join(sorted(others))
        raise SpecError(
            f"The model API visualcrop takes no {listed}; give searcher, passes, seconds or "
            "concurrency."
        )
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise SpecError(f"The concurrency is {concurrency!r}; give a whole number from 1 up.")


def _check_config(tools: list[ToolInfo], config: GenerateConfig) -> None:
    """Refuse what would be ignored."""
    if tools:
        raise QuestionError(
            "A search calls no tools; evaluate it without tools, or use visualcrop's own as a tool "
            "of another model."
        )
    if config.temperature:
        raise QuestionError(
            f"The temperature is {config.temperature:g}, and a search takes the likeliest words; "
            "set it to 0 or leave it out."
        )
    if (config.num_choices or 1) > 1 or config.logprobs or config.response_schema:
        raise QuestionError(
            "A search gives one reply, without log-probabilities, in no schema; leave out "
            "num_choices, logprobs and response_schema."
        )
