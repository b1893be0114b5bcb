"""Results of a run: one row for each variant, with bounds for every share."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ..budget import ANSWER, CONVENTIONS, TARGETS
from ..data.record import Record
from ..errors import VisualcropError
from ..plugin.registry import Registry
from ..utils.text_set import hash_texts
from .downscaling import DownscalingTally
from .run_folder import Present, Store
from .selective import AurcDifference, Selective, compare_aurc, measure_aurc, measure_ece
from .selective import measure_selective as measure_numbers
from .statistics import (
    Difference,
    Interval,
    accuracy_interval,
    adjust_holm,
    effective_count,
    paired_difference,
)
from .study import BASELINE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places: TypeAlias = npt.NDArray[np.int64]

ResultRow: TypeAlias = Mapping[str, Any]  # all figures of one variant, of `summary_row`


@attrs.define
class Tally:
    """
    One variant's answers so far.

    Of each question 28 bytes are kept, and 4 for each count of passes that a paper has: bounds need
    its group, a comparison who it was, risk against coverage its confidence, and the efficiency
    ratio its passes.
    """

    questions: array[int] = attrs.field(factory=lambda: array("Q"))  # by number
    groups: array[int] = attrs.field(factory=lambda: array("Q"))  # of the same, in their order
    scores: array[float] = attrs.field(factory=lambda: array("d"))  # as well; unparsed count as 0
    confidences: array[float] = attrs.field(factory=lambda: array("f"))  # NaN if unknown
    # passes of the same by name of a count, where papers count them; NaN where a record has none
    passes: dict[str, array[float]] = attrs.field(factory=dict)
    statuses: dict[str, int] = attrs.field(factory=dict)
    error: str = ""  # the first
    wanted: int | None = None  # questions of a run that is unfinished; 0 if nobody knows
    sums: dict[str, float] = attrs.field(factory=dict)
    counted: Counter[str] = attrs.field(factory=Counter)  # answers that have a figure, if not all
    shrinking: DownscalingTally = attrs.field(factory=DownscalingTally)
    chosen: int | None = None  # questions that the last command chose, where it came to its end
    abstained: int = 0  # answers that say that they cannot tell; none of them is right
    untargeted: int = 0  # answers of a search that found no target, and asked the whole image
    exhausted: int = 0  # answers at which the budget ran out
    shared: int = 0  # answers whose work and seconds are not their own
    gpu: float = 0  # most bytes allocated in a question; 0 where there is no GPU
    held: int = 0  # most bytes held by the process, whatever for

    def add(self, record: Record) -> None:
        """Count one more; an error has no score, and an unparsed reply is not right."""
        self.statuses[record.status] = self.statuses.get(record.status, 0) + 1
        self.error = self.error or record.error or ""
        if record.status in {"error", "skipped"}:
            return
        self.questions.append(hash_texts(record.id))
        self.groups.append(hash_texts(record.group or record.id))
        self.scores.append(record.score or 0.0)
        self.confidences.append(math.nan if record.confidence is None else record.confidence)
        self._keep_counts(record.counts)
        self.shrinking.add(record)
        self.abstained += record.abstained
        self.untargeted += record.untargeted
        self.exhausted += record.exhausted
        self.shared += not record.alone
        self.gpu = max(self.gpu, record.work.get("peak_bytes", 0))
        self.held = max(self.held, record.held or 0)
        self.counted.update(name for name, has in _partial_figures(record) if has)
        for name, amount in _amounts(record):
            self.sums[name] = self.sums.get(name, 0.0) + amount

    def _keep_counts(self, counts: Mapping[str, int]) -> None:
        for name in {*self.passes} | {each for each in counts if each.endswith(PAPER)}:
            kept = self.passes.setdefault(name, array("f", [math.nan] * (self.n - 1)))
            kept.append(counts.get(name, math.nan))

    @property
    def n(self) -> int:
        return len(self.scores)

    @property
    def accuracy(self) -> float:
        return sum(self.scores) / self.n if self.n else 0.0

    @property
    def accuracy_answered(self) -> float | None:
        """Of the answers that do not abstain; none if all do."""
        answered = self.n - self.abstained
        return sum(self.scores) / answered if answered else None

    @property
    def has_confidences(self) -> bool:
        return any(map(math.isfinite, self.confidences))

    @property
    def effective(self) -> float:
        """Answers that would be as certain if all were about different images."""
        return effective_count(self.scores, self.groups) if self.n else 0.0

    @property
    def interval(self) -> Interval:
        """Clustered by image."""
        return accuracy_interval(self.scores, self.groups)

    def mean(self, name: str) -> float:
        """The mean of an amount over all answers that have it: recalls over those measured."""
        part = _PART_OF.get(name.partition(".")[0])
        count = self.counted[part] if part else self.n
        # Answers come in any order: what that changes in a sum's last digits is no result.
        return round(self.sums.get(name, 0.0) / count, 9) if count else 0.0

    def means(self, prefix: str) -> dict[str, float]:
        """The means of all amounts whose names begin with *prefix* and a full stop."""
        return {k.partition(".")[2]: self.mean(k) for k in self.sums if k.startswith(f"{prefix}.")}

    @property
    def pooled_recall(self) -> float | None:
        """Covered true boxes over all true boxes; none if a record is too old to tell."""
        boxes, covered = self.sums.get("boxes", 0.0), self.sums.get("covered")
        if covered is None or boxes <= 0 or self.counted["boxes"] != self.counted["recall"]:
            return None
        return round(covered / boxes, 9)


PAPER = "-paper"  # ends the names of counts that are as a method's paper has them
_RECALLS = ("recall", "cover", "iou")
# What not all answers have: questions without true boxes, older records, models on a CPU.
_PART_OF = {**dict.fromkeys(_RECALLS, "recall"), "macs": "macs", "gpu": "gpu"}
_BY_FORMULA = ("macs", "image_tokens")  # as if nothing were remembered, whatever runs beside it


def _partial_figures(record: Record) -> Iterator[tuple[str, bool]]:
    """Whether *record* has the figures of each name in `_PART_OF`, and numbers of true boxes."""
    yield "recall", bool(record.recall)
    yield "boxes", "boxes" in record.recall
    yield "macs", bool(record.macs)
    yield "gpu", "peak_bytes" in record.work


def _amounts(record: Record) -> Iterator[tuple[str, float]]:
    yield "seconds", record.seconds
    yield "gpu", record.work.get("peak_bytes", 0)
    yield from ((f"macs.{stage}", n) for stage, n in record.macs.items())
    yield from ((f"passes.{stage}", n) for stage, n in record.passes.items())
    yield from ((f"count.{name}", n) for name, n in record.counts.items())
    yield from ((f"work.{name}", n) for name, n in record.work.items() if name != "peak_bytes")
    yield from record.recall.items()


def tally_records(
    records: Iterable[Record], *, categories: bool = True
) -> dict[str | None, dict[str, Tally]]:
    """
    One for each variant, of all questions under none, and under each category of its own.

    A record's first category comes before its second, whatever record is read first.
    """
    found: dict[str | None, dict[str, Tally]] = {None: {}}
    levels: dict[str | None, int] = {None: 0}
    for record in records:
        for level, category in enumerate((None, *(record.category if categories else ()))):
            found.setdefault(category, {}).setdefault(record.variant, Tally()).add(record)
            levels.setdefault(category, level)
    return {category: found[category] for category in sorted(found, key=levels.__getitem__)}


def add_missing(
    store: Store, found: dict[str | None, dict[str, Tally]], present: Present
) -> dict[str | None, dict[str, Tally]]:
    """The same tallies, with what is missing of each variant, those without an answer too."""
    whole = found[None]
    asked = {label: sum(tally.statuses.values()) for label, tally in whole.items()}
    missing = count_expected(store, asked, present)
    found[None] = {label: whole.get(label, Tally()) for label in missing}
    chosen = (
        sum(int(each["questions"]) for each in store.reports().values()) if store.finished else None
    )
    for label, tally in found[None].items():
        tally.wanted, tally.chosen = missing[label], chosen
    return found


def guessed_share(store: Store) -> float:
    """The share that random guesses get right; 0 where there are no choices."""
    asked = [*store.reports().values()]
    counts = [int(each["questions"]) for each in asked]
    right = (float(each.get("chance", 0)) * n for each, n in zip(asked, counts, strict=True))
    return sum(right) / max(sum(counts), 1)


def summarize(store: Store) -> list[dict[str, Any]]:
    """One row of plain values for each variant, in the study's order."""
    present: Present = Counter()
    tallied = tally_records(store.records(present), categories=False)
    return summary_rows(add_missing(store, tallied, present)[None], BASELINE)


