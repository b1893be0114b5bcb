"""SEAL's questions put to a model that was not trained for them."""

from __future__ import annotations

import attrs
import pytest

from visualcrop import Box, Target, View
from visualcrop.plugin import Registry, TargetExtractor, Verifier
from visualcrop.testing import Bench
from visualcrop_seal import Internal, Seal

GIVEN = Registry.load().build(TargetExtractor, "given(names=[unicorn])")


class TestDetect:
    """Boxes and heatmap of a part."""

    def test_finds_what_is_clear(self) -> None:
        """A part in which the thing is large gives a box on it with a high score."""
        bench = Bench.set_up()
        view = View(bench.scene.image, bench.finding.box)
        detections = Internal().detect(view, bench.target, bench.model)
        assert max(proposal.score for proposal in detections.boxes) > 0.5
        assert all(view.box.contains(proposal.box) for proposal in detections.boxes)

    def test_heatmap_covers_the_part(self) -> None:
        """In standard deviations above the mean, and nothing below it."""
        bench, part = Bench.set_up(), Box(300, 200, 900, 700)
        detections = Internal().detect(View(bench.scene.image, part), bench.target, bench.model)
        assert detections.heatmap.grid.box == part
        assert detections.heatmap.scores.min() == 0
        assert detections.heatmap.scores.max() > 1

    @pytest.mark.parametrize(
        ("every", "passes", "boxes"), [(False, None, 2), (True, None, 5), (True, 4, 3)]
    )
    def test_checks_as_many_boxes_as_were_asked_for(
        self, every: bool, passes: int | None, boxes: int
    ) -> None:
        """More where all are wanted; fewer where the budget ends. Each is a pass."""
        bench = Bench.set_up(passes=passes)
        target = Target(bench.target.text, every=every)
        detections = Internal(checks=2, instances=5).detect(bench.whole, target, bench.model)
        assert len(detections.boxes) == boxes
        assert bench.toy.passes == 1 + boxes
        bench.check_charges()

    def test_a_verifier_may_stop_early(self) -> None:
        """Boxes that it did not ask about are left out, and are no passes."""
        bench = Bench.set_up()
        stops = Registry.load().build(Verifier, "adaptive(accept=-1, batches=[2])")
        internal = Internal(checks=4, verification=stops)
        detections = internal.detect(bench.whole, bench.target, bench.model)
        assert len(detections.boxes) == 2
        assert bench.toy.passes == 1 + 2


class TestSearch:
    """The whole search on it."""

    def test_each_pass_has_its_stage(self) -> None:
        """Looks, descriptions and places each have a stage; the paper's count is all of them."""
        bench = Bench.set_up(3)
        answer = Seal(high=1.0, cue=99.0).search(bench.asked.question, bench.model)
        stages = bench.ledger.by_stage()
        parts = answer.counts["parts"]
        assert list(stages) == ["targets", "detect", "describe", "context", "answer"]
        assert stages["detect"] == 2 * parts
        assert stages["describe"] == stages["context"] < parts
        assert answer.counts["seal-paper"] == bench.ledger.passes - 1

    def test_low_scores_may_be_left_out(self) -> None:
        """As in the authors' demo, where the benchmark shows any box."""
        bench = Bench.set_up()
        question = attrs.evolve(bench.asked.question, text="What colour is the unicorn?")
        seal = Seal(targets=GIVEN, smallest=5000)
        shown = seal.search(question, bench.model).findings
        hidden = attrs.evolve(seal, low=0.3).search(question, bench.model).findings
        assert len(shown) == 1
        assert hidden == ()
