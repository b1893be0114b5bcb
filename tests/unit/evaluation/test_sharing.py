"""What the points of a sweep share, and what each is charged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import attrs
import numpy as np
import pytest

from visualcrop import Image, Prompt, Sample
from visualcrop.data.record import Record
from visualcrop.evaluation.image_cache import ImageCache
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.sweep import label_points, make_grid
from visualcrop.evaluation.worker import StudyWorker
from visualcrop.executors.base import Task
from visualcrop.image_io import MAX_BYTES
from visualcrop.models.engine.response_cache import ResponseCache
from visualcrop.models.engine.wrappers import ModelWrapper
from visualcrop.plugin import ImageSource, Registry


@attrs.define(eq=False)
class _Counted(ModelWrapper):
    """A model that counts what it is asked, by the kind of call."""

    asked: Counter[Hashable] = attrs.field(factory=Counter)

    def _call(
        self,
        kind: Any,
        prompts: Sequence[Prompt],
        ask: Callable[[Sequence[Prompt]], Sequence[Any]],
    ) -> Sequence[Any]:
        self.asked[kind[0]] += len(prompts)
        return ask(prompts)


def _swept(*axes: str, sharing: bool = True) -> tuple[Counter[Hashable], list[Record]]:
    """Passes that were run, by kind, and a record of each point and question."""
    options = label_points(make_grid(axes, (), 0, 0))
    variants = dict.fromkeys(options, "focus")
    study = Study("toy(scenes=2)", "toy", variants, options=options, sharing=sharing)
    worker = StudyWorker.open(study)
    alone = worker.model.model if isinstance(worker.model, ResponseCache) else worker.model
    counted = _Counted(alone)
    worker = attrs.evolve(worker, model=ResponseCache(counted) if sharing else counted)
    samples = study.build_dataset(Registry.load())
    records = [worker.answer(Task(label, sample)) for sample in samples for label in variants]
    assert not [record.error for record in records if record.error]
    return counted.asked, records


def _charged(record: Record) -> Record:
    """Without what time and memory it took, and the tokens that were really read."""
    work = {name: record.work[name] for name in ("macs", "image_tokens")}
    return attrs.evolve(record, seconds=0.0, work=work, held=0, alone=False)


_COUNTS = {  # by axis: maps, boxes and answers that are run, and all that is charged
    "steps=8": (6, 70, 12, 106),
    "steps=1,2,4,8": (6, 70, 12, 322),
    "proposals.k=10,20,30,50": (6, 86, 14, 408),
    "proposals.nms=0.1,0.3,0.5,0.7": (6, 94, 14, 454),
    "proposals.s_max=3,5,7,9": (6, 234, 16, 434),
    "relevance.layers=[0, 4],[0, 2],[1, 3],[2, 4]": (6, 164, 16, 420),
}


class TestSharing:
    """Passes of a sweep on two scenes, three questions each."""

    @pytest.mark.parametrize("axis", _COUNTS)
    def test_nothing_is_run_twice(self, axis: str) -> None:
        """Four points read the maps of one, and check and show what is new; docs has the table."""
        run, records = _swept(axis)
        charged = sum(sum(record.passes.values()) for record in records)
        assert (run["forward"], run["choose"], run["generate"], charged) == _COUNTS[axis]

    def test_layers_are_known_from_the_second_question_on(self) -> None:
        """On the first, a point that wants other layers than those before it has them read."""
        points, _ = _swept("relevance.layers=[2, 4],[0, 2],[1, 3]")
        assert points["forward"] == 6 + 1

    @pytest.mark.parametrize("axis", [*_COUNTS][1:])
    def test_each_point_is_charged_as_if_alone(self, axis: str) -> None:
        """Answers, boxes, maps, passes by stage and image tokens are those without sharing."""
        _, shared = _swept(axis)
        _, alone = _swept(axis, sharing=False)
        assert [*map(_charged, shared)] == [*map(_charged, alone)]
        assert all(record.passes for record in shared)


@attrs.frozen
class _Drawn(ImageSource):
    """A grey picture, a new one each time that it is opened."""

    grey: int

    def read(self) -> bytes:
        raise NotImplementedError

    def open(self, max_bytes: int = MAX_BYTES) -> Image:
        return Image.open(np.full((4, 4, 3), self.grey, np.uint8))


def _asked(id: str, grey: int) -> Sample:
    return Sample(id, _Drawn(grey), "What is it?", answer=("grey",))


def test_an_image_is_opened_once_for_all_points() -> None:
    """Where passes are shared; else each variant opens its own, and its time counts."""
    one, same, other = _asked("one", 0), _asked("same", 0), _asked("other", 1)
    sharing, alone = ImageCache(sharing=True), ImageCache()
    first = sharing.build_question(one).image
    assert sharing.build_question(same).image is first
    assert sharing.build_question(other).image is not first
    assert sharing.build_question(one).image is not first
    assert alone.build_question(one).image is not alone.build_question(same).image