def summary_rows(tallied: Mapping[str, Tally], baseline: str) -> list[dict[str, Any]]:
    """A row for each variant; the p of all gains over *baseline* are corrected for their number."""
    rows = [summary_row(label, tally, tallied.get(baseline)) for label, tally in tallied.items()]
    gains = [row["gain"] for row in rows if row["gain"]]
    for gain, p in zip(gains, adjust_holm([gain["p"] for gain in gains]), strict=True):
        gain["p_holm"] = p
    return rows


def summary_row(label: str, tally: Tally, baseline: Tally | None) -> dict[str, Any]:
    """All figures of one variant, as plain values."""
    bounds = tally.interval
    counts, work = tally.means("count"), tally.means("work")
    if tally.shared:  # what depends on neighbours is nobody's cost
        work = {name: work[name] for name in _BY_FORMULA if name in work}
    sure = tally.has_confidences
    gain = None if baseline is None or baseline is tally else compare_tallies(tally, baseline)
    return {
        "searcher": label,
        "accuracy": tally.accuracy,
        "interval": [bounds.low, bounds.high],
        "n": tally.n,
        "abstained": tally.abstained,
        "accuracy_answered": tally.accuracy_answered,
        "aurc": measure_aurc(tally.confidences, tally.scores) if sure else None,
        "ece": measure_ece(tally.confidences, tally.scores) if sure else None,
        "effective": round(tally.effective, 1),
        "asked": sum(tally.statuses.values()),
        "wanted": tally.wanted,
        "chosen": tally.chosen,
        "untargeted": tally.untargeted,
        "exhausted": tally.exhausted,
        "errors": tally.statuses.get("error", 0),
        "error": tally.error or None,
        "unparsed": tally.statuses.get("unparsed", 0),
        "skipped": tally.statuses.get("skipped", 0),
        "passes": counts.get("all", 0.0),
        "counts": counts,
        "own_paper_passes": _own_paper_passes(counts),
        "stages": tally.means("passes"),
        "alone": not tally.shared,
        "seconds": None if tally.shared else tally.mean("seconds"),
        "work": work,
        "macs": _split_macs(tally.means("macs")),
        "whole": tally.shrinking.as_json(),
        "memory": _memory(tally),
        "recall": _recall(tally),
        "gain": None if gain is None else attrs.asdict(gain),
    }


