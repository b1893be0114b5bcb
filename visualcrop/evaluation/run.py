"""The results of a run, in Python."""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..data.base import Dataset
from ..data.record import Record
from ..errors import EvaluationError, VisualcropError, nearest
from ..output.tables import Table
from ..plugin.registry import Registry
from ..utils.fields import is_number
from ..values import Answer
from .arguments import check_given, to_folder
from .calibrate import LearnedCalibration, learn_calibration
from .comparison import searcher_names
from .evidence import restore_answer
from .formatting import describe_stages, format_gain, format_p
from .methods import group_methods, measure_efficiency
from .result_tables import (
    cost_notes,
    cost_table,
    efficiency_notes,
    efficiency_table,
    notes,
    result_table,
    selective_notes,
    selective_table,
)
from .run_folder import Store
from .statistics import Difference
from .study import Study
from .summary import (
    Tally,
    compare_areas,
    compare_tallies,
    measure_selective,
    summarize,
    tally_records,
)

if TYPE_CHECKING:
    import pandas as pd


@attrs.frozen
class PairedComparison:
    """
    How much better one searcher is than another, over the questions that both answered.

    `print(comparison)` says it in a sentence.
    """

    searcher: str
    baseline: str
    n: int  # questions that both answered
    gain: float  # accuracy of *searcher* less that of *baseline*, from -1 to 1
    low: float  # lower bound of the gain, 95 %, clustered by image
    high: float  # upper bound
    p: float  # probability of a difference as large if there is none
    only_searcher: int  # questions that only *searcher* got right
    only_baseline: int  # questions that only *baseline* got right
    smallest: float  # about the least gain that so many questions could show

    @property
    def clear(self) -> bool:
        """Whether p is below 0.05."""
        return self.p < 0.05

    def __str__(self) -> str:
        gain = {"gain": self.gain, "interval": {"low": self.low, "high": self.high}, "p": self.p}
        p = format_p(gain)
        p = f"p {p}" if p.startswith("<") else f"p = {p}"
        verdict = "" if self.clear else "; no clear difference"
        return (
            f"{self.searcher} against {self.baseline}: {format_gain(gain)} points, {p}, "
            f"{self.n} questions{verdict}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self))}</p>"


@attrs.frozen(eq=False, weakref_slot=True)
class Run:
    """
    The results of `evaluate`, read from the run's folder.

    It shows its tables in a notebook. `Run.open(folder)` reads the run of an earlier evaluation,
    also one of the command line.
    """

    store: Store  # the files of the run
    # as it was given to `evaluate`; otherwise the study's spec says which it is
    dataset: Dataset | None = attrs.field(default=None, kw_only=True)
    temporary: bool = attrs.field(default=False, kw_only=True)  # the folder goes with this object

    def __attrs_post_init__(self) -> None:
        if self.temporary:
            weakref.finalize(self, shutil.rmtree, self.store.folder, ignore_errors=True)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Run:
        """Read the run in *folder*: the `out` of `evaluate`, the `--out` of the command line."""
        return cls(Store.existing(to_folder("folder of a run", folder)))

    @property
    def folder(self) -> Path:
        """Where the run lies: study.json, manifest.json and its records."""
        return self.store.folder

    @property
    def study(self) -> Study:
        """What was measured: dataset, model, searchers and protocol, as text."""
        return self.store.study

    @property
    def searchers(self) -> list[str]:
        """Labels of the searchers, `direct` first."""
        return [*self.study.variants]

    def rows(self) -> list[dict[str, Any]]:
        """Every figure of each searcher as plain values: the rows of `evaluate --json`."""
        return summarize(self.store)

    def table(self) -> Table:
        """Accuracy with bounds, passes, and the gain over `direct`, one row for each searcher."""
        found = self.rows()
        return attrs.evolve(result_table(found), notes=notes(found))

    def costs(self) -> Table:
        """
        What a question costs under each searcher: passes, tokens, FLOPs, memory, seconds.

        Notes below the table hold the MACs by stage.
        """
        found = self.rows()
        return attrs.evolve(cost_table(found), notes=[*describe_stages(found), *cost_notes(found)])

    def compare(self, searcher: str, baseline: str = "direct") -> PairedComparison:
        """
        The gain of *searcher* over *baseline*, question by question.

        The same statistics as `visualcrop compare`: McNemar's exact test, or a permutation test
        where several questions are about one image.
        """
        found = tally_records(self.records(), categories=False)[None]
        for name in (searcher, baseline):
            check_given("label of a searcher", name, str, "a text")
            if name not in self.searchers:
                raise EvaluationError(
                    f"The run has no searcher {name!r}; "
                    f"{nearest(name, self.searchers, called='searchers')}."
                )
        ours, theirs = (found.get(name) for name in (searcher, baseline))
        difference = compare_tallies(ours, theirs) if ours and theirs else None
        if difference is None or ours is None or theirs is None:
            raise EvaluationError(
                f"No question has an answer of both {searcher!r} and {baseline!r}; run the study "
                "to its end."
            )
        n = len({*ours.questions} & {*theirs.questions})
        return _paired(searcher, baseline, n, difference)

    def confidences(self, baseline: str = "direct") -> Table:
        """
        Whether confidences tell right answers from wrong: AURC and ECE, each with bounds.

        One row for each searcher whose answers have a confidence; the areas under the
        risk-coverage curve are compared with that of *baseline*, over the same questions.
        """
        check_given("label of a searcher", baseline, str, "a text")
        found = tally_records(self.records(), categories=False)[None]
        base = found.get(baseline, Tally())
        areas = {
            label: area
            for label, tally in found.items()
            if label != baseline and (area := compare_areas(tally, base)) is not None
        }
        measured = measure_selective(found)
        table = selective_table(measured, areas, against=baseline)
        return attrs.evolve(table, notes=[*selective_notes(measured)])

    def efficiency(self, ours: str | None = None, methods: Sequence[str] = ()) -> Table:
        """
        Passes that each method needs for one of *ours*, at the same accuracy, with bounds.

        A method is one searcher under several settings. *ours* is `focus` by default, or else the
        first. *methods* groups labels otherwise: texts such as `mine=steps=*`.
        """
        check_given("method that is ours", ours, str | None, "its name, such as 'focus'")
        check_given("methods", methods, list | tuple, "a list, such as ['mine=steps=*']")
        found = tally_records(self.records(), categories=False)[None]
        groups = group_methods(searcher_names(self.store), methods)
        measured = measure_efficiency(found, groups, ours)
        return attrs.evolve(efficiency_table(measured), notes=[*efficiency_notes(measured)])

    def records(self) -> list[Record]:
        """One `Record` for each question and searcher, errors included."""
        return [*self.store.records()]

    def answer(self, id: str, searcher: str) -> Answer:
        """
        The answer to one question, with its evidence, to be drawn: no model is asked again.

        A record keeps the boxes that were checked, and maps in half precision.
        """
        record = next((r for r in self.store.records() if r.key == (searcher, id)), None)
        if record is None or record.status == "error":
            raise EvaluationError(
                f"The run has no answer to a question {id!r} of {searcher!r}; see records()."
            )
        dataset = self.dataset or self.study.build_dataset(Registry.load())
        sample = next((sample for sample in dataset if sample.id == id), None)
        if sample is None:
            raise EvaluationError(f"The dataset has no question {id!r} any more.")
        return restore_answer(record, sample.source.open())

    def to_pandas(self) -> pd.DataFrame:
        """
        A data frame with a row for each record.

        Tables within a record become columns, as in `passes.relevance`; evidence is left out.
        """
        try:
            import pandas as pd
        except ImportError as exc:
            raise EvaluationError(
                "A data frame needs pandas; pip install pandas, or take records()."
            ) from exc
        return pd.DataFrame([_flatten(record) for record in self.records()])

    def __repr__(self) -> str:
        try:
            study = self.study
        except VisualcropError:  # the folder was removed: what is shown is never an error
            return f"<Run in {str(self.folder)!r}, which cannot be read any more>"
        names = ", ".join(study.variants)
        return f"<Run of {names} on {study.dataset} with {study.model}, in {str(self.folder)!r}>"

    def _repr_html_(self) -> str:
        study = self.study
        title = f"<p><b>{escape(study.dataset)}</b>, asked of <b>{escape(study.model)}</b></p>"
        parts = (self.table(), self.costs())
        return title + "".join(part._repr_html_() for part in parts)


def _paired(searcher: str, baseline: str, n: int, difference: Difference) -> PairedComparison:
    return PairedComparison(
        searcher,
        baseline,
        n,
        difference.gain,
        difference.interval.low,
        difference.interval.high,
        difference.p,
        difference.only_ours,
        difference.only_theirs,
        difference.smallest,
    )


def _flatten(record: Record) -> dict[str, Any]:
    """The record's fields as columns."""
    row: dict[str, Any] = {}
    for name, value in attrs.asdict(record, recurse=False).items():
        if isinstance(value, dict):
            row |= {f"{name}.{key}": each for key, each in value.items()}
        elif name != "evidence":
            row[name] = value
    return row


def calibrate(
    runs: Sequence[Run], *, alpha: float = 0.02, keep: float = 0.98, searcher: str | None = None
) -> LearnedCalibration:
    """
    Learn from *runs* of one model, under one protocol, when to search and which answer to believe.

    Where a run's dataset has boxes, densities of the verifier's confidences are learned as well.

    ```python
    learned = calibrate([Run.open("runs/small"), Run.open("runs/large")])
    learned.calibration.write("gate.json")
    ```

    Args:
        runs: Each with the row `direct` and a searched one.
        alpha: Largest share of questions whose right answer of the whole image is lost, in the
            mean.
        keep: Share of the questions helped by searching that is still searched.
        searcher: Label of the searched row; needed where a run has several.
    """
    for run in runs:
        check_given("run", run, Run, "an object of Run.open")
    for name, share in (("alpha", alpha), ("keep", keep)):
        if not is_number(share) or not 0 <= share <= 1:
            raise EvaluationError(f"The {name} is {str(share)[:50]!r}; give a number from 0 to 1.")
    return learn_calibration([run.store for run in runs], alpha, keep, searcher)
