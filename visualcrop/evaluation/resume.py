"""Starts or resumes a run: checks that it is the same study, and asks only what is missing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs

from ..data.base import Dataset, Problem, Sample
from ..data.record import Record
from ..errors import EvaluationError, FileError, VisualcropError
from ..executors.base import Task
from ..utils.paths import expand_path
from ..utils.text_set import TextSet
from .image_cache import SourceFingerprints
from .run_folder import (
    MANIFEST,
    REPORT,
    STUDY,
    Store,
    find_shard_files,
    read_manifest,
    read_report,
    read_study,
    write_json,
)
from .selection import Selection
from .shard import ShardIndex, ShardWriter, is_locked, lock_folder
from .study import Study

_ENVIRONMENT = ("packages", "plugins", "machine", "commit")  # keys of the manifest
_MOST_NAMED = 200  # broken rows that a report names; it counts all


@contextmanager
def open_run(
    folder: str | Path,
    study: Study,
    manifest: Mapping[str, Any],
    index: ShardIndex = (1, 1),
    *,
    forced: bool = False,
) -> Iterator[tuple[Store, ShardWriter]]:
    """
    Start or resume the run of *study* in *folder*, and lock its shard *index* until the exit.

    *manifest* is that of the study as it would start now. Nothing is written if the folder holds a
    run of another study or model, or if another process writes the shard; with *forced* the model
    may be another, and the manifest says so.
    """
    store = Store(expand_path(folder))
    with ExitStack() as locks:
        with lock_folder(store.folder):
            fresh = _is_fresh(store, study)
            now = dict(manifest)
            if not fresh:
                now = _resumed_manifest(store, study, manifest, forced=forced)
            shard = locks.enter_context(ShardWriter(store.shard_path(index)))
            if fresh:
                _remove_leftovers(store, shard.path)
            if fresh or store.study != study:
                write_json(store.folder / STUDY, study.as_json())
            if fresh or now != store.manifest:
                write_json(store.folder / MANIFEST, now)
        yield store, shard


def note_change(store: Store, change: str) -> None:
    """Add to the manifest what had changed when the run was resumed all the same."""
    with lock_folder(store.folder):
        manifest = store.manifest
        changes = manifest.setdefault("changes", [])
        if change not in changes:
            changes.append(change)
            write_json(store.folder / MANIFEST, manifest)


def _is_fresh(store: Store, study: Study) -> bool:
    """Whether the folder holds no run; one that was left before its first record counts as none."""
    shards = store.shards().values()
    used = any(shard.stat().st_size or is_locked(shard) for shard in shards)
    used = used or any(report["questions"] for report in store.reports().values())
    if not used:
        _check_ours(store.folder / STUDY, read_study)
        _check_ours(store.folder / MANIFEST, read_manifest)
        return True
    if not (store.folder / STUDY).is_file():
        raise EvaluationError(
            f"{str(store.folder)!r} has answers, but no study.json; put it back, or give another "
            "--out."
        )
    if store.study.digest != study.digest:
        raise store.conflict(f"another study ({store.study.first_difference(study)})")
    return False


def _check_ours(path: Path, read: Callable[[Path], object]) -> None:
    """Refuse to replace a file of that name which no run has written."""
    if not path.exists():
        return
    try:
        read(path.parent)
    except VisualcropError as exc:
        raise EvaluationError(
            f"{str(path)!r} is not of a run and would be replaced; give another --out, or move it."
        ) from exc


def _resumed_manifest(
    store: Store, study: Study, now: Mapping[str, Any], *, forced: bool
) -> dict[str, Any]:
    """The manifest as the run was started with, and what has changed since."""
    if not (store.folder / MANIFEST).is_file():
        return {**now, "changes": ["The manifest was gone, and is of when the run went on."]}
    kept = store.manifest
    old, new = kept.get("fingerprint", ""), now.get("fingerprint", "")
    if old and new and old != new:
        change = (
            f"what {study.model!r} names has changed (its fingerprint is {new}, not {old[:64]})"
        )
        if not forced:
            advice = "give another --out, or --force to go on all the same"
            raise store.conflict(f"another model: {change}", advice)
        kept["changes"] = [*dict.fromkeys([*kept.get("changes", ()), f"Forced: {change}."])]
    environment = {name: now.get(name) for name in _ENVIRONMENT}
    resumed = kept.get("resumed", [])
    known = [{name: each.get(name) for name in _ENVIRONMENT} for each in (kept, *resumed)]
    if environment not in known:
        kept["resumed"] = [*resumed, environment]
    if study.digest != kept.get("digest", study.digest):
        kept["digests"] = [*dict.fromkeys([*kept.get("digests", ()), study.digest])]
    return kept


def _remove_leftovers(store: Store, own: Path) -> None:
    """Remove the files of a run that was left before its first record."""
    files = (store.folder / STUDY, store.folder / MANIFEST)
    reports = find_shard_files(store.folder, REPORT).values()
    shards = (path for path in store.shards().values() if path != own)
    try:
        for path in (*files, *reports, *shards):
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise FileError(f"{str(store.folder)!r} cannot be written: {exc.strerror}.") from exc


@attrs.define
class Completed:
    """Which questions have an answer under which variant; 24 bytes of memory for each."""

    _answers: TextSet = attrs.field(factory=TextSet)  # variant, id
    _questions: TextSet = attrs.field(factory=TextSet)  # variant, id, digest of the sample
    _pictures: TextSet = attrs.field(factory=TextSet)  # variant, id, fingerprint of the image
    _own: Counter[str] = attrs.field(factory=Counter)  # answers in our own shard, by variant
    _failed: set[tuple[str, str]] = attrs.field(factory=set)  # errors in our shard, not retried yet

    @classmethod
    def read(cls, store: Store, own: ShardIndex) -> Completed:
        """Read every shard; *own* is the one that is about to be resumed. Errors are retried."""
        completed = cls()
        for (index, _), record in store.lines():
            completed.add(record, own=index == own)
        return completed

    def add(self, record: Record, *, own: bool = False) -> None:
        """Take a record into account; an error is no answer."""
        if own:
            self.count_own(record)
        if record.status == "error":
            return
        self._answers.add(*record.key)
        self._questions.add(*record.key, record.question)
        self._pictures.add(*record.key, record.picture)

    def count_own(self, record: Record) -> None:
        """Count a record that our own shard has."""
        if record.status != "error":
            self._own[record.variant] += 1
            self._failed.discard(record.key)
        elif record.key not in self._answers:
            self._failed.add(record.key)

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def has_same_question(self, variant: str, sample: Sample) -> bool:
        """Whether the answer is to *sample* as it is now; true for runs too old to tell."""
        key = (variant, sample.id)
        return (*key, sample.digest) in self._questions or (*key, "") in self._questions

    def has_same_picture(self, variant: str, id: str, fingerprint: Callable[[], str]) -> bool:
        """Whether the answer is about that image; true for runs too old to tell."""
        key = (variant, id)
        return (*key, "") in self._pictures or (*key, fingerprint()) in self._pictures

    def own_counts(self) -> dict[str, int]:
        """Records in our own shard by variant, errors included."""
        return dict(self._own + Counter(variant for variant, _ in self._failed))


@attrs.define
class SelectionCounts:
    """What was read of the dataset: how many questions, which, and broken rows."""

    questions: int = 0
    broken: int = 0
    named: list[Problem] = attrs.field(factory=list)  # the first broken rows
    right: float = 0.0  # questions that random guesses get right, on average
    _digest: hashlib._Hash = attrs.field(factory=hashlib.sha256)

    def add(self, sample: Sample) -> None:
        self.questions += 1
        self.right += 1 / len(sample.choices) if sample.choices else 0
        self._digest.update(json.dumps((sample.id, sample.digest)).encode())

    def add_broken(self, problem: Problem) -> None:
        self.broken += 1
        if len(self.named) < _MOST_NAMED:
            self.named.append(problem)

    def as_json(self) -> dict[str, Any]:
        named = [attrs.asdict(problem) for problem in self.named]
        counts = {"questions": self.questions, "broken": self.broken, "named": named}
        chance = self.right / max(self.questions, 1)
        return {**counts, "chance": round(chance, 6), "sha256": self._digest.hexdigest()}


@attrs.define
class ShardReport:
    """
    Writes the report of a shard, `asked-*.json`.

    It has the most records of each variant that the shard ever held, so that records that go
    missing are noticed.
    """

    store: Store
    index: ShardIndex
    completed: Completed
    counts: SelectionCounts
    _started: bool = False

    def start(self) -> None:
        """Mark the shard unfinished, once something new is asked; its old counts stay."""
        if not self._started and (before := self._before()):
            write_json(self.store.report_path(self.index), {**before, "finished": False})
        self._started = True

    def finish(self) -> None:
        """Mark the shard finished, with its new counts."""
        had = (self._before() or {"answers": {}})["answers"]
        now = self.completed.own_counts()
        answers = {label: max(had.get(label, 0), now.get(label, 0)) for label in {**had, **now}}
        report = {**self.counts.as_json(), "answers": answers, "finished": True}
        write_json(self.store.report_path(self.index), report)

    def _before(self) -> dict[str, Any] | None:
        path = self.store.report_path(self.index)
        return read_report(path) if path.exists() else None


@attrs.define
class RemainingTasks:
    """The questions of a run that have no answer yet, under each variant."""

    study: Study
    store: Store
    completed: Completed
    forced: bool = attrs.field(default=False, kw_only=True)
    _fingerprints: SourceFingerprints = attrs.field(factory=SourceFingerprints, init=False)
    _changed: int = attrs.field(default=0, init=False)

    def read(
        self, dataset: Dataset, selection: Selection, counts: SelectionCounts
    ) -> Iterator[Task]:
        """Every variant of a question, then the next question: caches serve all variants of one."""
        before, met = len(self.completed), 0
        for sample in selection.samples(dataset, counts.add_broken):
            counts.add(sample)
            asked = self.study.as_asked(sample)
            for variant in self.study.variants:
                if (variant, sample.id) not in self.completed:
                    yield Task(variant, asked)
                else:
                    met += 1
                    self._check(variant, asked)
        if selection == Selection() and met < before:
            raise self.store.conflict("other questions (some have left the dataset since)")

    def _check(self, variant: str, sample: Sample) -> None:
        """Refuse to resume if the answer is to another question, or about another image."""
        if not self.completed.has_same_question(variant, sample):
            raise self.store.conflict(f"other questions ({sample.id!r} has changed since)")
        if self.completed.has_same_picture(variant, sample.id, lambda: self._fingerprint(sample)):
            return
        if not self.forced:
            other = f"other pictures (that of {sample.id!r} has changed since)"
            advice = "give another --out, or --force to go on all the same"
            raise self.store.conflict(other, advice)
        self._changed += 1
        if self._changed == 1:
            note_change(
                self.store, f"Forced: the picture of {sample.id!r} has changed, or more have."
            )

    def _fingerprint(self, sample: Sample) -> str:
        try:
            return self._fingerprints.fingerprint(sample.source)
        except VisualcropError:  # the image cannot be read any more
            return "none"
