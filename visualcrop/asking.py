"""Many questions at once: each ends in an answer or in an error of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias

from .budget import Budget, Charge, Ledger
from .errors import QuestionError, SpecError
from .values import Answer, Question

Asked: TypeAlias = Question | tuple[object, str] | tuple[object, str, Sequence[str]]
Outcome: TypeAlias = Answer | Exception
Ask: TypeAlias = Callable[..., Answer]


class _StoppedError(BaseException):
    """Ends a question whose asker was interrupted."""


def ask_each(
    answer: Ask, ask: Ask, questions: Iterable[Asked], *, concurrency: int, budget: Budget
) -> list[Outcome]:
    """*answer* each `Question`, and *ask* each other, in threads; the outcomes are in order."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise SpecError(f"The concurrency is {concurrency!r}; give a whole number from 1 up.")
    Ledger(budget)  # refuses what is no budget before anything is asked
    if isinstance(questions, str | bytes) or not isinstance(questions, Iterable):
        raise QuestionError(
            f"The questions are {questions!r}; give a list of Question, or of (image, text)."
        )
    return [*_outcomes(partial(_outcome, answer, ask), questions, concurrency, budget)]


def _outcomes(
    outcome: Callable[[Any, Ledger], Outcome],
    questions: Iterable[Asked],
    concurrency: int,
    budget: Budget,
) -> Iterator[Outcome]:
    waiting: deque[Future[Outcome]] = deque()
    interrupted: list[bool] = []

    def watch(_: Charge) -> None:
        if interrupted:
            raise _StoppedError

    with ThreadPoolExecutor(concurrency) as pool:
        try:
            for question in _taken(questions):
                ledger = Ledger(budget, on_charge=watch)
                waiting.append(pool.submit(outcome, question, ledger))
                if len(waiting) > concurrency:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            interrupted.append(True)  # what runs ends before its next pass
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _taken(questions: Iterable[Asked]) -> Iterator[Asked | Exception]:
    """One by one; where the iterable itself fails, it is over, and its error is the last."""
    try:
        yield from questions
    except Exception as exc:  # noqa: BLE001 - whoever makes the questions; no answer is lost by it
        yield exc


def _outcome(answer: Ask, ask: Ask, asked: Any, ledger: Ledger) -> Outcome:
    try:
        if isinstance(asked, Exception):
            return asked
        if isinstance(asked, Question):
            return answer(asked, ledger=ledger)
        if isinstance(asked, tuple) and len(asked) in {2, 3}:
            return ask(*asked, ledger=ledger)
    except Exception as exc:  # noqa: BLE001 - it belongs to this question alone
        return exc
    return QuestionError(
        f"{asked!r} is no question; give a Question, or (image, text), or (image, text, choices)."
    )
