"""The efficiency ratio: passes for the same accuracy."""

from __future__ import annotations

import random
from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from tests.support.studies import manifest_of, toy_study
from visualcrop import Record, Run, VisualcropError
from visualcrop.evaluation.comparison import compare
from visualcrop.evaluation.efficiency import Curve, passes_ratio
from visualcrop.evaluation.methods import (
    SEARCH,
    Efficiency,
    EfficiencyRatio,
    group_methods,
    measure_efficiency,
)
from visualcrop.evaluation.result_tables import efficiency_notes, efficiency_table
from visualcrop.evaluation.resume import open_run
from visualcrop.evaluation.run_folder import Store
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.summary import Tally

Points = list[tuple[float, float]]  # passes and accuracy


def _by_hand(ours: Points, theirs: Points) -> float:
    """A.2 read off a chart: walk along each line until it is as high as the lower top."""
    reference = min(max(height for _, height in points) for points in (ours, theirs))

    def walk(points: Points) -> float:
        line = sorted(points)
        if line[0][1] >= reference:
            return line[0][0]
        for (x, y), (right, up) in pairwise(line):
            if y < reference <= up:
                return x + (right - x) * (reference - y) / (up - y)
        raise AssertionError("the reference is above every point")

    return walk(theirs) / walk(ours)


def _curve(points: Points) -> Curve:
    return Curve.of([x for x, _ in points], [y for _, y in points])


def test_ratios_are_those_of_an_independent_walk() -> None:
    """On 2,000 random pairs of methods, with equal passes and equal accuracies among them."""
    rng = random.Random(7)
    for _ in range(2_000):
        ours, theirs = (
            [(rng.randint(1, 30) / 2, rng.randint(0, 20) / 20) for _ in range(rng.randint(1, 9))]
            for _ in range(2)
        )
        found = float(passes_ratio(_curve(ours), _curve(theirs)))
        assert found == pytest.approx(_by_hand(ours, theirs)), (ours, theirs)


def test_passes_lie_on_the_line_between_two_points() -> None:
    """The first rise to the accuracy counts; what is cheap and good enough is taken as it is."""
    curve = _curve([(4, 0.9), (1, 0.5), (2, 0.7), (3, 0.6)])
    assert curve.passes_at(np.float64(0.6)) == pytest.approx(1.5)
    assert curve.passes_at(np.float64(0.4)) == 1
    assert passes_ratio(_curve([(1, 0.5)]), _curve([(2, 0.4), (4, 0.6)])) == pytest.approx(3)


def test_draws_are_worked_out_one_by_one() -> None:
    """Rows of many draws give what each row gives alone."""
    rng = np.random.default_rng(3)
    values = [(rng.uniform(1, 9, (40, n)), rng.uniform(0, 1, (40, n))) for n in (5, 3)]
    together = passes_ratio(*(Curve.of(*each) for each in values))
    alone = [passes_ratio(*(Curve.of(p[row], a[row]) for p, a in values)) for row in range(40)]
    assert together == pytest.approx(np.array(alone))


