"""The plan of a reproduction: for each run what is asked, what it costs, and what is missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from ...data.base import Dataset
from ...data.formats.common import FileDataset
from ...errors import VisualcropError
from ...models.families.base import Pretrained
from ...output.tables import Table
from ..run_folder import STUDY, Store
from ..selection import Selection
from ..study import Study
from .missing import Inventory, Missing
from .passes import Expected, expect_passes
from .speed import Machine, find_machine
from .values import Reproduction, ReproductionRun

# Tokens of a pass, on average over full images and crops: of LLaVA-1.5 as its printed MACs say, of
# the others by the views that FOCUS shows on V*Bench. The first name counts that is part of the
# model's type or its checkpoint's name, in small letters.
_TOKENS = {"onevision": 4000, "qwen2.5-vl": 2000, "qwen2_5_vl": 2000, "llava-1.5": 656}
_OTHER_TOKENS = 1000
_BYTES_PER_WEIGHT = 2  # in 16 bits
_SECONDS_PER_ANSWER = 0.3  # for pictures and Python, whatever the model
_MEMORY_FACTOR = 1.1  # weights and activations over weights: 14.91 to 13.57 of Table 13
_FEWEST = 3  # answers of a variant from which its own seconds are trusted
_MOST_READ = 1 << 28  # bytes of a dataset that are read to count its questions
_GIB = 2**30


@attrs.frozen
class PlannedModel:
    """A model of the reproduction: what it takes to run it."""

    name: str
    spec: str
    replaced: str  # the file's own spec, where another stands in for it
    where: str  # here, hub (it will be fetched) or nowhere
    weights_gib: float | None
    memory_gib: float | None
    pass_tflop: float | None  # of a pass, encoder left out


@attrs.frozen
class PlannedRun:
    """One run: what is left of it, and what that is estimated to cost."""

    name: str
    study: str
    model: str
    dataset: str
    questions: int | None
    counted: str  # how the questions were counted: read, published, or unknown
    variants: int
    answered: int  # of questions times variants
    left: int | None  # answers that are still to be given
    passes: float | None  # that are left; none if nobody knows for some variant
    hours: float | None  # that are left
    missing: tuple[str, ...]  # sentences: the run cannot be run before these are mended


@attrs.frozen
class Plan:
    """What a reproduction is about to do."""

    title: str
    folder: str
    machine: Machine
    runs: tuple[PlannedRun, ...]
    models: tuple[PlannedModel, ...]
    missing: tuple[Missing, ...]
    misfits: tuple[str, ...] = ()  # rows that will fail with their models: sentences

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        totals = {name: _add(getattr(run, name) for run in self.runs) for name in _TOTALS}
        return attrs.asdict(self) | {"totals": totals, "notes": self.notes()}

    def tables(self) -> list[Table]:
        """The runs with their totals, and the models."""
        headings = ("run", "questions", "rows", "answered", "left", "passes", "hours")
        rows = [_format_run(run) for run in self.runs]
        total = [_format_count(_add(getattr(run, name) for run in self.runs)) for name in _TOTALS]
        answered, left, passes = total[:3]
        hours = _format_hours(_add(run.hours for run in self.runs))
        rows.append(["total", "", "", answered, left, passes, hours])
        models = ("model", "spec", "weights, GiB", "memory, GiB", "where")
        described = [_format_model(model) for model in self.models]
        return [Table(headings, rows), Table(models, described)]

    def notes(self) -> list[str]:
        """What the estimates rest on."""
        passes = (
            "Passes and hours are estimates. Passes: the paper's where its table has them, and two "
            "more for the targets and the answer; else by the budget, by FOCUS's steps, or the "
            "mean of Table 10 for the method. What the rows of a study share runs once, which is "
            "less."
        )
        hours = (
            f"Hours: {self.machine.basis} ({self.machine.name}), two FLOPs for each weight and "
            f"token of a pass, and {_SECONDS_PER_ANSWER:g} s for each answer; what has been "
            "answered already counts with its own seconds. They may be wrong by a factor of two, "
            "and by more for models other than the paper's, of whose passes "
            f"{_OTHER_TOKENS:,} tokens are assumed."
        )
        memory = (
            f"Memory: {_MEMORY_FACTOR:g} times the weights, and what is kept of images seen before."
        )
        wanted = [model.weights_gib or 0 for model in self.models if model.where == "hub"]
        fetched = (
            [f"To be fetched from the hub: {sum(wanted):.3g} GiB of weights."] if wanted else []
        )
        return [passes, hours, memory, *fetched, *self._find_large()]

    def _find_large(self) -> Iterator[str]:
        """A sentence for each model that this machine has too little memory for."""
        there = self.machine.memory_gib
        for model in self.models:
            if there is not None and (model.memory_gib or 0) > there:
                yield (
                    f"The model {model.name!r} needs about {model.memory_gib:.3g} GiB, and "
                    f"{self.machine.name} has {there:.3g}: set bits=4, or take another machine."
                )


def make_plan(chosen: Reproduction, folder: Path, selection: Selection) -> Plan:
    """The plan of the runs of *chosen* on this machine, with all that is missing for them."""
    inventory = Inventory(chosen)
    planner = Planner(inventory, folder, selection, find_machine())
    return planner.plan(chosen, inventory.find_missing())


_TOTALS = ("answered", "left", "passes", "hours")


@attrs.frozen
class Planner:
    """Makes the plan of a reproduction."""

    inventory: Inventory
    folder: Path
    selection: Selection
    machine: Machine
    _counts: dict[str, tuple[int | None, str]] = attrs.field(factory=dict, init=False)

    def plan(self, chosen: Reproduction, missing: Sequence[Missing]) -> Plan:
        """The plan of the runs of *chosen*."""
        used = dict.fromkeys(name for run in chosen.runs for name in (run.model, *run.within))
        models = {name: self._plan_model(chosen.models[name].spec, name) for name in used}
        runs = tuple(self._plan_run(run, models[run.model], missing) for run in chosen.runs)
        named = {str(each) for each in missing}
        conflicts = (
            Missing(reason, "", (run.name,))
            for run in runs
            for reason in run.missing
            if reason not in named
        )
        everything = (*missing, *conflicts)
        place = str(self.folder)
        misfits = tuple(each for run in chosen.runs for each in self.inventory.find_misfits(run))
        planned = tuple(models.values())
        return Plan(chosen.title, place, self.machine, runs, planned, everything, misfits)

    def _plan_model(self, spec: str, name: str) -> PlannedModel:
        """Weights, memory and the cost of a pass of a model."""
        source = self.inventory.reproduction.models[name]
        family = self.inventory.family(spec)
        named = self.inventory.checkpoint_of(family)
        if family is None:  # no model that answers, but one within a searcher
            named = self.inventory.checkpoint_named(spec)
        where = named.where if named else "here" if family else "nowhere"
        size = named.bytes if named and named.bytes is not None else None
        gib = size / _GIB if size is not None else source.gib
        if gib is None:
            return PlannedModel(name, spec, source.replaced, where, None, None, None)
        kept = 0
        if isinstance(family, Pretrained):
            kept = family.cache_bytes("cuda" if self.machine.gpu else "cpu")
        tokens = _tokens_of_pass(f"{named.model_type if named else ''} {spec}")
        flops = 2 * gib * _GIB / _BYTES_PER_WEIGHT * tokens
        memory = _MEMORY_FACTOR * gib + kept / _GIB
        return PlannedModel(name, spec, source.replaced, where, gib, memory, flops / 1e12)

    def _plan_run(
        self, run: ReproductionRun, model: PlannedModel, missing: Sequence[Missing]
    ) -> PlannedRun:
        why = tuple(str(each) for each in missing if run.name in each.runs)
        questions, counted = self._count_questions(run)
        done, seconds, conflict = _read_answers(self.folder / run.name, run.study)
        remaining, passes, hours = 0.0, 0.0, 0.0
        for label in run.study.variants:
            left = math.nan if questions is None else max(0, questions - done[label])
            if not left:
                continue
            searcher = self.inventory.searcher(run.study, label)
            expected = expect_passes(run.study, label, searcher, run.model, run.dataset)
            remaining += left
            passes += left * _number(expected)
            each = _number(expected) * _number(model.pass_tflop) * 1e12 / self.machine.flops
            hours += left * seconds.get(label, each + _SECONDS_PER_ANSWER) / 3600
        return PlannedRun(
            run.name,
            run.study_name,
            run.model,
            run.dataset,
            questions,
            counted,
            len(run.study.variants),
            sum(done.values()),
            None if questions is None else int(remaining),
            _known(passes),
            _known(hours),
            (*why, *conflict),
        )

    def _count_questions(self, run: ReproductionRun) -> tuple[int | None, str]:
        """How many questions a run has, and how that was found."""
        spec = run.study.dataset
        if spec not in self._counts:
            self._counts[spec] = self._count(run)
        return self._counts[spec]

    def _count(self, run: ReproductionRun) -> tuple[int | None, str]:
        try:
            dataset = run.study.build_dataset(self.inventory.registry)
        except VisualcropError:
            return None, "unknown"
        if _is_quickly_read(dataset):
            try:
                return sum(1 for _ in self.selection.samples(dataset, lambda row: None)), "read"
            except VisualcropError:
                pass  # what is wrong is among what is missing
        most = self.selection.max_count(dataset)
        return most, "unknown" if most is None else "published"


def _is_quickly_read(dataset: Dataset) -> bool:
    """Whether its questions can be counted in seconds: tables hold all pictures, folders none."""
    if not isinstance(dataset, FileDataset):
        return True
    root = dataset.root
    if not root.exists():
        return False
    tables = (path for ending in ("tsv", "parquet") for path in root.rglob(f"*.{ending}"))
    return sum(path.stat().st_size for path in tables if path.is_file()) <= _MOST_READ


def _read_answers(
    folder: Path, study: Study
) -> tuple[Counter[str], dict[str, float], tuple[str, ...]]:
    """
    How many questions are answered, and the mean seconds of an answer, by variant.

    If the folder holds another study, that is said in a sentence, for it could not be resumed.
    """
    done, seconds = Counter[str](), dict[str, float]()
    if not (folder / STUDY).is_file():
        return done, {}, ()
    store = Store.existing(folder)
    if store.study.digest != study.digest:
        difference = store.study.first_difference(study)
        return done, {}, (str(store.conflict(f"another study ({difference})")),)
    for record in store.records():
        if record.status != "error":
            done[record.variant] += 1
            seconds[record.variant] = seconds.get(record.variant, 0.0) + record.seconds
    return done, {name: seconds[name] / n for name, n in done.items() if n >= _FEWEST}, ()


def _tokens_of_pass(names: str) -> int:
    lowered = names.lower().replace("llava_", "llava-")
    return next((n for known, n in _TOKENS.items() if known in lowered), _OTHER_TOKENS)


def _number(value: Expected | float | None) -> float:
    """The number, or NaN for what is not known: sums with it are not known either."""
    found = value.passes if isinstance(value, Expected) else value
    return math.nan if found is None else found


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _add(values: Iterable[float | None]) -> float | None:
    """The sum; none if one of them is not known."""
    return _known(math.fsum(map(_number, values)))


def _format_run(run: PlannedRun) -> list[str]:
    questions = "?" if run.questions is None else f"{run.questions:,}"
    name = f"{run.name} (cannot run)" if run.missing else run.name
    counts = map(_format_count, (run.answered, run.left, run.passes))
    return [name, questions, str(run.variants), *counts, _format_hours(run.hours)]


def _format_model(model: PlannedModel) -> list[str]:
    places = {"here": "on this machine", "hub": "will be fetched", "nowhere": "missing"}
    sizes = ("?" if gib is None else f"{gib:.3g}" for gib in (model.weights_gib, model.memory_gib))
    spec = f"{model.spec}, for {model.replaced}" if model.replaced else model.spec
    return [model.name, spec, *sizes, places[model.where]]


def _format_count(count: float | None) -> str:
    return "?" if count is None else f"{count:,.0f}"


def _format_hours(hours: float | None) -> str:
    return "?" if hours is None else f"{hours:,.2g}" if hours < 10 else f"{hours:,.0f}"
