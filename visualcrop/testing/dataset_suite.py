"""What holds for every dataset."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from ..data.base import Dataset, Sample
from .strategy_suite import StrategySuite

_SOME, _OPENED = 64, 4
_LIGHT = 64_000  # bytes


class DatasetSuite(StrategySuite):
    """Set `strategy` to a dataset that reads something on this machine."""

    strategy: ClassVar[type[Dataset]]

    def dataset(self) -> Dataset:
        """What is read; override it to name a folder."""
        return self.strategy()

    def _some(self, most: int = _SOME) -> list[Sample]:
        return list(islice(self.dataset(), most))

    def test_holds_samples(self) -> None:
        """There is one at least; whatever is no sample is a problem that says which and why."""
        assert self._some()
        rows = islice(self.dataset().read(), _SOME)
        assert all(isinstance(row, Sample) or (row.id and row.reason) for row in rows)

    def test_reads_the_same_twice(self) -> None:
        """Rows come in one order, each time the same; so does an index into them."""
        assert [*islice(self.dataset().read(), _SOME)] == [*islice(self.dataset().read(), _SOME)]

    def test_each_id_comes_once(self) -> None:
        """Results can be told apart by the ids of their samples."""
        ids = [sample.id for sample in self.dataset()]
        assert len(set(ids)) == len(ids)

    def test_samples_are_light(self) -> None:
        """A sample holds no pixels, and can be sent to another process."""
        from multiprocessing import Pipe
        from multiprocessing.reduction import ForkingPickler

        near, far = Pipe()
        for sample in self._some():
            packed = bytes(ForkingPickler.dumps(sample))
            assert len(packed) < _LIGHT
            far.send_bytes(packed)
            assert near.recv() == sample

    def test_questions_can_be_asked(self) -> None:
        """Images open, twice the same; targets lie inside of them."""
        for sample in self._some(_OPENED):
            question = sample.question()
            assert question.image == sample.source.open()
            assert (question.text, question.choices) == (sample.text, sample.choices)
            assert all(question.image.box.contains(target.box) for target in sample.targets)

    def test_encoded_as_opened(self) -> None:
        """What is written when a dataset is exported is the picture that is shown to a model."""
        from ..image import Image

        for sample in self._some(_OPENED):
            assert Image.open(sample.source.read()) == sample.source.open()
