"""Where one thing lies as seen from another."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import boxes
from tests.support.saying import saying
from visualcrop import Answer, Box, Finding, Image, Question, Target
from visualcrop.answer.relate import Relate
from visualcrop.answer.relation import ACROSS, DOWN, Relation, is_before, weigh_sides
from visualcrop.answer.weighing import multiply, reconcile

_IMAGE = Image.open(np.random.default_rng(0).integers(0, 255, (600, 900, 3), np.uint8))
_LEFT, _RIGHT = Box(0, 0, 100, 100), Box(300, 0, 400, 100)
_ASKED = "Is the dog on the left or right side of the person?"


def _found(first: Box, second: Box, sure: float | None = 0.99) -> list[Finding]:
    return [Finding(Target("dog"), first, 0, sure), Finding(Target("person"), second, 0, sure)]


def _answer(
    found: list[Finding], choices: tuple[str, ...] = (), text: str = _ASKED
) -> tuple[Answer, int]:
    model, toy = saying("B")
    return Relate().compose(Question(text, _IMAGE, choices), found, model), toy.passes


class TestRead:
    """What a question asks for."""

    @pytest.mark.parametrize(
        ("text", "relation"),
        [
            (_ASKED, ("dog", "person", ACROSS)),
            ("Is the cup to the left or right of the laptop?", ("cup", "laptop", ACROSS)),
            ("Is the mug on the left or the right side of the key?", ("mug", "key", ACROSS)),
            (
                "Is the green bottle to the left or to the right of the clock?",
                ("green bottle", "clock", ACROSS),
            ),
            (
                "Is the man with a ladder on the right or left side of the boy with a scooter?",
                ("man with ladder", "boy with scooter", ACROSS),
            ),
            ("Is the red kite above or below the tower?", ("red kite", "tower", DOWN)),
            ("Are the birds below or above the roof?", ("birds", "roof", DOWN)),
            ("Is the cat under or over the table?\n(A) under", ("cat", "table", DOWN)),
            (
                "What is the relative position of the ball to the bench?",
                ("ball", "bench", None),
            ),
            (
                "What is the position of the red car relative to the bus?",
                ("red car", "bus", None),
            ),
        ],
    )
    def test_a_relation(self, text: str, relation: tuple[str, str, int | None]) -> None:
        """V*Bench's wordings, and those that differ a little, are read."""
        assert Relation.read(text) == Relation(*relation)

    @pytest.mark.parametrize(
        "text",
        [
            "Is the dog next to or behind the car?",
            "Is the dog left or below the car?",
            "Is the dog left or right?",
            "Is the man's bag on his left or right side?",
            "Is the car left or right of the truck from the driver's perspective?",
            "From the driver's perspective, is the car left or right of the truck?",
            "Is the dog to the left or right of the car and the bus?",
            "Which thing is left or right of the car?",
            "What is the colour of the dog?",
            "What is the position of the text?",
            "What is left of the car?",
            "Is there a dog?",
            "?",
        ],
    )
    def test_none(self, text: str) -> None:
        """Other relations, other viewpoints, third things and other questions are not."""
        assert Relation.read(text) is None

    @given(st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """Whatever is asked, it is read or it is not."""
        relation = Relation.read(text)
        assert relation is None or (relation.first and relation.second)


class TestFindings:
    """Which finding is which thing."""

    def test_by_name(self) -> None:
        """In either order; by a part of the name, and of several by its noun."""
        relation = Relation("man with ladder", "red kite")
        man, ladder, kite = (
            Finding(Target(name), _LEFT) for name in ("man", "ladder", "big red kite")
        )
        assert relation.find([kite, ladder, man]) == (man, kite)

    @pytest.mark.parametrize("names", [["dog"], ["dog", "dog", "person"], ["person", "cat"], []])
    def test_none(self, names: list[str]) -> None:
        """Nothing is said of things that were not found, or found twice."""
        found = [Finding(Target(name), _LEFT) for name in names]
        assert Relation("dog", "person").find(found) is None

    def test_one_name_for_both(self) -> None:
        """A target that may be either thing is neither."""
        found = [Finding(Target("mug"), _LEFT), Finding(Target("blue mug"), _RIGHT)]
        assert Relation("red mug", "blue mug").find(found) is None


class TestBoxes:
    """What two boxes say."""

    @given(boxes(within=900), boxes(within=900), st.sampled_from((ACROSS, DOWN)))
    def test_the_other_way_round(self, one: Box, other: Box, axis: int) -> None:
        """Seen from the other thing, the probability is the rest; the nearer centre decides."""
        first, second = _found(one, other)
        before = is_before(first, second, axis)
        assert before + is_before(second, first, axis) == pytest.approx(1)
        apart = other.centre[axis] - one.centre[axis]
        assert before == pytest.approx(0.5) or (before > 0.5) is (apart > 0)

    @given(boxes(within=900), boxes(within=900), st.floats(0, 5000))
    def test_farther_is_surer(self, one: Box, other: Box, more: float) -> None:
        """A thing that moves to the right is never less likely to be right of the other."""
        first, near = _found(one, other)
        _, far = _found(one, other.moved(more, 0))
        assert is_before(first, far, ACROSS) >= is_before(first, near, ACROSS)

    def test_is_the_share_of_places(self) -> None:
        """About as often as two even draws, one from each box, are in that order."""
        draws = np.random.default_rng(0).uniform(size=(2, 200_000))
        one, other = Box(0, 0, 100, 9), Box(30, 0, 160, 9)
        first, second = _found(one, other, 1.0)
        drawn = (draws[0] * 100 < 30 + draws[1] * 130).mean()
        assert is_before(first, second, ACROSS) == pytest.approx(drawn, abs=0.02)

    def test_what_may_not_be_there_says_little(self) -> None:
        """Two boxes that are even odds each say half of it a quarter of the time."""
        first, second = _found(_LEFT, Box(800, 0, 900, 100), 0.0)
        assert is_before(first, second, ACROSS) == pytest.approx(0.5 + 0.25 / 2, abs=1e-3)


class TestAnswer:
    """What is said, by whom."""

    @pytest.mark.parametrize(
        ("choices", "text"),
        [
            ((), "left"),
            (("right", "left"), "B"),
            (("Left side", "Right side"), "A"),
            (
                (
                    "The dog is on the right side of the person.",
                    "The dog is on the left side of the person.",
                ),
                "B",
            ),
        ],
    )
    def test_of_boxes_apart(self, choices: tuple[str, ...], text: str) -> None:
        """No model is asked."""
        found = _found(_LEFT, _RIGHT)
        for ordered in (found, found[::-1]):
            answer, passes = _answer(ordered, choices)
            assert (answer.text, passes) == (text, 0)
            assert answer.confidence is None or answer.confidence > 0.95

    @pytest.mark.parametrize(
        "choices",
        [
            ("left", "right", "above"),
            ("above", "below"),
            ("left", "on the left"),
            ("upper left", "lower right"),
            ("The person is left of the dog.", "The person is right of the dog."),
            ("yes", "no"),
        ],
    )
    def test_of_other_choices(self, choices: tuple[str, ...]) -> None:
        """Choices that are not the two directions are left to the model."""
        assert _answer(_found(_LEFT, _RIGHT), choices)[1] == 1

    def test_of_what_was_not_found(self) -> None:
        """With one thing missing, or nothing at all, the model is asked as ever."""
        assert _answer(_found(_LEFT, _RIGHT)[:1], ("left", "right"))[1] == 1
        assert _answer([], ("left", "right"))[1] == 1

    def test_where_boxes_are_near(self) -> None:
        """The model is asked; without probabilities its answer stands."""
        answer, passes = _answer(_found(_LEFT, Box(5, 0, 105, 100)), ("left", "right"))
        assert (answer.text, passes) == ("B", 1)

    def test_both_are_weighed(self) -> None:
        """The surer of the two decides, and the choice's letter is said."""
        question = Question(_ASKED, _IMAGE, ("left", "right"))
        asked = Answer("B", 1, probabilities=(0.3, 0.7))
        for boxes_say, choice in (((0.6, 0.4), 1), ((0.8, 0.2), 0)):
            answer = reconcile(question, asked, boxes_say)
            assert (answer.choice, answer.text) == (choice, "AB"[choice])
            assert answer.probabilities == pytest.approx(multiply((0.3, 0.7), boxes_say))
            assert math.isclose(sum(answer.probabilities), 1)

    def test_choices_order_the_probabilities(self) -> None:
        """Whichever choice comes first."""
        question = Question(_ASKED, _IMAGE, ("right", "left"))
        one = weigh_sides(question, _found(_LEFT, _RIGHT))
        other = weigh_sides(
            attrs.evolve(question, choices=("left", "right")), _found(_LEFT, _RIGHT)
        )
        assert one is not None
        assert other is not None
        assert one[1] == other[1][::-1]


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("Is the mug left or right of the lamp?", ("isn't left", "isn't right")),
        ("Is the mug left or right of the lamp?", ("never left", "never right")),
        ("Is the mug not left or right of the lamp?", ("left", "right")),
        ("Is the mug left or right of the lamp in the mirror?", ("left", "right")),
    ],
)
def test_what_is_denied_or_mirrored_is_refused(text: str, choices: tuple[str, ...]) -> None:
    """Boxes say where things are: not what is denied of them, nor what a mirror shows."""
    found = [
        Finding(Target(name), Box(x, 40, x + 9, 49), 1.0, 1.0)
        for name, x in (("mug", 0), ("lamp", 80))
    ]
    assert weigh_sides(Question(text, _IMAGE, choices), found) is None
    assert weigh_sides(Question("Is the mug left or right of the lamp?", _IMAGE), found) is not None
