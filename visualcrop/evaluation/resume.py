"""What need not be asked again, as long as it is the same that would be asked."""

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
from ..errors import EvaluationError, FileError, VisualcropError
from ..executors.base import Task
from ..record import Record
from ..utils.paths import expanded
from ..utils.text_set import Keys
from .image_cache import Pictures
from .run_folder import ASKED, MANIFEST, STUDY, Store, Worker, read_asked, workers, write_json
from .selection import Selection
from .shard import Shard, is_locked, settling
from .study import Study


@attrs.define
class Settled:
    """Answers by variant and question; 24 bytes are kept of each."""

    _answers: Keys = attrs.field(factory=Keys)
    _questions: Keys = attrs.field(factory=Keys)  # the same, as they were put
    _pictures: Keys = attrs.field(factory=Keys)  # the same, as they were shown
    _own: Counter[str] = attrs.field(factory=Counter)  # those of one worker, by variant
    _failed: set[tuple[str, str]] = attrs.field(factory=set)  # likewise, without an answer yet

    def add(self, record: Record, *, own: bool = False) -> None:
        """Note an answer, or that there is none yet."""
        if own:
            self.count(record)
        if record.status == "error":
            return
        self._answers.add(*record.key)
        self._questions.add(*record.key, record.question)
        self._pictures.add(*record.key, record.picture)

    def count(self, record: Record) -> None:
        """Note that the worker has it."""
        if record.status != "error":
            self._own[record.variant] += 1
            self._failed.discard(record.key)
        elif record.key not in self._answers:
            self._failed.add(record.key)

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def same(self, variant: str, sample: Sample) -> bool:
        """Whether what is settled is an answer to *sample* as it is; unknown in older runs."""
        key = (variant, sample.id)
        return (*key, sample.digest) in self._questions or (*key, "") in self._questions

    def shown(self, variant: str, id: str, picture: Callable[[], str]) -> bool:
        """Whether the answer is about this *picture*, which older runs do not tell."""
        key = (variant, id)
        return (*key, "") in self._pictures or (*key, picture()) in self._pictures

    def counts(self) -> dict[str, int]:
        """How many questions the worker has a record of, by variant; one that failed is one."""
        return dict(self._own + Counter(variant for variant, _ in self._failed))


_MADE = ("packages", "plugins", "machine", "commit")  # of the manifest, with what it was made


@contextmanager
def begun(
    folder: str | Path,
    study: Study,
    told: Mapping[str, Any],
    worker: Worker = (1, 1),
    *,
    forced: bool = False,
) -> Iterator[tuple[Store, Shard]]:
    """
    The run of *study* in *folder*, and the shard of *worker*, which is its own until the end.

    *told* is the manifest, as it is now. If another study, another model or another process is in
    the way, nothing is written; *forced*, a model may be another, and the manifest says so.
    """
    store = Store(expanded(folder))
    with ExitStack() as held:
        with settling(store.folder):
            fresh = _is_free(store, study)
            manifest = dict(told) if fresh else _gone_on(store, study, told, forced=forced)
            shard = held.enter_context(Shard(store.shard(worker)))
            if fresh:
                _sweep(store, shard.path)
            if fresh or store.study != study:
                write_json(store.folder / STUDY, study.as_json())
            if fresh or manifest != store.manifest:
                write_json(store.folder / MANIFEST, manifest)
        yield store, shard


def note_change(store: Store, change: str) -> None:
    """Write down in the manifest what was another when the run went on all the same."""
    with settling(store.folder):
        told = store.manifest
        changes = told.setdefault("changes", [])
        if change not in changes:
            changes.append(change)
            write_json(store.folder / MANIFEST, told)


def _is_free(store: Store, study: Study) -> bool:
    """Whether no run is in the folder; one that was begun and left without an answer is none."""
    shards = store.shards().values()
    used = any(shard.stat().st_size or is_locked(shard) for shard in shards)
    used = used or any(told["questions"] for told in store.asked())
    if not used:
        return True
    if not (store.folder / STUDY).is_file():
        raise EvaluationError(
            f"{str(store.folder)!r} has answers, but no study.json; put it back, or give another "
            "--out."
        )
    if store.study.digest != study.digest:
        raise store.holds(f"another study ({store.study.differing(study)})")
    return False


def _gone_on(
    store: Store, study: Study, told: Mapping[str, Any], *, forced: bool
) -> dict[str, Any]:
    """The manifest of a run that goes on: as it was, and what is another by now."""
    if not (store.folder / MANIFEST).is_file():
        return {**told, "changes": ["The manifest was gone, and is of when the run went on."]}
    kept = store.manifest
    before, now = kept.get("fingerprint", ""), told.get("fingerprint", "")
    if before and now and before != now:
        is_now = f"its fingerprint is {now}, not {before[:64]}"
        change = f"what {study.model!r} names has changed ({is_now})"
        if not forced:
            so = "give another --out, or --force to go on all the same"
            raise store.holds(f"another model: {change}", so)
        kept["changes"] = [*dict.fromkeys([*kept.get("changes", ()), f"Forced: {change}."])]
    made = {name: told.get(name) for name in _MADE}
    resumed = kept.get("resumed", [])
    if made not in [{name: each.get(name) for name in _MADE} for each in (kept, *resumed)]:
        kept["resumed"] = [*resumed, made]
    if study.digest != kept.get("digest", study.digest):
        kept["digests"] = [*dict.fromkeys([*kept.get("digests", ()), study.digest])]
    return kept


