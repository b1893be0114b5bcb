"""Things are found by their names, without a question."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pytest
import supervision

from tests.support.refusals import refused
from visualcrop import (
    Answer,
    Box,
    Budget,
    Evidence,
    Finding,
    Focus,
    Grid,
    Image,
    Ledger,
    Point,
    RelevanceMap,
    Target,
    VisualSearch,
)
from visualcrop.errors import (
    ImageError,
    PluginError,
    QuestionError,
    ResultError,
    SpecError,
    VisualcropError,
)
from visualcrop.plugin import Searcher, Verifier, option
from visualcrop.testing import Scene, ToyModel
from visualcrop.verification.unchecked import Unchecked

_SCENE = Scene.draw(3)  # with three stamps, two mugs and one flag
_SEARCH = VisualSearch.open("toy")


def _boxes(kind: str, scene: Scene = _SCENE) -> list[Box]:
    return [thing.box for thing in scene.things if thing.kind == kind]


def _count_shown(found: Evidence, boxes: Sequence[Box]) -> int:
    """How many of *boxes* are shown, each by a finding of its own."""
    left = [*boxes]
    for finding in found.findings:
        common = [(finding.box.common(box), box) for box in left]
        shown = [box for part, box in common if part and part.area > box.area / 2]
        if shown:
            left.remove(shown[0])
    return len(boxes) - len(left)


class TestDetect:
    """All instances of a thing."""

    def test_finds_what_there_is(self) -> None:
        """Of all kinds in some scenes: nearly every thing, hardly a box too many, each once."""
        things = boxes = shown = 0
        for seed in range(2):
            scene = Scene.draw(seed)
            for kind in {thing.kind for thing in scene.things}:
                found = _SEARCH.detect(scene.image, kind)
                things += len(_boxes(kind, scene))
                boxes += len(found.findings)
                shown += _count_shown(found, _boxes(kind, scene))
        assert shown / things > 0.95
        assert shown / boxes > 0.9

    @pytest.mark.parametrize("name", ["stamp", "stamps"])
    def test_the_surest_first(self, name: str) -> None:
        """Each with its confidence, on one map, for the name of one or of many."""
        found = _SEARCH.detect(_SCENE.image, name)
        assert (found.target, found.exhausted) == (Target(name, every=True), False)
        assert len(found.findings) == _count_shown(found, _boxes("stamp")) == 3
        confidences = [finding.confidence for finding in found.findings]
        assert confidences == sorted(confidences, key=lambda c: -(c or -1))
        assert found.relevance is not None

    @pytest.mark.parametrize("every", [True, False])
    def test_finds_nothing_that_is_not_there(self, *, every: bool) -> None:
        """The map is there all the same; what the model says no to is no find."""
        found = _SEARCH.detect(_SCENE.image, "unicorn", every=every)
        assert (found.findings, found.points) == ((), ())
        assert found.relevance is not None

    def test_of_one_thing_at_most_one_box(self) -> None:
        """The surest of the searcher's steps, at their price."""
        ledger = Ledger()
        found = _SEARCH.detect(_SCENE.image, "stamp", every=False, ledger=ledger)
        assert len(found.findings) == _count_shown(found, _boxes("stamp")) == 1
        assert ledger.by_stage() == {"relevance": 1, "verification": 8} == ledger.expected

    def test_asks_no_question(self) -> None:
        """It pays for a map and for checks alone, each on the ledger."""
        model, ledger = ToyModel(), Ledger()
        VisualSearch(model, Focus()).detect(_SCENE.image, "stamp", ledger=ledger)
        assert [*ledger.by_stage()] == ["relevance", "verification"]
        assert ledger.passes == model.passes == sum(ledger.expected.values())

    @pytest.mark.parametrize("passes", [0, 1, 2, 5])
    def test_a_budget_is_a_promise(self, passes: int) -> None:
        """Pass n + 1 is never run; what was found until then comes back, and says so."""
        ledger = Ledger(Budget(passes))
        found = _SEARCH.detect(_SCENE.image, "stamp", ledger=ledger)
        assert found.exhausted
        assert ledger.passes == passes
        assert (found.relevance is None) == (passes == 0)
        assert 0 <= len(found.findings) <= max(0, passes - 1)
        assert not [f for f in found.findings if f.confidence is None]

    def test_watched(self) -> None:
        """First the map with its proposals, then with confidences, at last what was found."""
        shown: list[Evidence] = []
        ledger = Ledger(on_evidence=shown.append)
        found = _SEARCH.detect(_SCENE.image, "stamp", ledger=ledger)
        located, checked, last = shown
        assert last == found
        assert len(located.findings) == len(checked.findings) > len(found.findings)
        assert None not in {f.confidence for f in checked.findings}

    def test_without_checks_the_map_decides(self) -> None:
        """Where no model is asked about the boxes, those that stand out are found, unchecked."""
        search = _SEARCH.with_searcher(Focus(verification=Unchecked()))
        found = search.detect(_SCENE.image, "flag")
        assert _count_shown(found, _boxes("flag")) == 1
        assert {finding.confidence for finding in found.findings} == {None}

    def test_holds_no_picture(self) -> None:
        """What is found can be drawn as long as its image is there, and does not keep it."""
        image = Image.open(np.asarray(_SCENE.image.picture).copy())
        found, held = _SEARCH.detect(image, "stamp"), weakref.ref(image)
        assert found.overlay().size == found.relevance.overlay().size  # type: ignore[union-attr]
        assert found.findings[0].crop().size == found.crop().size
        del image
        gc.collect()
        assert held() is None
        refused(ImageError, found.overlay)