def _own_paper_passes(counts: Mapping[str, float]) -> float | None:
    """Passes as the method's own paper counts them, such as `zoomeye-paper`; none without one."""
    own = (n for name, n in counts.items() if name.endswith("-paper") and name not in CONVENTIONS)
    return next(own, None)


def _split_macs(stages: Mapping[str, float]) -> dict[str, Any] | None:
    """MACs of each stage, of all that the paper counts as search, and of that and the answer."""
    if not stages:
        return None
    search = sum(n for stage, n in stages.items() if stage not in {TARGETS, ANSWER})
    both = search + stages.get(ANSWER, 0.0)
    return {"stages": stages, "search": search, "search_and_answer": both}


def _memory(tally: Tally) -> dict[str, float | None]:
    """Bytes: the mean over questions of the peak on GPUs (A.2), the highest peak, the process."""
    own = not tally.shared and tally.gpu > 0
    return {
        "gpu": tally.mean("gpu") if own else None,
        "gpu_most": tally.gpu if own else None,
        "process": tally.held or None,
    }


def _recall(tally: Tally) -> dict[str, float | None] | None:
    """Means over questions, and the share of all true boxes; none if no true box is known."""
    if not tally.counted["recall"]:
        return None
    means = {name: tally.mean(name) for name in _RECALLS}
    return {**means, "pooled": tally.pooled_recall}


def compare_tallies(ours: Tally, theirs: Tally) -> Difference | None:
    """Paired, over the questions that both have answers to; none if there are none."""
    import numpy as np

    shared, places = _match(ours, theirs)
    if not len(shared):
        return None
    return paired_difference(
        np.array(ours.scores)[shared].tolist(),
        np.array(theirs.scores)[places].tolist(),
        np.array(ours.groups)[shared].tolist(),
    )


def _match(ours: Tally, theirs: Tally) -> tuple[Places, Places]:
    """Places of the questions that both have answers to: in ours, and in theirs."""
    import numpy as np

    if not (ours.n and theirs.n):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    asked, others = np.array(ours.questions), np.array(theirs.questions)
    order = np.argsort(others)
    places = order[np.searchsorted(others, asked, sorter=order).clip(max=len(others) - 1)]
    shared = np.flatnonzero(others[places] == asked)
    return shared, places[shared]


def measure_selective(found: Mapping[str, Tally]) -> list[Selective]:
    """Risk against coverage and calibration of each variant whose confidences are known."""
    return [
        measure_numbers(label, tally.confidences, tally.scores, tally.groups)
        for label, tally in found.items()
        if tally.has_confidences
    ]


def compare_areas(ours: Tally, theirs: Tally) -> AurcDifference | None:
    """Risk against coverage, over the questions of both; none if either has no confidences."""
    import numpy as np

    shared, places = _match(ours, theirs)
    if not (len(shared) and ours.has_confidences and theirs.has_confidences):
        return None
    pairs = [
        (np.array(tally.confidences)[at], np.array(tally.scores)[at])
        for tally, at in ((ours, shared), (theirs, places))
    ]
    return compare_aurc(pairs[0], pairs[1], np.array(ours.groups)[shared].tolist())


def count_expected(
    store: Store, asked: Mapping[str, int], present: Present
) -> dict[str, int | None]:
    """
    By variant, how many questions there should be, of which so many were *asked*.

    None where nothing is missing, and 0 where the run is unfinished and the dataset's size unknown.
    *present* are the records of each shard: fewer than its report says means that some were lost.
    """
    lost = {label: _lost(store, label, present) for label in store.study.variants}
    if store.finished:
        return {label: asked.get(label, 0) + n if n else None for label, n in lost.items()}
    size = _dataset_size(store)
    return {label: size and max(size, asked.get(label, 0) + n) for label, n in lost.items()}


def _lost(store: Store, label: str, present: Present) -> int:
    """Records that a shard's report counts, and its file has no more."""
    reports = store.reports().items()
    counts = ((index, report["answers"].get(label, 0)) for index, report in reports)
    return sum(max(0, count - present[index, label]) for index, count in counts)


def _dataset_size(store: Store) -> int:
    """Questions of the dataset; 0 if it is not on this machine."""
    try:
        dataset = store.study.build_dataset(Registry.load())
        return dataset.published().get("samples") or sum(1 for _ in dataset)
    except VisualcropError:
        return 0