def _tally(scores: Sequence[float], passes: Sequence[float], per_image: int = 1) -> Tally:
    tally = Tally()
    for number, (score, count) in enumerate(zip(scores, passes, strict=True)):
        counts = {"all": int(count) + 1, SEARCH: int(count)}
        group = str(number // per_image)
        tally.add(Record(str(number), "v", "ok", score, counts=counts, group=group))
    return tally


def _measure(tallies: Mapping[str, Tally], ours: str = "a", **groups: list[str]) -> Efficiency:
    return measure_efficiency(tallies, groups, ours)


class TestMeasured:
    """Methods of a run."""

    def test_settings_of_a_method_are_one_line(self) -> None:
        """5 passes for half, 10 for all: a method that is right in 3 of 4 at 15 costs 2 of 7.5."""
        n = 4
        tallies = {
            "a1": _tally([1, 1, 0, 0], [5] * n),
            "a2": _tally([1] * n, [10] * n),
            "b": _tally([1, 1, 1, 0], [15] * n),
        }
        (row,) = _measure(tallies, a=["a1", "a2"], b=["b"]).rows
        assert (row.reference, row.passes, row.ours, row.ratio) == (0.75, 15, 7.5, 2)
        assert row.bound == ""

    def test_a_cheapest_setting_that_is_better_bounds_the_ratio(self) -> None:
        """On our side from below, on the other from above; the table says so."""
        tallies = {"a": _tally([1, 1, 1, 1], [8] * 4), "b": _tally([1, 0, 0, 0], [24] * 4)}
        found = _measure(tallies, a=["a"], b=["b"])
        assert (found.rows[0].ratio, found.rows[0].bound) == (3, "at least")
        assert efficiency_table(found).rows[1][-3:-1] == ("≤ 8.00", "≥ 3.00")
        assert any("might reach it" in note for note in efficiency_notes(found))
        other = _measure(tallies, "b", a=["a"], b=["b"])
        assert (other.rows[0].ratio, other.rows[0].bound) == (1 / 3, "at most")
        assert efficiency_table(other).rows[1][4:-1] == ("≤ 8.00", "24.00", "≤ 0.33")

    def test_only_questions_that_all_settings_answered_count(self) -> None:
        """The first two of four here; a note says so."""
        tallies = {
            "a": _tally([1, 1], [4, 4]),
            "b": _tally([1, 1, 0, 0], [8, 8, 90, 90]),
            "c": _tally([0, 0, 0], [1, 1, 1]),
        }
        found = _measure(tallies, a=["a"], b=["b", "c"])
        assert (found.n, found.rows[0].ratio) == (2, 2)
        assert any("of the 2 questions" in note for note in efficiency_notes(found))

    def test_few_images_have_no_bounds(self) -> None:
        """19 of them, two questions each, are too few; 20 are enough."""
        for images, bounded in ((19, False), (20, True)):
            n = 2 * images
            tallies = {
                "a": _tally([1, 0] * images, [4] * n, 2),
                "b": _tally([0, 1] * images, [8] * n, 2),
            }
            found = _measure(tallies, a=["a"], b=["b"])
            (row,) = found.rows
            assert (row.interval is not None) == bounded
            told = any("too few for bounds" in note for note in efficiency_notes(found))
            assert told != bounded

    def test_images_are_drawn_and_not_questions(self) -> None:
        """Four questions of one image that agree leave bounds as wide as one question does."""
        rng = np.random.default_rng(5)
        right, passes = rng.integers(0, 2, 60).astype(float), rng.integers(2, 20, 60)

        def width(times: int) -> float:
            scores = [np.repeat(right, times), np.repeat(1 - right, times)]
            counts = [np.repeat(passes, times), np.repeat(passes[::-1], times)]
            tallies = {
                name: _tally(s.tolist(), c.tolist(), times)
                for name, s, c in zip("ab", scores, counts, strict=True)
            }
            interval = _measure(tallies, a=["a"], b=["b"]).rows[0].interval
            assert interval is not None
            return interval.high - interval.low

        assert width(4) == pytest.approx(width(1), rel=0.15)

    def test_no_search_may_be_as_good(self) -> None:
        """Then a note says what is right without a pass."""
        tallies = {
            "direct": _tally([1, 1, 0], [0] * 3),
            "a": _tally([1, 0, 0], [4] * 3),
            "b": _tally([1, 1, 1], [8] * 3),
        }
        notes = [*efficiency_notes(_measure(tallies, a=["a"], b=["b"], direct=["direct"]))]
        assert "Without any search pass 66.7 % are right" in notes[-1]

    @pytest.mark.parametrize(
        ("groups", "ours", "error"),
        [
            ({"a": ["a"]}, "a", "Only a searches here"),
            ({"a": ["a"], "b": ["b"]}, "bb", "No method that searches is called 'bb'"),
            ({"b": ["none"]}, None, "No method that searches is called 'focus'; none searches"),
        ],
    )
    def test_what_cannot_be_compared_is_one_sentence(
        self, groups: dict[str, list[str]], ours: str | None, error: str
    ) -> None:
        """It names what there is."""
        tallies = {"a": _tally([1], [4]), "b": _tally([1], [5])}
        with pytest.raises(VisualcropError, match=error):
            measure_efficiency(tallies, groups, ours)


class TestGroups:
    """Which variants are settings of one method."""

    _SEARCHERS = {"steps=1": "focus", "steps=[2, 4]": "focus", "z": "zoomeye"}  # noqa: RUF012

    def test_those_of_one_searcher(self) -> None:
        """By its name."""
        found = group_methods(self._SEARCHERS)
        assert found == {"focus": ["steps=1", "steps=[2, 4]"], "zoomeye": ["z"]}

    def test_or_those_that_are_named(self) -> None:
        """With a star for any letters; brackets are letters as others."""
        assert group_methods(self._SEARCHERS, ["mine=steps=*"]) == {
            "mine": ["steps=1", "steps=[2, 4]"]
        }
        given = ["mine=steps=[2, 4]", "mine=z", "mine=*"]
        assert group_methods(self._SEARCHERS, given) == {"mine": ["steps=[2, 4]", "z", "steps=1"]}

    @pytest.mark.parametrize(
        ("given", "error"),
        [("mine", "is not method=label"), ("mine=steps=2", "No variant is called 'steps=2'")],
    )
    def test_a_group_of_nothing_is_refused(self, given: str, error: str) -> None:
        """With the nearest that there is."""
        with pytest.raises(VisualcropError, match=error):
            group_methods(self._SEARCHERS, [given])


def _store(folder: Path, scores: Mapping[str, Sequence[float]]) -> Store:
    """A run of three searchers, each of which takes as many passes as its label is long."""
    variants = {name: name.partition("-")[0] for name in scores}
    study: Study = toy_study()
    study = Study(study.dataset, study.model, variants)
    with open_run(folder, study, manifest_of(study)) as (store, shard):
        for variant, given in scores.items():
            for number, score in enumerate(given):
                passes = 0 if variant == "direct" else len(variant)
                counts = {"all": passes + 1, SEARCH: passes}
                if variant.startswith("zoomeye"):
                    counts["zoomeye-paper"] = 3
                shard.append(Record(str(number), variant, "ok", score, counts=counts))
    return store


class TestRuns:
    """The ratio of a run."""

    def test_is_worked_out_by_searcher(self, tmp_path: Path) -> None:
        """In compare and in Python alike; a method's own way of counting has a row of its own."""
        scores = {"direct": [0, 0], "focus": [1, 0], "focus-more": [1, 1], "zoomeye": [1, 1]}
        store = _store(tmp_path, scores)
        whole, *_ = compare([store])
        assert whole.efficiency is not None
        rows = [(r.method, r.count, r.passes, r.ours) for r in whole.efficiency.rows]
        assert rows == [("zoomeye", SEARCH, 7, 10), ("zoomeye", "zoomeye-paper", 3, 10)]
        printed = str(Run(store).efficiency())
        assert "zoomeye (zoomeye-paper)" in printed
        assert "A.2 of the paper" in printed
        turned = Run(store).efficiency("zoomeye", ["zoomeye=zoomeye", "more=focus-more"])
        assert [row[0] for row in turned.rows] == ["zoomeye", "more"]

    def test_what_python_gives_is_checked(self, tmp_path: Path) -> None:
        """A text is no list of groups."""
        run = Run(_store(tmp_path, {"focus": [1], "zoomeye": [1]}))
        with pytest.raises(VisualcropError, match="methods cannot be of type str; give a list"):
            run.efficiency(methods="mine=focus")
        with pytest.raises(VisualcropError, match="method that is ours cannot be of type int"):
            run.efficiency(3)  # type: ignore[arg-type]

    def test_of_one_method_there_is_none(self, tmp_path: Path) -> None:
        """Nothing is said, unless somebody asks."""
        store = _store(tmp_path, {"direct": [0], "focus": [1], "focus-more": [1]})
        assert compare([store])[0].efficiency is None
        with pytest.raises(VisualcropError, match="Only focus searches here"):
            compare([store], ours="focus")


@pytest.mark.proof
@pytest.mark.parametrize(
    ("settings", "images", "per_image", "least"),
    [
        ("paper", 50, 1, 0.88),
        ("paper", 191, 1, 0.95),
        ("paper", 200, 4, 0.95),
        ("one each", 50, 1, 0.90),
        ("one each", 191, 1, 0.92),
        ("one each", 200, 4, 0.92),
    ],
)
def test_bounds_hold_the_true_ratio(
    settings: str, images: int, per_image: int, least: float
) -> None:
    """In 300 simulated studies, whose methods' true accuracies and passes are known."""
    true: dict[str, tuple[Points, Points]] = {
        "paper": (
            [(1.5, 0.51), (4.2, 0.57), (4.9, 0.64), (6.8, 0.67), (8.3, 0.68), (13.3, 0.728)],
            [(12.5, 0.50), (20.4, 0.51), (44.5, 0.71), (48.6, 0.775)],
        ),
        "one each": ([(5, 0.70)], [(20, 0.72)]),
    }
    rng, inside = np.random.default_rng(11), 0
    ours, theirs = true[settings]
    ratio = _by_hand(ours, theirs)
    for _ in range(300):
        row = _simulate(rng, ours, theirs, images, per_image)
        assert row.interval is not None
        inside += ratio in row.interval
    assert inside / 300 >= least


def _simulate(
    rng: np.random.Generator, ours: Points, theirs: Points, images: int, per_image: int
) -> EfficiencyRatio:
    """A study of questions that are hard or easy for all settings alike."""
    n = images * per_image
    hard = np.repeat(rng.normal(size=images), per_image)
    tallies, groups = {}, {"a": list[str](), "b": list[str]()}
    for method, points in (("a", ours), ("b", theirs)):
        for place, (passes, accuracy) in enumerate(points):
            skill = 0.6**0.5 * hard + 0.4**0.5 * rng.normal(size=n)
            tally = Tally()
            tally.questions, tally.groups = (
                array("Q", range(n)), array("Q", (k // per_image for k in range(n)))
            )  # fmt: skip
            tally.scores = array("d", (skill < norm.ppf(accuracy)).astype(float))
            tally.passes[SEARCH] = array("d", rng.poisson(passes, n).astype(float))
            tally.sums[f"count.{SEARCH}"] = sum(tally.passes[SEARCH])
            groups[method].append(f"{method}{place}")
            tallies[f"{method}{place}"] = tally
    return measure_efficiency(tallies, groups, "a").rows[0]