class Pair(Searcher):
    """A searcher of somebody else, which points at things in its own way."""

    name = "pair"

    boxes: tuple[float, ...] = option((0.0, 9.0), help="where")
    verification: Verifier = option(Unchecked(), help="how")

    def search(self, question: Any, model: Any) -> Answer:
        return Answer("?")

    def detect(self, image: Any, target: Target, model: Any) -> Any:
        if target.text == "exit":
            raise SystemExit(3)
        boxes = [Box(start, 0, start + 5, 5) for start in self.boxes]
        return Evidence(target, [Finding(target, box) for box in boxes])


class TestSearchers:
    """Which of them can point."""

    @pytest.mark.parametrize(
        "spec",
        [
            "guarded",
            "audited(searcher=guarded)",
            "options-in-prompt",
            "focus(verification=adaptive)",
        ],
    )
    def test_as_the_search_inside(self, spec: str) -> None:
        """A searcher around another one finds what that one finds."""
        found = _SEARCH.with_searcher(spec).detect(_SCENE.image, "stamp")
        assert found == _SEARCH.detect(_SCENE.image, "stamp")

    @pytest.mark.parametrize("name", ["direct", "vicrop"])
    def test_refuses_one_that_looks_for_no_targets(self, name: str) -> None:
        """Before any pass, in one sentence."""
        search, ledger = _SEARCH.with_searcher(name), Ledger()
        message = refused(SpecError, search.detect, _SCENE.image, "stamp", ledger=ledger)
        assert message == (
            f"The searcher {name!r} answers questions, but does not point at things; take one that "
            "does, such as focus."
        )
        assert ledger.passes == 0

    def test_a_plug_in_may_point_in_its_own_way(self) -> None:
        """What it returns is checked, and it cannot end the program."""
        search = _SEARCH.with_searcher(attrs.frozen(Pair)())
        assert search.point(_SCENE.image, "x") == (Point(2.5, 2.5), Point(11.5, 2.5))
        elsewhere: Any = {"boxes": (1e6,)}
        astray = search.with_searcher(attrs.frozen(Pair)(**elsewhere))
        assert "does not lie in" in refused(PluginError, astray.detect, _SCENE.image, "x")
        assert "SystemExit: 3" in refused(PluginError, search.detect, _SCENE.image, "exit")


class TestPoint:
    """Centres of what is found."""

    @pytest.mark.parametrize("every", [True, False])
    def test_points_at_each_thing(self, *, every: bool) -> None:
        """In pixels, with the confidence of the box, in its order and within it."""
        points = _SEARCH.point(_SCENE.image, "mug", every=every)
        found = _SEARCH.detect(_SCENE.image, "mug", every=every)
        assert points == found.points
        assert len(points) == (2 if every else 1)
        for point, finding in zip(points, found.findings, strict=True):
            assert point.confidence == finding.confidence
            assert finding.box.contains(_around(point, 0.01))
            assert min(box.distance(_around(point, 0.01)) for box in _boxes("mug")) < 60

    def test_the_map_points_within_the_box(self) -> None:
        """Where its scores there centre, wherever the rest of the map is high."""
        scores = np.zeros((10, 10))
        scores[2, 3], scores[9, 9] = 1, 5
        relevance = RelevanceMap(Grid.even(10, 10, Box(0, 0, 100, 200)), scores)
        target, box = Target("mug"), Box(0, 0, 60, 100)
        evidence = Evidence(target, [Finding(target, box, 0, 0.5)], relevance)
        assert evidence.points == (Point(35.0, 50.0, 0.5),)

    @pytest.mark.parametrize("box", [Box(0, 0, 60, 100), Box(12, 13, 14, 15)])
    def test_without_a_say_of_the_map_it_is_the_centre(self, box: Box) -> None:
        """Of a flat map, of a box without the centre of a cell, and without a map."""
        flat = RelevanceMap(Grid.even(10, 10, Box(0, 0, 100, 200)), np.ones((10, 10)))
        target = Target("mug")
        for relevance in (flat, None):
            found = Evidence(target, [Finding(target, box)], relevance)
            assert found.points == (Point(*box.centre),)


