"""Densities of confidences: fitted as scipy fits them, and read field by field."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest
from scipy.optimize import isotonic_regression
from scipy.special import logit
from scipy.stats import norm

from tests.support.refusals import refused
from visualcrop.errors import ResultError
from visualcrop.verification.densities import Densities

FIRST = [0] * 50 + [1] * 20 + [2] * 9 + [7]


def draw(seed: int, count: int = 400) -> tuple[list[float], list[float]]:
    """Confidences of crops with the target and of three times as many without, with ties."""
    rng = np.random.default_rng(seed)
    on, off = rng.beta(6, 1.5, count), rng.beta(1.2, 5, 3 * count)
    return [*(2 * on - 1).round(2)], [*(2 * off - 1).round(2)]


def fit(seed: int = 0) -> Densities:
    """Densities of what `draw` gives."""
    return Densities.fit(*draw(seed), FIRST, ranks=9)


def _share(crops: list[float], low: float, high: float) -> float:
    return float(np.mean([low < confidence < high for confidence in crops]))


class TestFit:
    """From crops to densities."""

    @pytest.mark.parametrize("seed", range(5))
    def test_agrees_with_scipy(self, seed: int) -> None:
        """Bins are unions of scipy's blocks, and hold its share of crops but for half a crop."""
        on, off = draw(seed)
        found = Densities.fit(on, off, FIRST, ranks=9)
        levels = np.unique([*on, *off])
        with_it = np.array([on.count(level) for level in levels])
        both = with_it + [off.count(level) for level in levels]
        theirs = isotonic_regression(with_it / both, weights=both)
        starts = levels[theirs.blocks[1:-1]]
        edges = [(levels[levels < start].max() + start) / 2 for start in starts]

        assert {*np.round(found.edges, 9)} <= {*np.round(edges, 9)}
        assert len(found.edges) >= len(edges) - 3
        ends = [-2.0, *found.edges, 2.0]
        for bin, (low, high) in enumerate(pairwise(ends)):
            size = len(found.on_target)
            for crops, fitted in ((on, found.on_target), (off, found.off_target)):
                counted = _share(crops, low, high) * len(crops)
                assert fitted[bin] == pytest.approx((counted + 0.5) / (len(crops) + size / 2))

    @pytest.mark.parametrize("seed", range(5))
    def test_surer_is_likelier(self, seed: int) -> None:
        """The ratio never falls as the confidence rises, and its mean without target is 1."""
        found = fit(seed)
        ratios = [found.ratio(confidence) for confidence in np.linspace(-1, 1, 500)]
        assert ratios == sorted(ratios)
        assert ratios[0] < 0.1
        assert ratios[-1] > 10
        assert np.dot(found.off_target, found.ratios) == pytest.approx(1)

    def test_predicts_better_than_normal_distributions(self) -> None:
        """On held-out crops its log-loss is below that of two normal distributions of logits."""
        (on, off), (more_on, more_off) = draw(0), draw(100)
        found = Densities.fit(on, off, FIRST, ranks=9)
        ours = [[found.ratio(confidence) for confidence in crops] for crops in (more_on, more_off)]
        theirs = [_normal_ratios(on, off, crops) for crops in (more_on, more_off)]
        assert _log_loss(*ours) < _log_loss(*theirs)

    def test_few_crops_say_little(self) -> None:
        """Two crops of each kind make no ratio beyond 5; ten times as many do."""
        few = Densities.fit([0.9, 1.0], [-1.0, -0.9], [0, 0], ranks=5)
        more = Densities.fit([0.9, 1.0] * 10, [-1.0, -0.9] * 10, [0] * 20, ranks=5)
        assert max(few.ratios) == pytest.approx(5)
        assert max(more.ratios) == pytest.approx(41)
        assert few.first[0] < more.first[0] < 1

    def test_of_ranks_spread_one_question(self) -> None:
        """Each rank has its count and the same share of one question more."""
        found = Densities.fit([1.0], [-1.0], [0, 0, 2], [1], ranks=4)
        assert found.first == pytest.approx([2.25 / 4, 0.25 / 4, 1.25 / 4, 0.25 / 4])
        assert found.following == pytest.approx([0.125, 0.625, 0.125, 0.125])
        assert Densities.fit([1.0], [-1.0], [], ranks=4).first == (0.25,) * 4

    @pytest.mark.parametrize(("on", "off"), [([], [-1.0]), ([1.0], []), ([], [])])
    def test_needs_crops_of_both_kinds(self, on: list[float], off: list[float]) -> None:
        """Without either there is nothing to compare."""
        assert "crops with the target and crops without" in refused(
            ResultError, Densities.fit, on, off, [], ranks=1
        )

    @pytest.mark.parametrize("confidence", [1.5, -2.0, float("nan")])
    def test_refuses_what_is_no_confidence(self, confidence: float) -> None:
        """A confidence is from -1 to 1."""
        assert "from -1 to 1" in refused(
            ResultError, Densities.fit, [confidence], [0.0], [], ranks=1
        )


