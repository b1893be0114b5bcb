"""A reproduction: the runs that a table of the paper is made of, as values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import attrs

from ...errors import EvaluationError, nearest
from ..study import Study

MOST_RUNS = 200
# Part of a folder's name everywhere: no separator, no leading or trailing dot.
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,58}[A-Za-z0-9])?")


@attrs.frozen
class Source:
    """A model or a dataset of a reproduction, as its file names it."""

    name: str
    spec: str
    gib: float | None = None  # of its files on the hub, in GiB, where the file says so
    replaced: str = ""  # the file's own spec, where the caller has put in another


@attrs.frozen
class ReproductionRun:
    """One study of a reproduction with one model, on one dataset: an ordinary run."""

    name: str  # of its folder, below that of the reproduction
    study_name: str
    model: str  # name of the model in the file
    dataset: str  # name of the dataset in the file
    study: Study
    within: tuple[str, ...] = ()  # names of the models that its searchers' specs name


@attrs.frozen
class Reproduction:
    """The runs that a table of the paper is made of, in order: those of one model together."""

    path: Path  # its TOML file
    title: str
    table: int | None  # of the paper
    models: Mapping[str, Source]
    datasets: Mapping[str, Source]
    runs: tuple[ReproductionRun, ...]

    def select(self, only: Collection[str]) -> Reproduction:
        """
        Keep the runs that *only* names: by their name, or that of their study, model or dataset.

        Two names of one kind add up; names of different kinds have to fit together.
        """
        if not only:
            return self
        kinds = ("study_name", "model", "dataset")
        known = {kind: {getattr(run, kind) for run in self.runs} for kind in kinds}
        every = {run.name for run in self.runs}.union(*known.values())
        if unknown := [name for name in only if name not in every]:
            close = nearest(unknown[0], every, called="names")
            raise EvaluationError(
                f"There is no run, study, model or dataset {unknown[0]!r}; {close}."
            )
        wanted = [(kind, names) for kind in kinds if (names := {*only} & known[kind])]
        kept = tuple(
            run
            for run in self.runs
            if run.name in only
            or (wanted and all(getattr(run, kind) in names for kind, names in wanted))
        )
        if not kept:
            raise EvaluationError(
                f"No run has all of {', '.join(map(repr, only))}; see the plan with --dry-run."
            )
        return attrs.evolve(self, runs=kept)
