"""Runs a study: `evaluate`, for the command line and for Python."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..api import default_model
from ..budget import Budget
from ..data.base import Dataset
from ..data.record import Record
from ..errors import EvaluationError, PluginError
from ..executors.base import Executor, Task, WorkerFactory
from ..executors.local import Local
from ..interfaces import Searcher
from ..models.base import Model, ModelFamily
from ..output.characters import printable
from ..output.progress import Progress
from ..plugin.configure import read_spec
from ..plugin.registry import Registry
from ..protocol import Inference, Weigh
from ..spec.parse import Spec, Value, to_value
from ..strategy.base import Strategy, given_options
from ..utils.text_set import TextSet
from .arguments import check_given, to_folder
from .disjoint import check_calibrations, refuse_calibrated
from .manifest import build_manifest
from .resume import Completed, RemainingTasks, SelectionCounts, ShardReport, open_run
from .run import Run
from .run_folder import Store
from .selection import Selection, to_ids
from .shard import ShardIndex
from .spreading import choose_executor
from .study import BASELINE, Study, StudyObjects, label_specs
from .study_toml import read_study
from .summary import Tally
from .worker import StudyWorker, check_writable, error_record

Watch: TypeAlias = Callable[[Record], object]
Searchers: TypeAlias = (
    Searcher | str | Mapping[str, Searcher | str] | Sequence[str]
)  # one, several by label, or texts such as label=spec


def run_study(  # noqa: PLR0913 - all but the first two are options
    study: Study,
    folder: Path,
    *,
    dataset: Dataset | None = None,
    objects: StudyObjects = StudyObjects(),  # noqa: B008 - a frozen value
    selection: Selection = Selection(),  # noqa: B008 - as above
    executor: Executor = Local(),  # noqa: B008 - as above
    watch: Watch = lambda record: None,
    forced: bool = False,
) -> Store:
    """
    Ask what *folder* has no answer to yet, and append each record at once.

    The same call resumes an interrupted run. *dataset* and *objects* are used in place of what the
    study's specs name. *watch* is called with every new record. With *forced* the run is resumed
    although the model or an image has changed, and the manifest says so.
    """
    registry = Registry.load()
    dataset = study.build_dataset(registry) if dataset is None else dataset
    complete = objects.complete(study, registry)  # a wrong spec is refused before anything starts
    manifest = build_manifest(study, dataset, complete)
    check_calibrations(complete.searchers, manifest)
    index = selection.shard
    with open_run(folder, study, manifest, index, forced=forced) as (store, shard):
        completed, counts = Completed.read(store, index), SelectionCounts()
        report = ShardReport(store, index, completed, counts)
        tasks = RemainingTasks(study, store, completed, forced=forced)
        remaining = refuse_calibrated(tasks.read(dataset, selection, counts), complete.searchers)
        for record in _answer(executor, partial(StudyWorker.open, study, objects), remaining):
            report.start()  # only now: with nothing new, the shard stays finished
            own = _add_study_digest(record, study)
            shard.append(own)
            completed.count_own(own)
            watch(own)
        report.finish()
    if not counts.questions and index[1] == 1:
        reason = selection.explain_empty(dataset, counts.named)
        raise EvaluationError(f"The dataset {study.dataset!r} has {reason}.")
    return store


def _answer(
    executor: Executor, open_worker: WorkerFactory, tasks: Iterator[Task]
) -> Iterator[Record]:
    """The executor's records; with nothing left to answer, no model is loaded."""
    if (first := next(tasks, None)) is not None:
        yield from executor.run(open_worker, chain([first], tasks))


def _add_study_digest(record: Record, study: Study) -> Record:
    """The record with the study's digest; an error if it cannot be written."""
    if record.variant not in study.variants:
        raise PluginError(f"The executor answered for a variant {record.variant!r}, of no study.")
    own = attrs.evolve(record, study=study.digest)
    try:
        return check_writable(own)
    except EvaluationError as exc:
        return error_record({"id": own.id, "variant": own.variant, "study": own.study}, exc)


