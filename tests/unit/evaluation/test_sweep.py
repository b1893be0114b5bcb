"""Grids and draws."""

from __future__ import annotations

import pytest

from visualcrop import VisualcropError
from visualcrop.evaluation.sweep import label_points, make_grid


def test_all_combinations_are_taken() -> None:
    """Two by two; lists are values too."""
    points = make_grid(["steps=1,8", "relevance.layers=[0, 2],[2, 4]"], [], 0, 0)
    assert points[1] == ("steps=1", "relevance.layers=[2, 4]")
    assert len(points) == 4
    assert list(label_points(points))[1] == "steps=1 layers=[2, 4]"


def test_a_label_is_the_last_word_and_the_value() -> None:
    """Values may have points, too."""
    points = make_grid(["proposals.nms=0.1,0.25", "steps=2"], [], 0, 0)
    assert list(label_points(points)) == ["nms=0.1 steps=2", "nms=0.25 steps=2"]


def test_draws_are_the_same_for_a_seed() -> None:
    """Whole numbers stay whole, and lie within."""
    drawn = make_grid([], ["proposals.k=10:50", "proposals.threshold=0.3:0.7"], 20, 1)
    assert drawn == make_grid([], ["proposals.k=10:50", "proposals.threshold=0.3:0.7"], 20, 1)
    assert drawn != make_grid([], ["proposals.k=10:50", "proposals.threshold=0.3:0.7"], 20, 2)
    numbers = [[float(option.partition("=")[2]) for option in point] for point in drawn]
    assert all(10 <= k <= 50 and k == int(k) and 0.3 <= t <= 0.7 for k, t in numbers)


@pytest.mark.parametrize(
    ("sets", "draws", "error"),
    [
        ([], [], "A sweep needs options"),
        (["steps"], [], "'steps' is not path=value,value"),
        ([], ["k=1"], "'1' is not path=low:high"),
        ([], ["k=a:b"], "is not of numbers"),
        ([], ["k=4:1"], "'k=4:1' does not rise; write the lower number first"),
        ([], ["t=0.5:0.5"], "'t=0.5:0.5' does not rise"),
        (["a=1,2,3,4,5,6,7,8,9,10"] * 4, [], "That is 10,000 settings"),
        (["a=1,2,3"] * 700, [], "more than 1,000,000,000,000,000 settings"),
    ],
)
def test_what_cannot_be_swept_is_one_sentence(
    sets: list[str], draws: list[str], error: str
) -> None:
    """It says what to write."""
    with pytest.raises(VisualcropError, match=error):
        make_grid(sets, draws, 3, 0)


def test_the_size_is_known_before_anything_is_made() -> None:
    """Neither draws nor combinations that would take years are begun."""
    with pytest.raises(VisualcropError, match=r"1,000,000,000,000 settings.*fewer values or draws"):
        make_grid([], ["k=1:9"], 10**12, 0)
    with pytest.raises(VisualcropError, match="a sweep has 2,000 at most"):
        make_grid([f"a{n}=1,2,3,4,5,6,7,8,9" for n in range(12)], [], 50, 0)
