"""Probabilities of the choices that come from boxes, and how they meet those of the model."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..geometry import Box
from ..values import Answer, Finding, Question, View

_LEAST = 1e-6  # of a probability: neither side rules a choice out by itself


def say_likeliest(
    question: Question,
    options: Sequence[str],
    probabilities: Sequence[float],
    *,
    findings: Sequence[Finding],
    shown: Sequence[Box],
) -> Answer:
    """
    The likeliest of *options*, said without the model: its letter, if the question has choices.

    What is *shown* is what the answer was read off, be it from the boxes alone.
    """
    best = max(range(len(probabilities)), key=probabilities.__getitem__)
    views = tuple(View(question.image, box) for box in shown)
    if not question.choices:
        return Answer(options[best], findings=tuple(findings), shown=views)
    return Answer(
        question.letters[best],
        best,
        findings=tuple(findings),
        shown=views,
        probabilities=tuple(probabilities),
    )


def reconcile(question: Question, asked: Answer, probabilities: Sequence[float]) -> Answer:
    """
    The model's answer and the boxes' *probabilities*, each as sure as it is.

    The two are multiplied, as independent evidence is. Where the model gave no probabilities, its
    answer stands.
    """
    if len(asked.probabilities) != len(probabilities):
        return asked
    both = multiply(asked.probabilities, probabilities)
    choice = max(range(len(both)), key=both.__getitem__)
    text = asked.text if choice == asked.choice else question.letters[choice]
    return attrs.evolve(asked, text=text, choice=choice, probabilities=both)


def multiply(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    """The product of two distributions over the same things, which sums up to 1 again."""
    products = [max(a, _LEAST) * max(b, _LEAST) for a, b in zip(one, other, strict=True)]
    return normalise(products)


def normalise(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights as parts of their sum."""
    whole = sum(weights)
    return tuple(weight / whole for weight in weights)