def evaluate(  # noqa: PLR0913 - all but the first three are options
    dataset: Dataset | Study | str | os.PathLike[str],
    searchers: Searchers | None = None,
    model: Model | ModelFamily | str | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    seed: int | None = None,
    ids: Iterable[str] = (),
    category: str | None = None,
    shard: ShardIndex = (1, 1),
    budget: Budget | int | None = None,
    protocol: str = "paper",
    inference: Inference | None = None,
    weigh: Weigh | None = None,
    end_token: bool | None = None,
    open_ended: bool = False,
    judge: str | None = None,
    concurrency: int = 1,
    executor: Executor | str | None = None,
    force: bool = False,
    progress: bool = True,
) -> Run:
    """
    Measure searchers on a dataset, beside asking the model directly: `visualcrop evaluate`.

    The same call with the same *out* resumes an interrupted run.

    Args:
        dataset: A dataset, its spec, its folder, or the TOML file of a study.
        searchers: One searcher, or several by label, as objects or specs; by default `focus`.
        model: An open model, a family, or a spec; without one, the default model.
        out: Folder of the run; without one, a temporary folder that is gone with the `Run`.
        limit: Only as many questions: the first, or with *seed* random ones.
        ids: Only the questions with these ids.
        category: Only questions of this category.
        shard: `(2, 8)`: only the second of eight parts, for eight processes.
        budget: Most passes of a search for each question, or a `Budget`.
        protocol: How questions are posed: `paper`, `zoomeye`, `hr-bench`, `lmms-eval` or
            `vlmevalkit`.
        inference: How answers are read: `generate`, `letter-logits` or `option-logits`.
        weigh: What `option-logits` weighs: `auto`, `sentences` or `choices`; see `PromptProtocol`.
        end_token: Whether `option-logits` weighs the end of a reply, too.
        open_ended: Ask questions without their choices.
        judge: Spec of what scores answers in words, such as `llm`.
        concurrency: Questions asked at once in this process.
        executor: What spreads questions, such as `ray`; by default `processes` for a model that
            computes on one core of a CPU, else `local`.
        force: Resume although the model or an image has changed; the manifest says so.
        progress: Show a bar on standard error, or a line every 30 seconds.
    """
    settings = Settings(protocol, inference, budget, open_ended, judge, weigh, end_token)
    study, objects = _describe(dataset, searchers, model, settings)
    selection = Selection(limit, to_ids(ids), category, shard, seed)
    if executor is None:
        spread = choose_executor(study, objects, concurrency)
    else:
        spread = build_executor(executor)
    if not isinstance(dataset, Dataset):
        dataset = study.build_dataset(Registry.load())
    with (
        question_progress(selection.max_count(dataset), shown=progress) as watch,
        _folder(out) as folder,
    ):
        run = partial(run_study, study, folder, dataset=dataset, objects=objects, watch=watch)
        store = run(selection=selection, executor=spread, forced=force)
    return Run(store, dataset=dataset, temporary=out is None)


def build_executor(executor: Executor | str) -> Executor:
    """The executor itself, or of its spec."""
    if isinstance(executor, str):
        executor = Registry.load().build(Executor, read_spec(executor))
    check_given("executor", executor, Executor, "an executor, or its spec, such as 'ray'")
    return executor


@attrs.frozen
class Settings:
    """Settings of a study that are not in its dataset, model and searchers; see `Study`."""

    protocol: str = "paper"
    inference: Inference | None = None
    budget: Budget | int | None = None
    open_ended: bool = False
    judge: str | None = None
    weigh: Weigh | None = None
    end_token: bool | None = None

    def as_fields(self) -> dict[str, Any]:
        """As fields of `Study`."""
        budget = self.budget if isinstance(self.budget, Budget) else Budget(self.budget)
        return {**attrs.asdict(self, recurse=False), "budget": budget}


