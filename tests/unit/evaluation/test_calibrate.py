"""Gates are learned as the books say, and keep their promise on questions they never saw."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.support.refusals import refused
from visualcrop.calibration import AFTER, BEFORE
from visualcrop.errors import EvaluationError
from visualcrop.evaluation.calibrate import (
    AnsweredTwice,
    control_risk,
    fit_logistic,
    learn_gate,
    measure_gate,
)


def _simulate(rng: Random, count: int, dataset: str = "simulated") -> list[AnsweredTwice]:
    """Questions whose features tell something of which answer is right."""
    found = []
    for number in range(count):
        ease, luck = rng.random(), rng.random()
        direct, searched = rng.random() < ease, rng.random() < 0.5 + luck / 2
        features = dict.fromkeys(AFTER, 0.0) | {
            "direct-odds": 4 * ease - 2 + rng.gauss(0, 0.5),
            "direct-margin": ease + rng.gauss(0, 0.1),
            "searched-odds": 4 * luck - 2 + rng.gauss(0, 0.5),
        }
        item = hashlib.sha256(f"{rng.random()} {number}".encode()).hexdigest()
        found.append(AnsweredTwice(item, dataset, direct, searched, features, 11))
    return found


class TestLogistic:
    """The weights."""

    def test_against_another_minimiser(self) -> None:
        """Nelder and Mead's search, which knows no gradient, finds the same weights."""
        rng = np.random.default_rng(5)
        values = rng.normal(3, 2, (200, 2))
        outcomes = [bool(o) for o in rng.random(200) < 1 / (1 + np.exp(-(values[:, 0] - 3)))]
        names = ("direct-odds", "direct-margin")
        features = [dict(zip(names, map(float, row), strict=True)) for row in values]
        found = fit_logistic(features, outcomes, names)
        means, scales = values.mean(0), values.std(0)

        def loss(own: Any) -> float:
            logits = own[0] + (values - means) / scales @ own[1:]
            chances = 1 / (1 + np.exp(-logits))
            likelihood = np.where(outcomes, np.log(chances), np.log(1 - chances)).sum()
            return float(-likelihood + (own[1:] ** 2).sum() / 2)

        options: Any = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 5000}
        search: Any = minimize
        other = search(loss, np.zeros(3), method="Nelder-Mead", options=options).x
        for row, own in zip(features, (values - means) / scales, strict=True):
            chance = 1 / (1 + np.exp(-(other[0] + own @ other[1:])))
            assert found.probability(row) == pytest.approx(chance, abs=1e-3)

    def test_constant_features_are_left_out(self) -> None:
        """Also one whose values differ by their rounding alone: it has next to no weight."""
        rng = Random(9)
        names = ("direct-odds", "direct-margin")
        outcomes = [rng.random() < 0.5 for _ in range(60)]
        features = [
            {"direct-odds": rng.gauss(outcome, 1), "direct-margin": 0.1 + rng.random() * 1e-16}
            for outcome in outcomes
        ]
        found = fit_logistic(features, outcomes, names)
        assert abs(found.weights["direct-margin"]) < 1e-6
        assert abs(found.bias) < 10

    def test_too_few(self) -> None:
        """What cannot be learned is said, with the counts."""
        told = refused(
            EvaluationError, fit_logistic, [{"direct-odds": 1.0}] * 20, [True] * 20, BEFORE[:1]
        )
        assert "of 20 it helped in 20" in told


class TestRisk:
    """The threshold."""

    @pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
    def test_is_the_smallest_that_holds(self, alpha: float) -> None:
        """A walk over all thresholds, with the formula written out, agrees."""
        rng = Random(3)
        for n in (5, 40, 150):
            spoiled = [round(rng.random(), 2) for _ in range(n // 4)]
            found = control_risk(spoiled, n, alpha)

            def holds(threshold: float, spoiled: list[float] = spoiled, n: int = n) -> bool:
                risk = sum(s >= threshold for s in spoiled) / n
                return n / (n + 1) * risk + 1 / (n + 1) <= alpha + 1e-12

            candidates = [0.0, *(np.nextafter(s, 2) for s in sorted(spoiled))]
            assert found == next((c for c in candidates if holds(c)), None)

    def test_holds_on_new_questions(self) -> None:
        """In the mean over 60 calibrations, the share of right answers lost is at most alpha."""
        rng, alpha, lost = Random(11), 0.05, []
        for _ in range(60):
            gate = learn_gate(_simulate(rng, 300), alpha, 0.99).gate
            fresh = [figures.spoiled for figures in measure_gate(_simulate(rng, 500), gate)]
            lost += fresh
        error = np.std(lost) / len(lost) ** 0.5
        assert np.mean(lost) <= alpha + 3 * error
        assert np.mean(lost) >= alpha / 3  # it is no gate that never believes a search

    def test_nothing_need_be_kept(self) -> None:
        """Of the questions that searching helps none need be searched: then none is."""
        questions = _simulate(Random(2), 500)
        (figures,) = measure_gate(questions, learn_gate(questions, 0.1, 0.0).gate)
        assert (figures.searches, figures.guarded) == (0, figures.direct)

    def test_too_few_for_the_bound(self) -> None:
        """Then nothing is searched, and so nothing lost."""
        questions = _simulate(Random(2), 500)
        gate = learn_gate(questions, 0.5 / (len(questions) + 1), 0.99).gate
        (figures,) = measure_gate(questions, gate)
        assert (figures.searches, figures.spoiled, figures.passes) == (0, 0, 1)
        assert figures.guarded == figures.direct


def test_gate_helps() -> None:
    """On fresh questions the guarded answers are right more often than either alone."""
    rng = Random(7)
    gate = learn_gate(_simulate(rng, 500), 0.1, 0.99).gate
    (figures,) = measure_gate(_simulate(rng, 2000), gate)
    assert figures.guarded > max(figures.direct, figures.searched)


def test_figures_by_dataset() -> None:
    """A row for each dataset, and one for all; in all, the means weighed by questions."""
    rng = Random(1)
    questions = _simulate(rng, 400, "one") + _simulate(rng, 300, "two")
    gate = learn_gate(questions, 0.1, 0.99).gate
    one, two, both = measure_gate(questions, gate)
    assert [f.dataset for f in (one, two, both)] == ["one", "two", "all"]
    assert one.n + two.n == both.n == 700
    assert both.guarded == pytest.approx((one.guarded * one.n + two.guarded * two.n) / 700)


def test_each_question_is_judged_without_it() -> None:
    """The decisions about a fold are those of weights that were fitted on the other folds."""
    questions = _simulate(Random(4), 300)
    learned = learn_gate(questions, 0.1, 0.99)
    assert len({question.fold for question in questions}) == 10
    for fold in (0, 7):
        others = [q for q in questions if q.fold != fold]
        before = fit_logistic(
            [q.features for q in others], [q.searched and not q.direct for q in others], BEFORE
        )
        decided = [q for q in others if q.searched != q.direct]
        after = fit_logistic([q.features for q in decided], [q.searched for q in decided], AFTER)
        for question, decision in zip(questions, learned.decisions, strict=True):
            if question.fold == fold:
                searches = before.probability(question.features) >= learned.gate.before.threshold
                believes = after.probability(question.features) >= learned.gate.after.threshold
                assert decision == (searches, searches and believes)