def _around(point: Point, reach: float) -> Box:
    return Box(point.x - reach, point.y - reach, point.x + reach, point.y + reach)


class TestRefusals:
    """What is no name, no image, no budget."""

    @pytest.mark.parametrize("name", ["", " \n", "x" * 20_001])
    def test_a_name_says_something(self, name: str) -> None:
        """Neither nothing nor a book."""
        message = refused(QuestionError, _SEARCH.detect, _SCENE.image, name)
        assert message == (
            f"The name of what to find has {len(name):,} characters; give one, such as red mug."
        )

    @pytest.mark.parametrize("name", [None, 4, ["mug", "drum"]])
    def test_a_name_is_text(self, name: Any) -> None:
        """One name; a list of them is refused."""
        message = refused(QuestionError, _SEARCH.detect, _SCENE.image, name)
        assert message.startswith(f"The name of what to find is a {type(name).__name__}; give a ")

    def test_a_name_is_unicode(self) -> None:
        """Half a character is no name."""
        refused(ResultError, _SEARCH.detect, _SCENE.image, "\ud800")

    def test_a_budget_or_a_ledger(self) -> None:
        """Not both, as for `ask`; and an image that is there."""
        both: Any = {"budget": Budget(3), "ledger": Ledger()}
        refused(SpecError, _SEARCH.detect, _SCENE.image, "mug", **both)
        refused(ImageError, _SEARCH.point, "nothing.png", "mug")


class TestSupervision:
    """Boxes for those who draw and track with supervision."""

    def test_of_what_was_found(self) -> None:
        """Boxes in pixels, probabilities, and one class, by its name; drawn by its own tools."""
        found = _SEARCH.detect(_SCENE.image, "stamp")
        made: Any = found.to_supervision()
        assert isinstance(found.to_supervision(), supervision.Detections)
        assert np.allclose(made.xyxy, [attrs.astuple(f.box) for f in found.findings])
        assert np.allclose(made.confidence, [f.probability for f in found.findings])
        assert made.class_id.tolist() == [0, 0, 0]
        assert made.data["class_name"].tolist() == ["stamp"] * 3
        scene = np.asarray(_SCENE.image.picture).copy()
        drawn = supervision.BoxAnnotator().annotate(scene.copy(), made)
        assert (drawn != scene).any()
        assert len(made.with_nms(0.5)) == 3
        assert len(made[made.confidence > 2]) == 0

    def test_of_an_answer(self) -> None:
        """Each target is a class of its own, in the answer's order."""
        mug, key = Target("mug"), Target("key")
        boxes = [Box(0, 0, 5, 5), Box(9, 0, 15, 5), Box(0, 9, 5, 15)]
        findings = [
            Finding(t, b, 0, c)
            for t, b, c in zip((mug, key, mug), boxes, (1, None, 0), strict=True)
        ]
        made: Any = Answer("A", findings=findings).to_supervision()
        assert made.class_id.tolist() == [0, 1, 0]
        assert made.confidence.tolist() == [1.0, 0.5, 0.5]
        assert made.data["class_name"].tolist() == ["mug", "key", "mug"]

    def test_unchecked_and_empty(self) -> None:
        """Boxes that nobody checked have no confidence; nothing found is an empty one."""
        flag = Target("flag")
        assert Evidence(flag, [Finding(flag, Box(0, 0, 5, 5))]).to_supervision().confidence is None
        empty = Evidence(flag).to_supervision()
        assert (len(empty), empty.xyxy.shape) == (0, (0, 4))
        both = supervision.Detections.merge([empty, Answer("?").to_supervision()])
        assert len(both) == 0

    def test_says_what_it_needs(self, monkeypatch) -> None:
        """Without the package, one sentence says what to install."""
        monkeypatch.setitem(sys.modules, "supervision", None)
        assert refused(VisualcropError, Evidence(Target("flag")).to_supervision) == (
            "Detections need supervision; pip install supervision, or take the findings' boxes."
        )