def _normal_ratios(on: list[float], off: list[float], crops: list[float]) -> list[float]:
    logs = [norm(*norm.fit(_logits(each))).logpdf(_logits(crops)) for each in (on, off)]
    return [*np.exp(logs[0] - logs[1])]


def _logits(confidences: list[float]) -> Any:
    return logit(np.clip((1 + np.array(confidences)) / 2, 5e-5, 1 - 5e-5))


def _log_loss(on: list[float], off: list[float]) -> float:
    """Of the posterior by the ratios of crops with the target and without, which count as much."""
    return float(np.mean(np.log1p(1 / np.array(on))) + np.mean(np.log1p(off)))


class TestDict:
    """What stands in a calibration file."""

    def test_comes_back(self) -> None:
        """Through JSON and back nothing changes."""
        for found in (fit(), Densities.fit([1.0], [-1.0], [0], [0], ranks=2)):
            assert Densities.from_dict(json.loads(json.dumps(found.to_dict()))) == found

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("edges", [0.5, 0.5]),
            ("edges", [0.5, -0.5]),
            ("edges", [0.0, 1.5]),
            ("edges", [0.0]),
            ("edges", [0.0] * 2000),
            ("edges", "0.1"),
            ("edges", None),
            ("on_target", [0.1, 0.2, 0.8]),
            ("on_target", [0.0, 0.3, 0.7]),
            ("on_target", [0.8, 0.1, 0.1]),
            ("on_target", [True, 0.0, 0.0]),
            ("on_target", []),
            ("off_target", [0.5, float("nan"), 0.5]),
            ("off_target", [-0.5, 0.5, 1.0]),
            ("off_target", ["0.5", 0.25, 0.25]),
            ("first", []),
            ("first", [0.9, 0.9]),
            ("first", [1.5, -0.5]),
            ("first", [float("inf")]),
            ("first", [10**400]),
            ("following", [0.5]),
        ],
    )
    def test_is_checked_field_by_field(self, field: str, value: object) -> None:
        """What is no density is refused in a sentence that says what to do."""
        sound = Densities((-0.5, 0.5), (0.1, 0.2, 0.7), (0.7, 0.2, 0.1), (0.5, 0.5))
        given = attrs.asdict(sound) | {field: value}
        assert refused(ResultError, Densities.from_dict, given).endswith("calibrate again.")

    @pytest.mark.parametrize("given", [None, [], "x", {}, {"edges": []}])
    def test_is_a_table_of_five(self, given: object) -> None:
        """Nothing may be left out, and nothing may stand beside."""
        assert "calibrate again" in refused(ResultError, Densities.from_dict, given)
        more = fit().to_dict() | {"more": []}
        assert "calibrate again" in refused(ResultError, Densities.from_dict, more)
