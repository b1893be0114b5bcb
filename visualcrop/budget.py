"""Budgets, ledgers, and models whose passes are charged before they run."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from numbers import Integral, Real
from typing import Any

import attrs

from .errors import BudgetExceededError, PluginError, SpecError
from .image import Image, ImageRef
from .models.base import (
    NOTHING,
    By,
    Capture,
    Choice,
    Internals,
    Model,
    ModelFamily,
    ModelInfo,
    Reply,
    Usage,
)
from .models.billing import UNBILLED, LentModel, Loans, RunPasses
from .prompt import Prompt
from .values import Evidence, Target

ANSWER = "answer"  # the only stage outside the budget, as in the paper
TARGETS = "targets"  # target extraction, which no figure of the paper contains


def _check_limit(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    number = Integral if attribute.name == "passes" else Real
    if value is not None and (
        isinstance(value, bool) or not (isinstance(value, number) and float(value) >= 0)
    ):
        raise SpecError(
            f"A budget's {attribute.name} are none or "
            f"{'a whole number' if number is Integral else 'a number'} from 0 up, not {value!r}."
        )


def _check_count(_: object, __: object, value: object) -> None:
    if not (isinstance(value, int) and value >= 0):
        raise SpecError(f"A charge is of a whole number of passes from 0 up, not {value!r}.")


@attrs.frozen
class Charge:
    """One line of the ledger: *passes* of a *model* for a *stage*."""

    stage: str
    model: str
    passes: int = attrs.field(default=1, validator=_check_count)


@attrs.frozen
class Budget:
    """Limits of a search before the answer stage; none: no limit."""

    passes: int | None = attrs.field(default=None, validator=_check_limit)
    seconds: float | None = attrs.field(default=None, validator=_check_limit)


def _check_budget(_: object, __: object, value: object) -> None:
    if not isinstance(value, Budget):
        raise SpecError(f"The budget is {value!r}; give a Budget, such as Budget(passes=20).")


def _check_watcher(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not callable(value):
        raise SpecError(
            f"The {attribute.name} of a ledger is {value!r}; give a function, such as print, or "
            "none."
        )


def _refuse(_: object, attribute: attrs.Attribute[Any], __: object) -> None:
    raise SpecError(f"A ledger keeps its {attribute.name} for good; make another with Ledger(...).")


@attrs.define(eq=False)
class Ledger:
    """Passes charged to a search, and the budget that limits them. Append-only."""

    budget: Budget = attrs.field(default=Budget(), validator=_check_budget, on_setattr=_refuse)
    _charges: list[Charge] = attrs.field(factory=list)
    _usage: dict[str, Usage] = attrs.field(factory=dict, init=False)  # by stage
    # called with each charge, in the thread of the search: what it raises ends the search
    on_charge: Callable[[Charge], object] | None = attrs.field(
        default=None, validator=_check_watcher, on_setattr=_refuse
    )
    clock: Callable[[], float] = attrs.field(default=time.monotonic, on_setattr=_refuse)
    _started: float = attrs.field(init=False)
    _slowest: float = attrs.field(default=0.0, init=False)  # seconds of the slowest pass so far
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)
    _loans: Loans = attrs.field(factory=Loans, init=False)
    _expected: Counter[str] = attrs.field(factory=Counter, init=False)
    # called likewise with what is known of a target, as often as more is known: its map and boxes
    on_evidence: Callable[[Evidence], object] | None = attrs.field(
        default=None, validator=_check_watcher, on_setattr=_refuse, kw_only=True
    )
    _shown: dict[Target, Evidence] = attrs.field(factory=dict, init=False)  # the last of each

    def __attrs_post_init__(self) -> None:
        self._started = self.clock()

    @property
    def charges(self) -> list[Charge]:
        """A copy of all lines so far."""
        return [*self._charges]

    @property
    def usage(self) -> Usage:
        """Tokens, FLOPs and seconds of the charged passes."""
        return sum(self.usage_by_stage().values(), Usage())

    def usage_by_stage(self) -> Mapping[str, Usage]:
        """The same of each stage, in the order in which they were first run."""
        with self._lock:
            return {**self._usage}

    @property
    def passes(self) -> int:
        """All passes, including the answer's."""
        return sum(charge.passes for charge in self._charges)

    @property
    def unbilled(self) -> int:
        """Passes that the model ran without a charge by any stage."""
        return self.by_stage().get(UNBILLED, 0)

    def by_stage(self) -> Mapping[str, int]:
        """Passes of each stage, in the order in which they were first charged."""
        stages: Counter[str] = Counter()
        for charge in self._charges:
            stages[charge.stage] += charge.passes
        return dict(stages)

    @property
    def expected(self) -> Mapping[str, int]:
        """
        Passes that stages have announced, for progress: see `BudgetedModel.expect`.

        Of a stage that has run more than it announced, those that it has run.
        """
        with self._lock:
            announced, charged = dict(self._expected), self.by_stage()
        known = {stage: max(n, charged.get(stage, 0)) for stage, n in announced.items()}
        return {stage: passes for stage, passes in known.items() if passes}

    def expect(self, stage: str, passes: int) -> None:
        """Expect so many more *passes* of *stage*, or fewer if they are below 0."""
        with self._lock:
            self._expected[stage] += passes

    def show(self, evidence: Evidence) -> None:
        """Tell who watches what is known of a target, unless it was told that already."""
        if self.on_evidence is None:
            return
        with self._lock:
            known = self._shown.get(evidence.target) == evidence
            self._shown[evidence.target] = evidence
        if not known:
            self.on_evidence(evidence)

    @property
    def remaining(self) -> float:
        """Passes that the search may still run within both limits, passes and seconds."""
        limit = math.inf if self.budget.passes is None else self.budget.passes
        return min(
            limit - sum(c.passes for c in self._charges if c.stage != ANSWER),
            self._remaining_in_time(),
        )

    def _remaining_in_time(self) -> float:
        """Passes for which the limit of seconds has time, if each is as slow as the slowest."""
        if self.budget.seconds is None:
            return math.inf
        left = self.budget.seconds - (self.clock() - self._started)
        if left <= 0:
            return 0
        return left // self._slowest if self._slowest else math.inf

    def charge(self, charge: Charge) -> None:
        """Add *charge*, or raise if the budget does not allow it."""
        with self._lock:
            if charge.stage != ANSWER and charge.passes > (left := self.remaining):
                raise BudgetExceededError(
                    f"The {charge.stage} stage needs {charge.passes} more pass(es), but the budget "
                    f"of {self._limits()} allows {left:g}; raise --budget or lower the searcher's "
                    "steps."
                )
            self._charges.append(charge)
        self._notify(charge)

    def lend_model(self, model: Model) -> LentModel:
        """*model* with every pass charged to this ledger."""
        if isinstance(model, LentModel) and model.ledger is self:
            return model
        self._loans.watch(model)
        return LentModel(model, self, partial(self._charge_and_run, model.id, self._loans.term))

    @contextmanager
    def lend(self, model: Model, image: Image | None = None) -> Iterator[BudgetedModel]:
        """
        Lend *model* to one search; at its end, charge the passes that were not charged.

        What the search shows on the way is drawn on *image*.
        """
        self._loans.begin()
        try:
            yield BudgetedModel(model, self, image=image)
        finally:
            self._shown.clear()
            for unbilled in self._loans.end():
                self._record(Charge(UNBILLED, unbilled.model, unbilled.passes))

    def _charge_and_run(
        self, model: str, term: int, stage: str, passes: int, run: RunPasses
    ) -> Sequence[Any]:
        if term != self._loans.term:
            raise PluginError(
                "A model was asked after the search that it was lent to; ask it in `search` only."
            )
        self.charge(Charge(stage, model, passes))
        started = self.clock()
        replies = run()
        seconds = self.clock() - started
        with self._lock:
            spent = sum((reply.usage for reply in replies), Usage())
            self._usage[stage] = self._usage.get(stage, Usage()) + spent
            self._slowest = max(self._slowest, seconds / passes)
        return replies

    def _record(self, charge: Charge) -> None:
        """Add a charge for passes that have been run already, whatever the budget."""
        with self._lock:
            self._charges.append(charge)
        self._notify(charge)

    def _notify(self, charge: Charge) -> None:
        if self.on_charge is not None:
            self.on_charge(charge)

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
    return sum(c.passes for c in ledger.charges if c.stage not in {TARGETS, ANSWER})


