"""What need not be asked again, as long as it is the same that would be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import attrs

from ..data.base import Sample
from ..record import Record
from ..utils.text_set import Keys


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
