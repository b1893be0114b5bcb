"""What need not be asked again, as long as it is the same that would be asked."""

from __future__ import annotations

import attrs

from ..dataset import Sample
from ..keys import Keys
from ..record import Record


@attrs.define
class Settled:
    """Answers by variant and question; sixteen bytes are kept of each."""

    _answers: Keys = attrs.field(factory=Keys)
    _questions: Keys = attrs.field(factory=Keys)  # the same, as they were put

    def add(self, record: Record) -> None:
        self._answers.add(*record.key)
        self._questions.add(*record.key, record.question)

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._answers

    def __len__(self) -> int:
        return len(self._answers)

    def same(self, variant: str, sample: Sample) -> bool:
        """Whether what is settled is an answer to *sample* as it is; unknown in older runs."""
        key = (variant, sample.id)
        return (*key, sample.digest) in self._questions or (*key, "") in self._questions
