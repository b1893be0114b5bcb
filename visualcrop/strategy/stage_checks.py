"""Checks of what each stage returns, and the error where it is something else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from numbers import Real
from typing import Any, TypeVar

import attrs

from ..geometry import Box
from ..values import Answer, Proposal, Question, RelevanceMap, Target
from .return_checks import Promise

T = TypeVar("T")
_SLACK = 1e-6  # by which a confidence in single precision may miss its bounds
_NOT_FINITE = "if the model's own numbers are not finite, try another dtype"


def a(promise: Promise, wanted: type[T], given: object) -> T:
    """One value of a type."""
    if not isinstance(given, wanted):
        raise promise.broken(f"{_kind(given)} instead of {_named(wanted)}")
    return given


def some(promise: Promise, wanted: type[T], given: object) -> tuple[T, ...]:
    """A tuple, or a list, of a type."""
    if not isinstance(given, tuple | list):
        raise promise.broken(f"{_kind(given)} instead of a tuple of {wanted.__name__}")
    for each in given:
        if not isinstance(each, wanted):
            raise promise.broken(f"a tuple with {_kind(each)} instead of {_named(wanted)} in it")
    return tuple(given)


def targets(promise: Promise, given: object, *_: object) -> tuple[Target, ...]:
    """Things to look for."""
    return some(promise, Target, given)


def relevance(promise: Promise, given: object, *_: object) -> RelevanceMap:
    """A map, whose scores are finite: it checks that itself."""
    return a(promise, RelevanceMap, given)


def proposals(promise: Promise, given: object, over: RelevanceMap) -> tuple[Proposal, ...]:
    """Boxes that lie in the map."""
    found = some(promise, Proposal, given)
    _check_inside(promise, (proposal.box for proposal in found), over.grid.box, "the map over")
    return found


def confidences(
    promise: Promise, given: object, views: Sequence[object], *_: object
) -> tuple[Any, ...]:
    """One for each view, from -1 to 1; none where nobody was asked."""
    if not isinstance(given, tuple | list):
        raise promise.broken(f"{_kind(given)} instead of a tuple of numbers")
    if len(given) != len(views):
        raise promise.broken(f"{len(given)} confidences for {len(views)} views")
    return tuple(None if sure is None else _confidence(promise, sure) for sure in given)


def answer(promise: Promise, given: object, question: Question, *_: object) -> Answer:
    """An answer to *question*, whose boxes lie in its image."""
    answer, choices = a(promise, Answer, given), len(question.choices)
    if answer.choice is not None and answer.choice >= choices:
        raise promise.broken(f"the choice {answer.choice} of a question with {choices} choices")
    seen = chain(answer.findings, *(evidence.findings for evidence in answer.evidence))
    boxes = (finding.box for finding in seen)
    _check_inside(promise, boxes, question.image.box, "the image")
    return answer


def searched(promise: Promise, given: object, question: Question, *_: object) -> Answer:
    """An answer; if the search looks for targets, and had none, it says so."""
    found = answer(promise, given, question)
    strategy, fields = promise.strategy, attrs.fields(type(promise.strategy))
    kinds = {getattr(getattr(strategy, field.name), "kind", "") for field in fields}
    seen = found.findings or found.evidence or found.exhausted
    nothing = not seen and all(view.box == view.image.box for view in found.shown)
    return attrs.evolve(found, untargeted=True) if nothing and "targets" in kinds else found


def one_for_each(
    promise: Promise, given: object, _: object, wanted: Sequence[object], *__: object
) -> Iterator[RelevanceMap]:
    """As many maps as targets, each looked at as it comes."""
    if not isinstance(given, Iterable):
        raise promise.broken(f"{_kind(given)} instead of maps")
    count = 0
    for count, each in enumerate(given, 1):
        if count > len(wanted):
            break
        yield a(promise, RelevanceMap, each)
    if count != len(wanted):
        more = "more than " if count > len(wanted) else ""
        given = len(wanted) if more else count
        raise promise.broken(f"{more}{given} maps for {len(wanted)} targets")


def _confidence(promise: Promise, sure: Any) -> float:
    number: Any = sure.item() if getattr(sure, "ndim", None) == 0 else sure
    if isinstance(number, bool) or not isinstance(number, Real):
        raise promise.broken(f"{_kind(number)} as a confidence instead of a number")
    number = float(number)
    if not math.isfinite(number) or abs(number) > 1 + _SLACK:
        raise promise.broken(
            f"the confidence {number:g}, which is not from -1 to 1",
            "" if math.isfinite(number) else _NOT_FINITE,
        )
    held: float = max(-1.0, min(number, 1.0))
    return held


def _check_inside(promise: Promise, boxes: Iterable[Box], whole: Box, what: str) -> None:
    for box in boxes:
        if not box.lies_in(whole):
            raise promise.broken(f"the box {box}, which does not lie in {what} {whole}")


def _kind(given: object) -> str:
    return _named(type(given))


def _named(kind: type[Any]) -> str:
    return f"a{'n' if kind.__name__[0] in 'aeiouA' else ''} {kind.__name__}"
