"""Which of a dataset's questions are asked."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import attrs

from ..data.base import Dataset, Problem, Sample
from ..errors import EvaluationError, nearest

_PART = re.compile(r"[1-9][0-9]{0,5}")
Broken = Callable[[Problem], object]


@attrs.frozen
class Selection:
    """Some of a dataset's questions, in their order."""

    limit: int | None = None
    ids: frozenset[str] = frozenset()
    category: str | None = None
    shard: tuple[int, int] = (1, 1)  # the first of one
    seed: int | None = None  # draws as many as the limit allows; none takes the first

    def of(self, dataset: Dataset, broken: Broken) -> Iterator[Sample]:
        """Those selected; shards share them out, every question to one of them."""
        first, step = self.shard
        wanted: Iterator[Sample] = filter(self._wants, _sound(dataset, broken))
        if self.limit is not None and self.seed is not None:
            drawn = self._drawn(dataset, self.limit)
            wanted = (sample for sample in wanted if sample.id in drawn)
        return islice(islice(wanted, self.limit), first - 1, None, step)

    def most(self, dataset: Dataset) -> int | None:
        """How many there are at most, if that can be told without reading all."""
        known = [dataset.published().get("samples"), self.limit, len(self.ids) or None]
        least = min((count for count in known if count is not None), default=None)
        return None if least is None or self.category else -(-least // self.shard[1])

    def lack(self, dataset: Dataset, broken: Sequence[Problem]) -> str:
        """Why nothing is selected of *dataset*, which has these *broken* rows."""
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

    def _wants(self, sample: Sample) -> bool:
        wanted = not self.ids or sample.id in self.ids
        return wanted and (self.category is None or self.category in sample.category)

    def _drawn(self, dataset: Dataset, count: int) -> set[str]:
        """The same for each shard, and whatever the order of the dataset."""
        wanted = filter(self._wants, _sound(dataset, lambda problem: None))
        return {*heapq.nsmallest(count, (sample.id for sample in wanted), key=self._lot)}

    def _lot(self, id: str) -> bytes:
        return hashlib.blake2b(f"{self.seed}/{id}".encode(), digest_size=16).digest()


def _sound(dataset: Dataset, broken: Broken) -> Iterator[Sample]:
    for row in dataset.read():
        if isinstance(row, Sample):
            yield row
        else:
            broken(row)


def read_shard(text: str) -> tuple[int, int]:
    """Read `2/8`: the second of eight."""
    part, _, parts = text.partition("/")
    if not (_PART.fullmatch(part) and _PART.fullmatch(parts) and int(part) <= int(parts)):
        raise EvaluationError(
            f"The shard {text[:40]!r} is not i/n; write 1/8 for the first of eight."
        )
    return int(part), int(parts)