CONVENTIONS: Mapping[str, Callable[[Ledger], int]] = {
    "all": all_passes,
    "focus-paper": focus_paper,
}


@attrs.frozen(init=False)
class BudgetedModel:
    """A model whose passes are charged to a ledger; strategies get no other model."""

    _model: LentModel
    ledger: Ledger
    stage: str = "unlabelled"
    _image: Image | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)

    def __init__(
        self,
        model: Model,
        ledger: Ledger,
        stage: str = "unlabelled",
        *,
        image: Image | None = None,
    ) -> None:
        self.__attrs_init__(ledger.lend_model(model), ledger, stage, image=image)

    @property
    def id(self) -> str:
        return self._model.id

    @property
    def info(self) -> ModelInfo:
        return self._model.info

    @property
    def fingerprint(self) -> str:
        """Differs where the model's answers would; empty if unknown."""
        return self._model.identify()

    def at(self, stage: str) -> BudgetedModel:
        """The same model and ledger, charged to *stage*."""
        return attrs.evolve(self, stage=stage)

    def beside(self, family: ModelFamily) -> BudgetedModel:
        """A second model on the same ledger."""
        return attrs.evolve(self, model=family.open())

    def expect(self, passes: int) -> None:
        """
        Announce about how many more *passes* this stage will take, which progress then shows.

        Below 0, it takes so many fewer than it had announced.
        """
        self.ledger.expect(self.stage, passes)

    @contextmanager
    def expecting(self, passes: int) -> Iterator[None]:
        """Correct what was announced by the passes that the block runs beyond *passes*."""
        before = self._charged
        yield
        self.expect(self._charged - before - passes)

    @property
    def _charged(self) -> int:
        return self.ledger.by_stage().get(self.stage, 0)

    def show(self, evidence: Evidence) -> None:
        """
        Tell who watches what is known so far of a target: its map, and boxes with confidences.

        Show it again whenever more is known. It costs no pass and changes no answer. What the
        watcher raises ends the search: let it through.
        """
        image = self._image
        if self.ledger.on_evidence is not None and image is not None:
            evidence = evidence.with_image(ImageRef(lambda: image))
        self.ledger.show(evidence)

    def affordable(self, passes: int) -> int:
        """*passes*, or as many as the budget still allows this stage."""
        return passes if self.stage == ANSWER else int(min(passes, max(0, self.ledger.remaining)))

    def forward(self, prompts: Sequence[Prompt], capture: Capture = NOTHING) -> Sequence[Internals]:
        """One pass for each prompt."""
        return self._model.forward(prompts, capture, stage=self.stage)

    def choose(
        self,
        prompts: Sequence[Prompt],
        choices: Sequence[str],
        *,
        by: By = "next-token",
        end_token: bool = False,
    ) -> Sequence[Choice]:
        """One pass for each prompt; by sentence, one for each prompt and choice."""
        stage = self.stage
        return self._model.choose(prompts, choices, by=by, end_token=end_token, stage=stage)

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int = 32) -> Sequence[Reply]:
        """One pass for each prompt, however long the reply."""
        limit, stage = max_new_tokens, self.stage
        return self._model.generate(prompts, max_new_tokens=limit, stage=stage)
