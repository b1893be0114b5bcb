"""Which of a dataset's questions are asked."""

from __future__ import annotations

import hashlib
import heapq
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import attrs

from ..data.base import Dataset, Problem, Sample
from ..errors import EvaluationError, PluginError, nearest
from .arguments import check_count, check_given
from .shard import ShardIndex

_PART = re.compile(r"[1-9][0-9]{0,5}")
_SHARD = re.compile(r"[1-9][0-9]{0,5}/[1-9][0-9]{0,5}")
Broken = Callable[[Problem], object]


@attrs.frozen
class Selection:
    """Some of a dataset's questions, in their order."""

    limit: int | None = None
    ids: frozenset[str] = frozenset()
    category: str | None = None
    shard: ShardIndex = (1, 1)  # the first of one: all
    seed: int | None = None  # draw *limit* questions at random; without one, take the first

    def __attrs_post_init__(self) -> None:
        check_count("limit", self.limit, 1)
        check_count("seed", self.seed, 0)
        check_given("category", self.category, str | None, "a text, or none")
        parts = self.shard if isinstance(self.shard, tuple | list) else ()
        if not _SHARD.fullmatch("/".join(map(repr, parts))) or parts[0] > parts[1]:
            raise EvaluationError(
                f"The shard is {str(self.shard)[:50]!r}; give (1, 8) for the first of eight."
            )

    def samples(self, dataset: Dataset, broken: Broken) -> Iterator[Sample]:
        """Selected samples; each belongs to exactly one shard."""
        first, step = self.shard
        wanted: Iterator[Sample] = filter(self._is_selected, _read_samples(dataset, broken))
        if self.limit is not None and self.seed is not None:
            drawn = self._drawn(dataset, self.limit)
            wanted = (sample for sample in wanted if sample.id in drawn)
        most = None if self.limit is None else min(self.limit, sys.maxsize)  # the most of islice
        return islice(islice(wanted, most), first - 1, None, step)

    def max_count(self, dataset: Dataset) -> int | None:
        """Upper bound on how many there are, if it is known without reading the dataset."""
        known = [dataset.published().get("samples"), self.limit, len(self.ids) or None]
        least = min((count for count in known if count is not None), default=None)
        return None if least is None or self.category else -(-least // self.shard[1])

    def explain_empty(self, dataset: Dataset, broken: Sequence[Problem]) -> str:
        """Why nothing of *dataset* is selected; *broken* are rows that cannot be used."""
        if self.category is not None:
            categories = {name for sample in dataset for name in sample.category}
            if categories and self.category not in categories:
                known = nearest(self.category, categories, called="categories")
                return f"no question of the category {self.category!r}; {known}"
        lost = next((row for row in broken if not self.ids or row.id in self.ids), None)
        if lost is not None:
            why = f"its row {lost.id!r} is broken ({lost.reason.rstrip('.')})"
            return f"no question that can be asked: {why}; visualcrop data check tells of them all"
        return "no question that was selected; look at --id and --category"

    def _is_selected(self, sample: Sample) -> bool:
        wanted = not self.ids or sample.id in self.ids
        return wanted and (self.category is None or self.category in sample.category)

    def _drawn(self, dataset: Dataset, count: int) -> set[str]:
        """Random ids: the same in every shard, whatever the order of the dataset."""
        wanted = filter(self._is_selected, _read_samples(dataset, lambda problem: None))
        return {*heapq.nsmallest(count, (sample.id for sample in wanted), key=self._rank)}

    def _rank(self, id: str) -> bytes:
        return hashlib.blake2b(f"{self.seed}/{id}".encode(), digest_size=16).digest()


def _read_samples(dataset: Dataset, broken: Broken) -> Iterator[Sample]:
    for row in dataset.read():
        if isinstance(row, Sample):
            yield row
        elif isinstance(row, Problem):
            broken(row)
        else:
            raise PluginError(
                f"The dataset {dataset.name!r} reads a row of type {type(row).__name__}; its "
                "read() has to yield Sample or Problem."
            )


def to_ids(ids: Iterable[str]) -> frozenset[str]:
    """Ids of questions, of a list or whatever else gives them one by one."""
    wanted = 'a list of texts, as in ["q1", "q7"]'
    check_given("ids", None if isinstance(ids, str) else ids, Iterable, wanted)
    listed = [*ids]
    for id in listed:
        check_given("id of a question", id, str, "a text")
    return frozenset(listed)


def parse_shard(text: str) -> ShardIndex:
    """Parse `2/8`: the second of eight."""
    part, _, parts = text.partition("/")
    if not (_PART.fullmatch(part) and _PART.fullmatch(parts) and int(part) <= int(parts)):
        raise EvaluationError(
            f"The shard {text[:40]!r} is not i/n; write 1/8 for the first of eight."
        )
    return int(part), int(parts)
