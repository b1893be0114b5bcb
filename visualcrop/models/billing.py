"""
Checks the passes that a model ran, by its own meter, against those charged to a ledger.

A search gets a `LentModel`, each of whose passes is charged before it is run. At the end of the
search, passes that the meter counted beyond the charges are charged to `unbilled`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import attrs

from ..prompt import Prompt
from ..utils.forking import after_fork_in_child
from ..values import View
from .base import NOTHING, By, Capture, Choice, EncodedSize, Internals, Model, Reply, fingerprint_of

UNBILLED = "unbilled"  # the stage of passes that were run without a charge
RunPasses: TypeAlias = Callable[[], Sequence[Any]]
ChargeAndRun: TypeAlias = Callable[[str, int, RunPasses], Sequence[Any]]  # stage, passes, run


@attrs.define(eq=False)
class UnbilledPasses:
    """Passes of one model during one search that were run without a charge."""

    model: str
    passes: int = 0


@attrs.define(eq=False)
class _Account:
    """A model in use: its meter's count, and the passes charged for it."""

    model: Model
    settled: int  # the meter's count when it last agreed with the charges
    billed: int = 0  # passes charged since then
    running: int = 0  # charged calls that have not returned
    loans: list[UnbilledPasses] = attrs.field(factory=list)  # of searches, the oldest first

    def settle(self) -> None:
        """Attribute passes beyond the charges to the search that began first."""
        count = self.model.passes
        extra = count - self.settled - self.billed
        if extra > 0:
            self.settled += extra
            if self.loans:
                self.loans[0].passes += extra
        if not self.running:  # failed and cached calls ran fewer passes than were charged
            self.settled, self.billed = count, 0


_accounts: dict[int, _Account] = {}  # by id of models in use: some cannot be hashed
_lock = threading.Lock()


def _reset_after_fork() -> None:
    """Drop all accounts in a forked child, which lacks the threads of their searches."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()
    _accounts.clear()


after_fork_in_child(_reset_after_fork)


def _open_account(model: Model) -> _Account:
    """The settled account of *model*; wrappers share that of the model inside."""
    while isinstance(inside := getattr(model, "model", None), Model):
        model = inside
    account = _accounts.get(id(model)) or _Account(model, model.passes)
    account.settle()
    _accounts[id(model)] = account
    return account


def _close_account(account: _Account) -> None:
    """Drop *account* unless some call or search still uses it."""
    if not account.running and not account.loans:
        _accounts.pop(id(account.model), None)


@contextmanager
def _bill(model: Model, passes: int) -> Iterator[None]:
    """Record that *passes* of *model* are charged, and run in the block."""
    with _lock:
        account = _open_account(model)
        account.running += 1
        account.billed += passes
    try:
        yield
    finally:
        with _lock:
            account.running -= 1
            account.settle()
            _close_account(account)


@contextmanager
def bill_once(model: Model) -> Iterator[None]:
    """If the block fails, let *model* repeat the passes that it ran in it without a charge."""
    before = model.passes
    try:
        yield
    except BaseException:
        with _lock:
            account = _open_account(model)
            account.billed += max(0, model.passes - before)
            _close_account(account)
        raise


class Loans:
    """Models that one ledger lends, watched from the start of a search to its end."""

    def __init__(self) -> None:
        self.term = 0  # a model lent in one term cannot be used in the next
        self._searches = 0
        self._lent: dict[int, tuple[_Account, UnbilledPasses]] = {}

    def begin(self) -> None:
        """Start a search: from now on, lent models are watched."""
        with _lock:
            self._searches += 1

    def watch(self, model: Model) -> None:
        """Record the count of *model*'s meter, if a search is running."""
        with _lock:
            if not self._searches:
                return
            account = _open_account(model)
            if id(account.model) not in self._lent:
                unbilled = UnbilledPasses(model.id)
                account.loans.append(unbilled)
                self._lent[id(account.model)] = account, unbilled

    def end(self) -> list[UnbilledPasses]:
        """End a search. The last of several returns the unbilled passes of each model."""
        with _lock:
            self._searches -= 1
            if self._searches:
                return []
            self.term += 1
            for account, unbilled in self._lent.values():
                account.settle()
                account.loans.remove(unbilled)
                _close_account(account)
            found = [unbilled for _, unbilled in self._lent.values() if unbilled.passes]
            self._lent.clear()
            return found


class LentModel(Model):
    """
    A model whose every pass is charged to a ledger.

    Calls without a stage are charged to `unbilled`. The model inside is held by closures, not by
    an attribute, so that strategies cannot reach it.
    """

    def __init__(self, model: Model, ledger: object, charge_and_run: ChargeAndRun) -> None:
        def call(stage: str, passes: int, name: str, *args: Any, **options: Any) -> Any:
            def run() -> Any:
                with _bill(model, passes):
                    return getattr(model, name)(*args, **options)

            return charge_and_run(stage, passes, run) if passes else ()

        def encoded_size(view: View) -> EncodedSize | None:
            return model.encoded_size(view)

        def fingerprint() -> str:
            return fingerprint_of(model)

        self.id, self.info, self.ledger = model.id, model.info, ledger
        self.identify: Callable[[], str] = fingerprint  # not at once: it may read files
        self._call: Callable[..., Any] = call
        self._count_passes: Callable[[], int] = lambda: model.passes
        self._encoded_size: Callable[[View], EncodedSize | None] = encoded_size

    @property
    def passes(self) -> int:
        return self._count_passes()

    def encoded_size(self, view: View) -> EncodedSize | None:
        return self._encoded_size(view)

    def forward(
        self, prompts: Sequence[Prompt], capture: Capture = NOTHING, *, stage: str = UNBILLED
    ) -> Sequence[Internals]:
        outputs: Sequence[Internals] = self._call(stage, len(prompts), "forward", prompts, capture)
        return outputs

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
        stage: str = UNBILLED,
    ) -> Sequence[Choice]:
        passes = len(prompts) * (len(choices) if by == "sentence" else 1)
        how: dict[str, Any] = {"by": by, "end_token": end_token}
        chosen: Sequence[Choice] = self._call(stage, passes, "choose", prompts, choices, **how)
        return chosen

    def generate(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32, stage: str = UNBILLED
    ) -> Sequence[Reply]:
        limit: dict[str, Any] = {"max_new_tokens": max_new_tokens}
        replies: Sequence[Reply] = self._call(stage, len(prompts), "generate", prompts, **limit)
        return replies
