"""Every pass is written down before it is run."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import attrs

from .errors import BudgetExceededError, SpecError
from .model import NOTHING, By, Capture, Choice, Model, ModelFamily, Reading, Reply, Traits, Work
from .prompt import Prompt

_R = TypeVar("_R", Reading, Choice, Reply)
ANSWER = "answer"  # the one stage that is outside the budget, as in the paper


@attrs.frozen
class Charge:
    """One line of the ledger."""

    stage: str
    model: str
    passes: int = 1


def _from_zero(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    number = Integral if attribute.name == "passes" else Real
    if value is not None and not (isinstance(value, number) and float(value) >= 0):
        raise SpecError(
            f"A budget's {attribute.name} are none or "
            f"{'a whole number' if number is Integral else 'a number'} from 0 up, not {value!r}."
        )


@attrs.frozen
class Budget:
    """What a search may spend before the answer stage; none means no limit."""

    passes: int | None = attrs.field(default=None, validator=_from_zero)
    seconds: float | None = attrs.field(default=None, validator=_from_zero)


def _is_budget(_: object, __: object, value: object) -> None:
    if not isinstance(value, Budget):
        raise SpecError(f"The budget is {value!r}; give a Budget, such as Budget(passes=20).")


@attrs.define
class Ledger:
    """What a search has spent, and what it may spend."""

    budget: Budget = attrs.field(default=Budget(), validator=_is_budget)
    charges: list[Charge] = attrs.field(factory=list)
    work: Work = Work()
    on_charge: Callable[[Charge], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _started: float = attrs.field(init=False)
    _slowest: float = attrs.field(default=0.0, init=False)  # seconds of one pass, the worst so far

    def __attrs_post_init__(self) -> None:
        self._started = self.clock()

    @property
    def passes(self) -> int:
        """All passes, the answer's too."""
        return sum(charge.passes for charge in self.charges)

    def by_stage(self) -> Mapping[str, int]:
        """Passes of each stage, in the order the stages were met."""
        stages: Counter[str] = Counter()
        for charge in self.charges:
            stages[charge.stage] += charge.passes
        return dict(stages)

    @property
    def remaining(self) -> float:
        """Passes the search may still make: those allowed, and those for which time is left."""
        limit = math.inf if self.budget.passes is None else self.budget.passes
        return min(
            limit - sum(c.passes for c in self.charges if c.stage != ANSWER), self._in_time()
        )

    def _in_time(self) -> float:
        if self.budget.seconds is None:
            return math.inf
        left = self.budget.seconds - (self.clock() - self._started)
        if left <= 0:
            return 0
        return left // self._slowest if self._slowest else math.inf

    def charge(self, charge: Charge) -> None:
        """Write *charge* down, or refuse."""
        if charge.stage != ANSWER and charge.passes > (left := self.remaining):
            raise BudgetExceededError(
                f"The {charge.stage} stage needs {charge.passes} more pass(es), but the budget of "
                f"{self._limits()} allows {left:g}; raise --budget or lower the searcher's steps."
            )
        self.charges.append(charge)
        if self.on_charge is not None:
            self.on_charge(charge)

    def record(self, work: Work, passes: int, seconds: float) -> None:
        """Note what the last charge really took."""
        self.work += work
        self._slowest = max(self._slowest, seconds / max(1, passes))

    def _limits(self) -> str:
        passes, seconds = self.budget.passes, self.budget.seconds
        limits = (
            passes is not None and f"{passes} passes",
            seconds is not None and f"{seconds:g} s",
        )
        return " and ".join(limit for limit in limits if limit)


def all_passes(ledger: Ledger) -> int:
    """Count every pass of every stage."""
    return ledger.passes


def focus_paper(ledger: Ledger) -> int:
    """Count as the FOCUS paper's tables do: neither target extraction nor the answer."""
    return sum(c.passes for c in ledger.charges if c.stage not in {"targets", ANSWER})


CONVENTIONS: Mapping[str, Callable[[Ledger], int]] = {
    "all": all_passes,
    "focus-paper": focus_paper,
}


@attrs.frozen
class BudgetedModel:
    """A model with a ledger: the only model a strategy ever sees."""

    _model: Model
    ledger: Ledger
    stage: str = "unlabelled"

    @property
    def id(self) -> str:
        return self._model.id

    @property
    def traits(self) -> Traits:
        return self._model.traits

    def at(self, stage: str) -> BudgetedModel:
        """The same model and ledger, charging to *stage*."""
        return attrs.evolve(self, stage=stage)

    def beside(self, family: ModelFamily) -> BudgetedModel:
        """A second model on the same ledger."""
        return attrs.evolve(self, model=family.open())

    def affordable(self, passes: int) -> int:
        """As many of *passes* as the budget still allows this stage."""
        return passes if self.stage == ANSWER else int(min(passes, max(0, self.ledger.remaining)))

    def read(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Reading]:
        """One pass for each prompt."""
        return self._run(lambda: self._model.read(prompts, capture), len(prompts))

    def choose(
        self, prompts: Sequence[Prompt], choices: Sequence[str], *, by: By = "next-token"
    ) -> Sequence[Choice]:
        """One pass for each prompt; by sentence, one for each prompt and choice."""
        each = len(choices) if by == "sentence" else 1
        return self._run(lambda: self._model.choose(prompts, choices, by=by), each * len(prompts))

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        """One pass for each prompt, however long the reply."""
        run = self._model.generate
        return self._run(lambda: run(prompts, max_new_tokens=max_new_tokens), len(prompts))

    def _run(self, ask: Callable[[], Sequence[_R]], passes: int) -> Sequence[_R]:
        if not passes:
            return ()
        self.ledger.charge(Charge(self.stage, self._model.id, passes))
        started = self.ledger.clock()
        replies = ask()
        seconds = self.ledger.clock() - started
        self.ledger.record(sum((r.work for r in replies), Work()), passes, seconds)
        return replies
