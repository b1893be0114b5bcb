"""
`reproduction.json`, in the folder of a reproduction: which runs belong to it.

Each run is an ordinary one, in a folder of its name beside the file; one that is not there yet has
not been started, or was skipped for what the file names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ...errors import EvaluationError
from ..run_folder import STUDY, Shape, Store, find_misfit, read_json, write_json
from .values import MOST_RUNS, NAME, Reproduction

RECORD = "reproduction.json"

_RUN: Shape = {
    "name": str,  # of its folder
    "study": str,  # name of the study, the model and the dataset in the reproduction's file
    "model": str,
    "dataset": str,
    "skipped": [str],  # what was missing for it, a sentence each, when it was last left out
    "...": object,
}
_SOURCE: Shape = {"spec": str, "replaced": str, "...": object}  # replaced: the file's own spec
_REPRODUCTION: Shape = {
    "title": str,
    "file": str,
    "table": (int, None),
    "models": {str: _SOURCE},
    "datasets": {str: _SOURCE},
    "limit": (int, None),  # questions of each run, when it was last started
    "runs": [_RUN],
    "...": object,
}


@attrs.frozen
class RecordedRun:
    """A run that belongs to a reproduction."""

    name: str
    study: str
    model: str
    dataset: str
    skipped: tuple[str, ...] = ()


@attrs.frozen
class ReproductionRecord:
    """What `reproduction.json` says."""

    title: str
    file: str
    table: int | None
    models: Mapping[str, Mapping[str, str]]  # spec, and the file's own if it was replaced, by name
    datasets: Mapping[str, Mapping[str, str]]
    limit: int | None
    runs: tuple[RecordedRun, ...]

    @classmethod
    def of(cls, reproduction: Reproduction, limit: int | None = None) -> ReproductionRecord:
        """A record of every run of *reproduction*."""
        models, datasets = (
            {name: {"spec": each.spec, "replaced": each.replaced} for name, each in named.items()}
            for named in (reproduction.models, reproduction.datasets)
        )
        runs = (RecordedRun(r.name, r.study_name, r.model, r.dataset) for r in reproduction.runs)
        return cls(
            reproduction.title,
            str(reproduction.path.absolute()),  # a report may be asked for elsewhere
            reproduction.table,
            models,
            datasets,
            limit,
            tuple(runs),
        )

    @classmethod
    def read(cls, folder: Path) -> ReproductionRecord:
        """Read the record of the reproduction in *folder*."""
        path = folder / RECORD
        if not path.is_file():
            raise EvaluationError(
                f"{str(folder)!r} holds no reproduction; give the --out of visualcrop reproduce."
            )
        value = read_json(path)
        if wrong := find_misfit(value, _REPRODUCTION) or _find_wrong_run(value["runs"]):
            raise EvaluationError(
                f"{str(path)!r} cannot be used ({wrong}); put back what was there, or take another "
                "folder."
            )
        names = ("title", "file", "table", "models", "datasets", "limit")
        runs = (
            RecordedRun(r["name"], r["study"], r["model"], r["dataset"], tuple(r["skipped"]))
            for r in value["runs"]
        )
        return cls(**{name: value[name] for name in names}, runs=tuple(runs))

    def write(self, folder: Path) -> None:
        """Write the record into *folder*."""
        write_json(folder / RECORD, self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they are written."""
        return attrs.asdict(self)

    def skip(self, reasons: Mapping[str, list[str]]) -> ReproductionRecord:
        """The record with *reasons*, by the run's name, why a run is left out this time."""
        runs = (attrs.evolve(run, skipped=tuple(reasons.get(run.name, ()))) for run in self.runs)
        return attrs.evolve(self, runs=tuple(runs))

    def stores(self, folder: Path) -> dict[str, Store]:
        """The runs that have been started, by name, in the file's order."""
        started = (run for run in self.runs if (folder / run.name / STUDY).is_file())
        return {run.name: Store.existing(folder / run.name) for run in started}


def _find_wrong_run(runs: Sequence[Mapping[str, str]]) -> str:
    """Why one of the *runs* cannot be one that was recorded; empty if all can."""
    if len(runs) > MOST_RUNS:
        return f"it has {len(runs):,} runs, and {MOST_RUNS} are the most"
    names: set[str] = set()
    for run in runs:
        parts = [run[part] for part in ("study", "model", "dataset")]
        if run["name"] != "-".join(parts) or not all(map(NAME.fullmatch, parts)):
            return f"no run can be called {run['name'][:60]!r}"
        if run["name"].casefold() in names:
            return f"it has two runs {run['name']!r}"
        names.add(run["name"].casefold())
    return ""


def check_folder(folder: Path, wanted: ReproductionRecord) -> None:
    """Refuse a folder that holds something else than the runs of *wanted*."""
    if (folder / STUDY).exists():
        raise EvaluationError(
            f"{str(folder)!r} holds a single run; give another --out for the reproduction."
        )
    if not (folder / RECORD).exists():
        return
    there = ReproductionRecord.read(folder)
    started = [run for run in there.runs if (folder / run.name / STUDY).is_file()]
    if not started:
        return  # no answer there could be taken for one to another study
    if there.table != wanted.table or there.title != wanted.title:
        raise EvaluationError(
            f"{str(folder)!r} holds the reproduction {there.title!r}; give another --out."
        )
    for kind, part in (("models", "model"), ("datasets", "dataset")):
        used = {getattr(run, part) for run in started}
        old, new = (
            {name: source["spec"] for name, source in getattr(record, kind).items()}
            for record in (there, wanted)
        )
        for name in sorted(used & {*old} & {*new}):
            if old[name] != new[name]:
                raise EvaluationError(
                    f"{str(folder)!r} holds runs of {old[name]!r}, not {new[name]!r}; give another "
                    "--out."
                )
