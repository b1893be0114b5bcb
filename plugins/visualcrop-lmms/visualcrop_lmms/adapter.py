"""The chat model `visualcrop` of lmms-eval. Nothing else here needs lmms-eval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lmms_eval.api.instance import GenerationResult, Instance, TokenCounts
from lmms_eval.api.model import lmms
from loguru import logger
from tqdm import tqdm

from visualcrop import Answer, Budget

from .arguments import open_search
from .requests import ChatRequest, answer_all, check_generation

_FAILED = "[LMMS_EVAL_REQUEST_FAILED]"  # as lmms-eval's own models reply


class Visualcrop(lmms):
    """
    Searches a task's images: `--model visualcrop --model_args model=tiny,searcher=focus`.

    Args:
        model: The model's spec.
        searcher: The searcher's spec.
        passes: The most forward passes of one search, before its answer.
        seconds: The most seconds of one search.
        concurrency: Searches at once; their passes run together.
        options: The searcher's options by their paths, such as `steps=4`.
    """

    is_simple = False

    def __init__(
        self,
        model: str = "tiny",
        searcher: str = "focus",
        *,
        passes: int | None = None,
        seconds: float | None = None,
        concurrency: int = 8,
        **options: Any,
    ) -> None:
        super().__init__()
        self.search = open_search(model, searcher, options)
        self.budget, self.concurrency = Budget(passes, seconds), concurrency

    def generate_until(self, requests: Sequence[Instance]) -> list[GenerationResult]:
        """Reply to each request by a search; a failed one's reply says so, and so does the log."""
        asked = [ChatRequest(*request.args) for request in requests]
        for request in asked:
            check_generation(request.generation)
        shown = tqdm(asked, desc="Searching")
        outcomes = answer_all(
            self.search, shown, self.task_dict, budget=self.budget, concurrency=self.concurrency
        )
        replies = [*map(_describe_reply, asked, outcomes)]
        for request, reply in zip(asked, replies, strict=True):
            key = (request.context, request.generation)
            self.cache_hook.add_partial("generate_until", key, reply.text)
        return replies

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Refuse: a search replies."""
        raise NotImplementedError(
            "A search gives no log-likelihoods; take a task that generates its replies."
        )

    def generate_until_multi_round(self, requests: Sequence[Instance]) -> list[str]:
        """Refuse: a search answers once."""
        raise NotImplementedError("A search answers in one round; take a task that asks in one.")


def _describe_reply(request: ChatRequest, outcome: Answer | Exception) -> GenerationResult:
    if isinstance(outcome, Answer):
        written = len(outcome.token_probabilities) or None
        return GenerationResult(request.cut(outcome.text), TokenCounts(output_tokens=written))
    logger.error(f"{request.task}, document {request.doc_id}: {outcome}")
    return GenerationResult(f"{_FAILED} {outcome}")
