"""
Learn a gate from runs: when to search, and which answer to believe afterwards.

The threshold of belief is set by conformal risk control (Angelopoulos et al., 2022), as
cross-validation has it (Cohen et al., 2024): each question is judged by weights that were learned
without it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from ..calibration import AFTER, BEFORE, Calibration, Gate, Logistic
from ..data.record import Record
from ..errors import EvaluationError, VisualcropError, nearest
from ..plugin.registry import Registry
from ..searchers.guarded import describe_both, describe_direct
from ..values import Answer
from .evidence import decode_evidence
from .run_folder import Store
from .study import BASELINE
from .verified_crops import VerifiedCrops, fit_densities, item_digest, label_crops

Floats = npt.NDArray[np.float64]
Decision: TypeAlias = tuple[bool, bool]  # whether to search, and whether to believe the search
_RIGHT = 0.5  # score from which an answer counts as right
_NEVER = 2.0  # a threshold above all probabilities
_PENALTY = 1.0  # of the squared weights, of standardised features
_FOLDS = 10
_ROUNDING = 1e-9  # relative spread of a feature that is constant but for rounding
_FEWEST = 8  # questions of either outcome from which weights can be learned


@attrs.frozen
class AnsweredTwice:
    """A question that was asked of the whole image, and searched."""

    item: str  # digest of the question with its picture
    dataset: str
    direct: bool  # whether the whole image's answer is right
    searched: bool  # whether the search's is
    features: Mapping[str, float]  # by the names in `AFTER`
    passes: int  # of the search, its answer's among them

    @property
    def fold(self) -> int:
        """In which of the folds of the cross-validation it is: by its digest."""
        return int.from_bytes(hashlib.blake2b(self.item.encode(), digest_size=4).digest()) % _FOLDS


@attrs.frozen
class LearnedGate:
    """A gate, and what was decided of each question by weights that were learned without it."""

    gate: Gate
    decisions: tuple[Decision, ...]


@attrs.frozen
class GateFigures:
    """What a gate does on the questions of one dataset."""

    dataset: str
    n: int
    direct: float  # accuracy of the whole image's answer
    searched: float
    guarded: float
    spoiled: float  # share of questions whose right answer is lost
    searches: float  # share of questions that are searched
    passes: float  # in the mean


@attrs.frozen
class LearnedCalibration:
    """A calibration, with what it does on its questions, each judged by weights without it."""

    calibration: Calibration
    figures: tuple[GateFigures, ...]  # one for each dataset, and one for all together
    skipped: int  # questions without two scored answers with probabilities
    undetermined: str = ""  # why it has no densities; empty if it has
    repeated: int = 0  # answers to questions that had been answered before: each counts once
    ungated: str = ""  # why it has no gate; empty if it has


def learn_calibration(
    runs: Sequence[Store], alpha: float, keep: float, searcher: str | None
) -> LearnedCalibration:
    """What `calibrate` learns."""
    if not runs:
        raise EvaluationError("There is no run to learn from; give the folder of one or several.")
    labels = [_find_label(run, searcher) for run in runs]
    same = [_read_identity(run, label) for run, label in zip(runs, labels, strict=True)]
    for what, advice, index in (
        ("models", "calibrate each model by itself", 0),
        ("protocols", "calibrate under each by itself", 1),
    ):
        if len({each[index] for each in same}) > 1:
            raise EvaluationError(f"The runs are of several {what}; {advice}.")
    pairs, skipped = [], 0
    for run, label in zip(runs, labels, strict=True):
        found, left = _read_pairs(run, label)
        pairs += found
        skipped += left
    given, pairs = len(pairs), [*{pair.item: pair for pair in reversed(pairs)}.values()][::-1]
    crops, densities, undetermined = _learn_densities(runs, labels)
    gate, figures, ungated = None, tuple[GateFigures, ...](), ""
    try:
        learned = learn_gate(pairs, alpha, keep)
        gate, figures = learned.gate, tuple(measure_decisions(pairs, learned.decisions))
    except EvaluationError as exc:  # densities can be learned from fewer questions
        if densities is None:
            raise
        ungated = str(exc)
    calibration = Calibration(
        name=runs[0].study.model,
        model=same[0][0],
        protocol=same[0][1],
        searcher=same[0][2],
        datasets=tuple(dict.fromkeys(run.study.dataset for run in runs)),
        items=tuple({*(pair.item for pair in pairs), *(each.item for each in crops)}),
        n=len(pairs),
        alpha=alpha,
        gate=gate,
        densities=densities,
    )
    repeated = given - len(pairs)
    return LearnedCalibration(calibration, figures, skipped, undetermined, repeated, ungated)


def _learn_densities(
    runs: Sequence[Store], labels: Sequence[str]
) -> tuple[Sequence[VerifiedCrops], Mapping[str, Any] | None, str]:
    """The crops that were verified, their densities, and why there are none."""
    crops: list[VerifiedCrops] = []
    registry, seen = Registry.load(), set[str]()
    try:
        for run, label in zip(runs, labels, strict=True):
            samples = {sample.id: sample for sample in run.study.build_dataset(registry)}
            searched = (record for record in run.records() if record.variant == label)
            crops += label_crops(_drop_repeated(searched, seen), samples)
        return crops, fit_densities(crops).to_dict(), ""
    except VisualcropError as exc:  # a gate can be learned without the dataset, too
        return (), None, str(exc)


def _drop_repeated(records: Iterable[Record], seen: set[str]) -> Iterator[Record]:
    """The *records* of questions that were not *seen* yet, such as in another run."""
    for record in records:
        item = item_digest(record.question, record.picture)
        if item not in seen:
            yield record
        seen.add(item)


def learn_gate(pairs: Sequence[AnsweredTwice], alpha: float, keep: float) -> LearnedGate:
    """The gate, and its decision about each question under weights without that question."""
    chances: list[tuple[float, float]] = [(0.0, 0.0)] * len(pairs)
    for fold in {pair.fold for pair in pairs}:
        before, after = _fit([pair for pair in pairs if pair.fold != fold])
        for index, pair in enumerate(pairs):
            if pair.fold == fold:
                features = pair.features
                chances[index] = before.probability(features), after.probability(features)
    helped = sorted(
        chance
        for (chance, _), pair in zip(chances, pairs, strict=True)
        if pair.searched and not pair.direct
    )
    lost = math.floor((1 - keep) * len(helped))  # of those that searching helps
    searched_from = helped[lost] if lost < len(helped) else _NEVER
    spoiled = [
        belief
        for (chance, belief), pair in zip(chances, pairs, strict=True)
        if pair.direct and not pair.searched and chance >= searched_from
    ]
    if (believed_from := control_risk(spoiled, len(pairs), alpha)) is None:
        searched_from = believed_from = _NEVER
    before, after = _fit(pairs)
    gate = Gate(
        attrs.evolve(before, threshold=searched_from), attrs.evolve(after, threshold=believed_from)
    )
    decisions = [
        (chance >= searched_from, chance >= searched_from and belief >= believed_from)
        for chance, belief in chances
    ]
    return LearnedGate(gate, tuple(decisions))


def _fit(pairs: Sequence[AnsweredTwice]) -> tuple[Logistic, Logistic]:
    """Whether a search promises more, and which of two answers is right where only one is."""
    helped = [pair.searched and not pair.direct for pair in pairs]
    decided = [pair for pair in pairs if pair.direct != pair.searched]
    return (
        fit_logistic([pair.features for pair in pairs], helped, BEFORE),
        fit_logistic(
            [p.features for p in decided], [p.searched for p in decided], AFTER, others="harms"
        ),
    )


def control_risk(spoiled: Iterable[float], n: int, alpha: float) -> float | None:
    """
    The smallest threshold with n/(n+1) R + 1/(n+1) <= alpha; none if not even R = 0 has it.

    Args:
        spoiled: Of each of the *n* questions whose right answer is lost if the search is believed,
            the probability that is held against the threshold: R is the share that reaches it.
        n: Questions in all.
        alpha: Bound of the expected risk on a further question.
    """
    allowed = math.floor((n + 1) * alpha - 1 + 1e-9)
    if allowed < 0:
        return None
    highest = sorted(spoiled, reverse=True)
    if allowed >= len(highest):
        return 0.0
    return math.nextafter(highest[allowed], math.inf)


def fit_logistic(
    features: Sequence[Mapping[str, float]],
    outcomes: Sequence[bool],
    names: Sequence[str],
    *,
    others: str = "does not help",
) -> Logistic:
    """
    A logistic regression with a small penalty, for features as they are; its threshold is 0.

    Args:
        features: Of each question.
        outcomes: Whether searching helped.
        names: Features that have a weight.
        others: What searching does where the outcome is false, for an error message.
    """
    from scipy.optimize import minimize  # which no start-up needs

    if min(sum(outcomes), len(outcomes) - sum(outcomes)) < _FEWEST:
        raise EvaluationError(
            f"A gate needs {_FEWEST} questions or more that searching helps, and as many "
            f"that it {others}; there are {sum(outcomes)} and "
            f"{len(outcomes) - sum(outcomes)}; calibrate on more questions, small things and "
            "large ones among them."
        )
    values: Floats = np.array([[each[name] for name in names] for each in features], float)
    means, scales = values.mean(0), values.std(0)
    scales[scales <= _ROUNDING * np.maximum(1, np.abs(means))] = 1.0  # of constant features
    standard = np.c_[np.ones(len(values)), (values - means) / scales]
    signs: Floats = np.where(outcomes, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = signs * (standard @ weights)
        penalised = np.r_[0.0, weights[1:]]
        slope = -(signs / (1 + np.exp(np.clip(margins, -700, 700)))) @ standard
        value = np.logaddexp(0, -margins).sum() + _PENALTY / 2 * penalised @ penalised
        return float(value), slope + _PENALTY * penalised

    weights = minimize(loss, np.zeros(standard.shape[1]), jac=True, method="L-BFGS-B").x
    own = weights[1:] / scales
    return Logistic(
        float(weights[0] - own @ means), dict(zip(names, map(float, own), strict=True)), 0.0
    )


def measure_gate(pairs: Sequence[AnsweredTwice], gate: Gate) -> Iterator[GateFigures]:
    """What the gate does on questions that it was not learned on: of each dataset, then of all."""
    searched = [gate.before.passes(pair.features) for pair in pairs]
    yield from measure_decisions(
        pairs,
        [(s, s and gate.after.passes(p.features)) for s, p in zip(searched, pairs, strict=True)],
    )


def measure_decisions(
    pairs: Sequence[AnsweredTwice], decisions: Sequence[Decision]
) -> Iterator[GateFigures]:
    """What the decisions lead to, of each dataset, and of all if they are several."""
    both = [*zip(pairs, decisions, strict=True)]
    datasets = [*dict.fromkeys(pair.dataset for pair in pairs)]
    for dataset in datasets:
        yield _measure([each for each in both if each[0].dataset == dataset], dataset)
    if len(datasets) > 1:
        yield _measure(both, "all")


def _measure(both: Sequence[tuple[AnsweredTwice, Decision]], dataset: str) -> GateFigures:
    pairs = [pair for pair, _ in both]
    searches = [searched for _, (searched, _) in both]
    believed = [belief for _, (_, belief) in both]
    final = [p.searched if b else p.direct for p, b in zip(pairs, believed, strict=True)]
    spoiled = [p.direct and not right for p, right in zip(pairs, final, strict=True)]
    passes = [1 + p.passes * s for p, s in zip(pairs, searches, strict=True)]

    def mean(values: Iterable[float]) -> float:
        listed = [*values]
        return sum(listed) / len(listed)

    direct, searched = (mean(getattr(p, name) for p in pairs) for name in ("direct", "searched"))
    return GateFigures(
        dataset,
        len(pairs),
        direct,
        searched,
        mean(final),
        mean(spoiled),
        mean(searches),
        mean(passes),
    )


def _find_label(run: Store, searcher: str | None) -> str:
    """The label of the searched row."""
    labels = [*run.study.variants]
    others = [label for label in labels if label != BASELINE]
    if BASELINE not in labels or not others:
        raise EvaluationError(
            f"The run {str(run.folder)!r} has not both {BASELINE} and a searched row; evaluate a "
            "searcher beside direct."
        )
    if searcher is None and len(others) > 1:
        raise EvaluationError(
            f"The run {str(run.folder)!r} has several searched rows; choose with --searcher: "
            f"{nearest('', others, called='rows')}."
        )
    if searcher is not None and searcher not in others:
        raise EvaluationError(
            f"The run {str(run.folder)!r} has no row {searcher!r}; "
            f"{nearest(searcher, others, called='rows')}."
        )
    return searcher or others[0]


def _read_identity(run: Store, label: str) -> tuple[str, str, str]:
    """What a calibration holds for: the model, the protocol, and the search."""
    manifest = run.manifest
    model = manifest.get("fingerprint") or run.study.model
    resolved: Mapping[str, Any] = manifest["resolved"]["searchers"]
    if label not in resolved:
        raise EvaluationError(
            f"The manifest of {str(run.folder)!r} does not say what {label!r} is; evaluate it anew."
        )
    return model, manifest["protocol"]["digest"], resolved[label]


def _read_pairs(run: Store, label: str) -> tuple[list[AnsweredTwice], int]:
    """The questions with two answers that can be compared, and how many others there are."""
    direct: dict[str, Record] = {}
    searched: dict[str, Record] = {}
    for record in run.records():
        if record.variant in {BASELINE, label}:
            kept = attrs.evolve(record, evidence=tuple(map(_without_map, record.evidence)))
            (direct if record.variant == BASELINE else searched)[record.id] = kept
    pairs = [
        _pair(direct[id], searched[id], run.study.dataset)
        for id in direct
        if id in searched and _is_scored(direct[id]) and _is_scored(searched[id])
    ]
    return pairs, len({*direct, *searched}) - len(pairs)


def _without_map(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in evidence.items() if name != "map"}


def _is_scored(record: Record) -> bool:
    known = record.image and record.question and record.picture  # which older runs lack
    return record.score is not None and len(record.probabilities) > 1 and bool(known)


def _pair(direct: Record, searched: Record, dataset: str) -> AnsweredTwice:
    width, height = searched.image
    first, second = _to_answer(direct), _to_answer(searched)
    return AnsweredTwice(
        item_digest(direct.question, direct.picture),
        dataset,
        (direct.score or 0) >= _RIGHT,
        (searched.score or 0) >= _RIGHT,
        {**describe_direct(first), **describe_both(first, second, width * height)},
        sum(searched.passes.values()),
    )


def _to_answer(record: Record) -> Answer:
    """The record's answer with its boxes; without image and maps, which no gate looks at."""
    seen, shown = decode_evidence(record, maps=False)
    return Answer(
        record.text,
        record.choice,
        findings=shown,
        evidence=seen,
        probabilities=record.probabilities,
    )
