"""Runs a reproduction: its studies one after another, each in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from ...executors.base import Executor
from ...output.terminal import Terminal
from ...plugin.registry import Registry
from ..evaluate import question_progress, run_study
from ..run_folder import Store
from ..selection import Selection
from ..spreading import choose_executor
from ..study import KeptModel, StudyObjects
from .record import ReproductionRecord, check_folder
from .values import Reproduction, ReproductionRun


@attrs.frozen
class Runner:
    """How the runs of a reproduction are run."""

    folder: Path
    selection: Selection = Selection()
    executor: Executor | None = None  # by default that which suits the model of a run
    concurrency: int = 1  # questions asked at once in this process
    forced: bool = attrs.field(default=False, kw_only=True)
    progress: bool = attrs.field(default=True, kw_only=True)
    _kept: KeptModel = attrs.field(factory=KeptModel, init=False)

    def run(
        self, whole: Reproduction, chosen: Reproduction, missing: Mapping[str, list[str]]
    ) -> Iterator[tuple[ReproductionRun, Store]]:
        """
        Run what is left of each run of *chosen*, and yield it when it is done.

        Args:
            whole: Every run of the file: the record names them all.
            chosen: Those that are wanted.
            missing: Why a run cannot be run, by its name: it is left out, and the record says so.
        """
        record = ReproductionRecord.of(whole, self.selection.limit)
        check_folder(self.folder, record)
        runs = [run for run in chosen.runs if run.name not in missing]
        record.skip(missing).write(self.folder)
        for number, run in enumerate(runs, 1):
            try:
                yield run, self._run_one(run, f"Run {number} of {len(runs)}, {run.name}")
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"Interrupted in run {number} of {len(runs)}. What was answered is in "
                    f"{self.folder}: the same command resumes it."
                ) from None

    def _run_one(self, run: ReproductionRun, doing: str) -> Store:
        dataset = run.study.build_dataset(Registry.load())
        if self.progress:
            Terminal(error=True).print(f"{doing}: {run.study.dataset}, {run.study.model}")
        objects = StudyObjects(kept=self._kept)
        most = self.selection.max_count(dataset)
        with question_progress(most, shown=self.progress, doing=doing) as watch:
            return run_study(
                run.study,
                self.folder / run.name,
                dataset=dataset,
                objects=objects,
                selection=self.selection,
                executor=self.executor or choose_executor(run.study, objects, self.concurrency),
                watch=watch,
                forced=self.forced,
            )