def _sweep(store: Store, own: Path) -> None:
    """Take away what a run left that never got to a first answer."""
    files = (store.folder / STUDY, store.folder / MANIFEST)
    asked = workers(store.folder, ASKED).values()
    shards = (path for path in store.shards().values() if path != own)
    try:
        for path in (*files, *asked, *shards):
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise FileError(f"{str(store.folder)!r} cannot be written: {exc.strerror}.") from exc


_NAMED = 200  # broken rows that are named; all are counted


@attrs.define
class Asked:
    """What the dataset held: how many questions, which, and rows that are none."""

    questions: int = 0
    broken: int = 0
    named: list[Problem] = attrs.field(factory=list)  # the first of those that are broken
    right: float = 0.0  # of all questions, if lots were drawn
    _digest: hashlib._Hash = attrs.field(factory=hashlib.sha256)

    def add(self, sample: Sample) -> None:
        self.questions += 1
        self.right += 1 / len(sample.choices) if sample.choices else 0
        self._digest.update(json.dumps((sample.id, sample.digest)).encode())

    def miss(self, problem: Problem) -> None:
        self.broken += 1
        if len(self.named) < _NAMED:
            self.named.append(problem)

    def as_json(self) -> dict[str, Any]:
        named = [attrs.asdict(problem) for problem in self.named]
        counts = {"questions": self.questions, "broken": self.broken, "named": named}
        chance = self.right / max(self.questions, 1)
        return {**counts, "chance": round(chance, 6), "sha256": self._digest.hexdigest()}


@attrs.define
class Report:
    """
    A worker's report, which stands for as long as nothing new is asked.

    It says how many answers the shard has of each variant, at the most that it ever had: so lines
    that go missing are missed.
    """

    store: Store
    worker: Worker
    settled: Settled
    asked: Asked
    _begun: bool = False

    def begin(self) -> None:
        """Say that the worker is not at its end; what it had left before is kept."""
        if not self._begun and (before := self._before()):
            write_json(self.store.report(self.worker), {**before, "finished": False})
        self._begun = True

    def end(self) -> None:
        """Say that it is."""
        had = (self._before() or {"answers": {}})["answers"]
        now = self.settled.counts()
        answers = {label: max(had.get(label, 0), now.get(label, 0)) for label in {**had, **now}}
        told = {**self.asked.as_json(), "answers": answers, "finished": True}
        write_json(self.store.report(self.worker), told)

    def _before(self) -> dict[str, Any] | None:
        path = self.store.report(self.worker)
        return read_asked(path) if path.exists() else None


@attrs.define
class Tasks:
    """The questions of a run that have no answer yet, under each variant."""

    study: Study
    store: Store
    settled: Settled
    forced: bool = attrs.field(default=False, kw_only=True)
    _pictures: Pictures = attrs.field(factory=Pictures, init=False)
    _changed: int = attrs.field(default=0, init=False)

    def of(self, dataset: Dataset, selection: Selection, asked: Asked) -> Iterator[Task]:
        """All variants of one question, then the next: they share what is known of its image."""
        before, met = len(self.settled), 0
        for sample in selection.of(dataset, asked.miss):
            asked.add(sample)
            put = self.study.put(sample)
            for variant in self.study.variants:
                if (variant, sample.id) not in self.settled:
                    yield Task(variant, put)
                else:
                    met += 1
                    self._check(variant, put)
        if selection == Selection() and met < before:
            raise self.store.holds("other questions (some have left the dataset since)")

    def _check(self, variant: str, put: Sample) -> None:
        """Refuse to go on with the answer to another question, or about another picture."""
        if not self.settled.same(variant, put):
            raise self.store.holds(f"other questions ({put.id!r} has changed since)")
        if self.settled.shown(variant, put.id, lambda: self._fingerprint(put)):
            return
        if not self.forced:
            raise self._other(put)
        self._changed += 1
        if self._changed == 1:
            note_change(self.store, f"Forced: the picture of {put.id!r} has changed, or more have.")

    def _fingerprint(self, sample: Sample) -> str:
        try:
            return self._pictures.of(sample.source)
        except VisualcropError:  # it cannot even be read
            return "none"

    def _other(self, sample: Sample) -> EvaluationError:
        told = f"other pictures (that of {sample.id!r} has changed since)"
        return self.store.holds(told, "give another --out, or --force to go on all the same")