@contextmanager
def _folder(out: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The folder *out*, or a temporary one: after an error, it is kept if it has answers."""
    temporary = out is None
    folder = Path(tempfile.mkdtemp(prefix="visualcrop-")) if temporary else to_folder("out", out)
    try:
        yield folder
    except KeyboardInterrupt:
        again = "Run.open reads it" if temporary else "the same command resumes it"
        raise KeyboardInterrupt(
            f"Interrupted. What was answered is in {folder}: {again}."
        ) from None
    except BaseException as exc:
        if temporary and any(path.stat().st_size for path in folder.glob("samples-*")):
            exc.add_note(f"What was answered is in {folder}: Run.open reads it.")
        elif temporary:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _describe(
    dataset: Dataset | Study | str | os.PathLike[str],
    searchers: Searchers | None,
    model: Model | ModelFamily | str | None,
    settings: Settings,
) -> tuple[Study, StudyObjects]:
    """The study in text, and the objects among what was given."""
    if isinstance(dataset, os.PathLike):
        dataset = os.fspath(dataset)
    if isinstance(dataset, str) and dataset.endswith(".toml"):
        named = model if isinstance(model, str) else None
        dataset, model = read_study(Path(dataset), named), None if named else model
    if isinstance(dataset, Study):
        if searchers is not None or model is not None or settings != Settings():
            raise EvaluationError(
                "A study has its searchers, model and settings; write others into its file, or "
                "give a dataset instead of the study."
            )
        return dataset, StudyObjects()
    check_given("dataset", dataset, Dataset | str, "a dataset, its spec or its folder")
    check_given("model", model, Model | ModelFamily | str | None, "a model, a family, or a spec")
    by_label = _label("focus" if searchers is None else searchers)
    live = {label: each for label, each in by_label.items() if isinstance(each, Searcher)}
    study = Study(
        dataset if isinstance(dataset, str) else str(Spec.of(dataset)),
        _text_of_model(model),
        {label: _text_of(each) for label, each in by_label.items()},
        **settings.as_fields(),
    )
    return study, StudyObjects(None if isinstance(model, str) else model, live)


def _label(searchers: Searchers) -> Mapping[str, Searcher | str]:
    """Searchers by label, `direct` first."""
    if isinstance(searchers, Searcher):
        searchers = {searchers.name: searchers}
    if isinstance(searchers, Mapping):
        if _text_of(searchers.get(BASELINE, BASELINE)) != BASELINE:
            raise EvaluationError(
                f"The label {BASELINE!r} is that of asking directly, which is always measured; "
                "give your searcher another."
            )
        _check_labels({BASELINE: BASELINE, **searchers})
        return {BASELINE: BASELINE, **searchers}
    wanted = 'a searcher, a spec, or several by label, as in {"four": Focus(steps=4)}'
    check_given("searchers", searchers, str | Collection, wanted)
    specs = [searchers] if isinstance(searchers, str) else [*searchers]
    for spec in specs:
        check_given("searchers", spec, str, wanted)
    return label_specs(specs)


def _check_labels(searchers: Mapping[str, Searcher | str]) -> None:
    """Refuse labels that a reader of the tables could not tell apart."""
    seen: dict[str, str] = {}
    for label, searcher in searchers.items():
        check_given("label of a searcher", label, str, "a text")
        check_given(f"searcher {label!r}", searcher, Searcher | str, "a searcher, or its spec")
        shown = printable(label).strip()
        if not shown or shown in seen:
            like = f"is shown as {seen[shown]!r} is" if shown else "is blank"
            raise EvaluationError(
                f"The label {label!r} {like}; give each searcher a label of its own."
            )
        seen[shown] = label


def _text_of_model(model: Model | ModelFamily | str | None) -> str:
    if isinstance(model, Model):
        return model.id
    return _text_of(default_model() if model is None else model)


def _text_of(given: Strategy | str) -> str:
    """The spec of a strategy, with the options that it was given; text stays as it is."""
    return str(_given_spec(given)) if isinstance(given, Strategy) else given


def _given_spec(strategy: Strategy, given: frozenset[str] | None = None) -> Spec:
    """Its name and the options at the paths *given*, of strategies among its options too."""
    given = given_options(strategy) if given is None else given
    options: list[tuple[str, Value]] = []
    for field in attrs.fields(type(strategy)):
        inner = frozenset(p.partition(".")[2] for p in given if p.startswith(f"{field.name}."))
        if field.name in given or inner:
            value = getattr(strategy, field.name)
            spec = _given_spec(value, inner) if isinstance(value, Strategy) else to_value(value)
            options.append((field.name, spec))
    return Spec(strategy.name, tuple(options))


@attrs.define
class _Shown:
    """Accuracy by variant so far, as text beside the progress bar."""

    tallies: dict[str, Tally] = attrs.field(factory=dict)
    questions: TextSet = attrs.field(factory=TextSet)

    def add(self, record: Record) -> bool:
        """Count a record; true if it is the first of its question."""
        self.tallies.setdefault(record.variant, Tally()).add(record)
        return self.questions.add(record.id)

    def __str__(self) -> str:
        shares = (f"{name} {_share(tally)}" for name, tally in self.tallies.items())
        return "  ".join(shares) or "Loading the model"


def _share(tally: Tally) -> str:
    failed = tally.statuses.get("error", 0)
    if not tally.n:
        return f"{failed} errors"
    bounds = tally.interval
    text = f"{tally.accuracy:.0%} ({bounds.low:.0%}-{bounds.high:.0%})"
    return f"{text}, {failed} errors" if failed else text


@contextmanager
def question_progress(
    total: int | None, *, shown: bool, doing: str = "Questions"
) -> Iterator[Watch]:
    """A function that takes each new record, and moves the bar."""
    if not shown:
        yield lambda record: None
        return
    state = _Shown()
    with Progress(doing, total, describe=lambda: str(state)) as advance:
        yield lambda record: advance(by=int(state.add(record)))
