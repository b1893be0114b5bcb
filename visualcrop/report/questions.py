"""Pages of single questions of a run: where each variant looked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

import attrs

from ..data.base import Dataset, Sample
from ..errors import EvaluationError, nearest
from ..evaluation.evidence import restore_answer
from ..evaluation.run_folder import Store
from ..evaluation.study import BASELINE
from ..record import Record
from ..values import Question
from .page import Sheet, page_of
from .results import Differing

_ALIKE = 5000  # records among which a mistyped id is looked for


def question_page(sample: Sample, records: Sequence[Record], specs: dict[str, str]) -> str:
    """One page with a sheet for each variant that looked somewhere."""
    image = sample.source.open()
    question = Question(sample.text, image, sample.choices)
    direct = next((r for r in records if r.variant == BASELINE and r.status != "error"), None)
    truth = ", ".join(dict.fromkeys(sample.answers))
    sheets = [
        Sheet(
            question,
            restore_answer(record, image),
            f"{record.variant}: {specs.get(record.variant, '')}",
            direct=None if direct is None or direct is record else restore_answer(direct, image),
            truth=truth,
            boxes=tuple(target.box for target in sample.targets),
        )
        for record in records
        if record.status != "error" and (record is not direct or len(records) == 1)
    ]
    return page_of(sheets, title=sample.text)


def records_of(store: Store, ids: Collection[str]) -> dict[str, list[Record]]:
    """What every variant said to each of *ids*, in the order of the study."""
    found: dict[str, list[Record]] = {id: [] for id in ids}
    for record in store.records():
        if record.id in found:
            found[record.id].append(record)
    if missing := next((id for id, records in found.items() if not records), None):
        known = nearest(missing, _some_ids(store), called="questions")
        raise EvaluationError(f"The run has no answer to a question {missing!r}; {known[:300]}.")
    order = [*store.study.variants]
    return {id: sorted(rs, key=lambda r: order.index(r.variant)) for id, rs in found.items()}


def _some_ids(store: Store) -> set[str]:
    """As many as are looked through for one that is alike."""
    return {record.id for record in islice(store.records(), _ALIKE)}


def samples_of(dataset: Dataset, ids: Collection[str]) -> dict[str, Sample]:
    """The questions of those ids; the dataset is read no further than it takes."""
    wanted, found = {*ids}, dict[str, Sample]()
    for sample in dataset:
        if sample.id in wanted:
            found[sample.id] = sample
        if len(found) == len(wanted):
            return found
    missing = min(wanted - {*found})
    raise EvaluationError(f"The dataset has no question {missing!r} any more.")


def differing(store: Store, labels: Sequence[str]) -> Iterator[Differing]:
    """Questions whose scores differ between variants; at the end those that one never answered."""
    waiting: dict[str, dict[str, str]] = {}  # for the answers of other variants
    for record in store.records():
        told = record.status if record.score is None else f"{100 * record.score:.0f} %"
        found = waiting.setdefault(record.id, {})
        found[record.variant] = told
        if len(found) == len(labels):
            yield from _differing(record.id, waiting.pop(record.id), labels)
    for id, found in waiting.items():
        yield from _differing(id, found, labels)


def _differing(id: str, found: Mapping[str, str], labels: Sequence[str]) -> Iterator[Differing]:
    if len({*found.values()}) > 1:
        yield Differing(id, tuple(found.get(label, "") for label in labels))


def with_page(question: Differing, page: str) -> Differing:
    """The same with a link to its page."""
    return attrs.evolve(question, page=page)
