"""Text boxes follow the map, lists are joined by rank, words decide, and text answers."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from tests.support.refusals import refused
from tests.support.signs import hang, noise
from visualcrop import (
    Anchors,
    Box,
    Finding,
    Focus,
    Grid,
    Image,
    Proposal,
    Question,
    RelevanceMap,
    Target,
    View,
)
from visualcrop.errors import SpecError
from visualcrop.image import ImageRef
from visualcrop.plugin import ProposalGenerator, Registry, Searcher
from visualcrop.testing import Bench, ToyModel
from visualcrop_ocr import Ocr, Read, Reading, Union
from visualcrop_ocr.proposals import mean_score


def _draw_signs() -> Image:
    """PAD 40 at the left, GATE 7 at the right."""
    wall = noise(900, 400)
    hang(wall, "PAD 40", (100, 200))
    hang(wall, "GATE 7", (600, 150))
    return Image.open(wall)


SIGNS = _draw_signs()
PAD, GATE = Box(100, 200, 268, 248), Box(600, 150, 768, 198)


def _map(scores: np.ndarray, box: Box = SIGNS.box) -> RelevanceMap:
    """A map as a relevance source makes it: its image is known."""
    rows, columns = scores.shape
    return RelevanceMap(Grid.even(rows, columns, box), scores).with_image(ImageRef(lambda: SIGNS))


class TestOcr:
    @pytest.mark.parametrize(("scores", "first"), [([[2.0, 1.0]], PAD), ([[1.0, 2.0]], GATE)])
    def test_the_map_orders_the_text(self, scores: list[list[float]], first: Box) -> None:
        """Both signs are proposed, with space around, and the map says which comes first."""
        found = Ocr().propose(_map(np.array(scores)))
        assert len(found) == 2
        assert found[0].score > found[1].score
        assert (common := found[0].box.common(first)) is not None
        assert common.area > 0.5 * first.area

    def test_boxes_stay_in_a_map_of_a_part(self) -> None:
        """Of a map over the left half, the sign in it."""
        half = Box(50, 100, 450, 400)
        (found,) = Ocr().propose(_map(np.ones((4, 4)), half))
        assert half.contains(found.box)

    def test_without_text(self) -> None:
        """The other generator's boxes are proposed, or none."""
        relevance = _map(np.eye(4), Box(0, 300, 900, 400))
        assert Ocr().propose(relevance) == Anchors().propose(relevance)
        assert Ocr(otherwise=None).propose(relevance) == ()

    def test_mean_of_a_box(self) -> None:
        """Cells count by their area in the box, as pixel by pixel."""
        rng = np.random.default_rng(0)
        scores = rng.random((3, 4))
        relevance = RelevanceMap(Grid.even(3, 4, Box(0, 0, 40, 30)), scores)
        pixels = np.kron(relevance.scores, np.ones((10, 10)))
        assert mean_score(relevance, Box(3, 7, 28, 30)) == pytest.approx(pixels[7:30, 3:28].mean())


@attrs.frozen
class _Fixed(ProposalGenerator):
    """Boxes of 10 pixels that start at given places."""

    name = "fixed"
    starts: tuple[int, ...] = ()

    def propose(self, relevance: RelevanceMap) -> tuple[Proposal, ...]:
        return tuple(Proposal(Box(x, 0, x + 10, 10), 100 - x) for x in self.starts)


class TestUnion:
    def test_takes_turns_without_repeats(self) -> None:
        """First boxes first; what overlaps an earlier box by more than half is left out."""
        union = Union(proposals=(_Fixed(starts=(0, 100, 200)), _Fixed(starts=(50, 1, 300, 400))))
        found = union.propose(_map(np.ones((2, 2))))
        assert [proposal.box.left for proposal in found] == [0, 50, 100, 200, 300, 400]

    def test_from_a_spec(self) -> None:
        """Generators are a list, and what is built can be written and built again."""
        registry = Registry.load()
        text = "union(proposals=[anchors(k=3), ocr(otherwise=none)])"
        built = registry.build(ProposalGenerator, text)
        assert built == Union(proposals=(Anchors(k=3), Ocr(otherwise=None)))

    def test_of_none(self) -> None:
        """A list without a generator is a mistake."""
        assert "one generator" in refused(
            SpecError, Registry.load().build, ProposalGenerator, "union(proposals=[])"
        )


class TestReading:
    def test_words_decide(self) -> None:
        """1 for the sign that says so, and less by the letters for the other; no pass is run."""
        bench = Bench.set_up(passes=0)
        views = [View(SIGNS, box.expanded(20)) for box in (PAD, GATE)]
        sure, unsure = Reading().verify(views, Target('sign "pad 40"'), bench.model)
        assert (sure, sum(bench.ledger.by_stage().values())) == (1, 0)
        assert unsure is not None
        assert unsure < -0.2


class TestRead:
    @pytest.mark.parametrize("box", [PAD, GATE])
    def test_text_answers(self, box: Box) -> None:
        """A choice that is read is the answer, without a pass, and the crop is shown for it."""
        bench = Bench.set_up(passes=0)
        question = Question("Which number is it?", SIGNS, ("7", "40", "14"))
        finding = Finding(Target("sign"), box.expanded(20))
        answer = Read().compose(question, [finding], bench.model)
        assert (answer.choice, answer.text) == ((1, "B") if box is PAD else (0, "A"))
        assert (answer.findings, answer.shown) == ((finding,), (View(SIGNS, finding.box),))
        assert sum(bench.ledger.by_stage().values()) == 0

    def test_the_surest_first(self) -> None:
        """Without choices, the answer is all that the surest finding says."""
        bench = Bench.set_up()
        findings = [
            Finding(Target("sign"), PAD.expanded(20), confidence=0.2),
            Finding(Target("sign"), GATE.expanded(20), confidence=0.9),
        ]
        answer = Read().compose(Question("What does it say?", SIGNS), findings, bench.model)
        assert answer.text == "GATE 7"

    def test_asks_the_model_where_no_choice_is_read(self) -> None:
        """The sign says nothing about colours: one pass."""
        bench = Bench.set_up()
        question = Question("What colour is it?", SIGNS, ("red", "blue"))
        Read().compose(question, [Finding(Target("sign"), PAD)], bench.model)
        assert sum(bench.ledger.by_stage().values()) == 1


def test_reads_a_sign_in_one_pass() -> None:
    """With all parts, a search costs the map alone, though the model knows no text."""
    spec = "focus(targets=quoted, proposals=ocr, verification=reading, answer=read)"
    searcher = Registry.load().build(Searcher, spec)
    question = Question("Which number is on the 'PAD' sign?", SIGNS, ("39", "40", "7", "14"))
    answer = searcher.run(question, ToyModel(), Bench.set_up().ledger)
    assert (answer.choice, dict(answer.passes)) == (1, {"relevance": 1})
    assert isinstance(searcher, Focus)
