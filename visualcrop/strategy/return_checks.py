"""Checks of what a strategy's methods return, whoever calls them; errors name the plug-in."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain
from numbers import Real
from pathlib import PurePath
from types import FunctionType
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs

from ..errors import PluginError
from ..geometry import Box
from ..values import Answer, Proposal, Question, RelevanceMap, Target
from .base import OWN_PACKAGE, Strategy, top_package

T = TypeVar("T")
_SLACK = 1e-6  # by which a confidence in single precision may miss its bounds
_NOT_FINITE = "if the model's own numbers are not finite, try another dtype"


def check_type(promise: Promise, wanted: type[T], given: object) -> T:
    """One value of a type."""
    if not isinstance(given, wanted):
        raise promise.broken(f"{_kind(given)} instead of {_named(wanted)}")
    return given


def check_tuple(promise: Promise, wanted: type[T], given: object) -> tuple[T, ...]:
    """A tuple, or a list, of a type."""
    if not isinstance(given, tuple | list):
        raise promise.broken(f"{_kind(given)} instead of a tuple of {wanted.__name__}")
    for each in given:
        if not isinstance(each, wanted):
            raise promise.broken(f"a tuple with {_kind(each)} instead of {_named(wanted)} in it")
    return tuple(given)


def check_targets(promise: Promise, given: object, *_: object) -> tuple[Target, ...]:
    """Things to look for."""
    return check_tuple(promise, Target, given)


def check_map(promise: Promise, given: object, *_: object) -> RelevanceMap:
    """A map, whose scores are finite: it checks that itself."""
    return check_type(promise, RelevanceMap, given)


def check_proposals(promise: Promise, given: object, over: RelevanceMap) -> tuple[Proposal, ...]:
    """Boxes that lie in the map."""
    found = check_tuple(promise, Proposal, given)
    _check_inside(promise, (proposal.box for proposal in found), over.grid.box, "the map over")
    return found


def check_confidences(
    promise: Promise, given: object, views: Sequence[object], *_: object
) -> tuple[Any, ...]:
    """One for each view, from -1 to 1; none where nobody was asked."""
    if not isinstance(given, tuple | list):
        raise promise.broken(f"{_kind(given)} instead of a tuple of numbers")
    if len(given) != len(views):
        raise promise.broken(f"{len(given)} confidences for {len(views)} views")
    return tuple(None if sure is None else _confidence(promise, sure) for sure in given)


def check_answer(promise: Promise, given: object, question: Question, *_: object) -> Answer:
    """An answer to *question*, whose boxes lie in its image."""
    answer, choices = check_type(promise, Answer, given), len(question.choices)
    if answer.choice is not None and answer.choice >= choices:
        raise promise.broken(f"the choice {answer.choice} of a question with {choices} choices")
    seen = chain(answer.findings, *(evidence.findings for evidence in answer.evidence))
    boxes = (finding.box for finding in seen)
    _check_inside(promise, boxes, question.image.box, "the image")
    return answer


def check_searched(promise: Promise, given: object, question: Question, *_: object) -> Answer:
    """An answer; if the search looks for targets, and had none, it says so."""
    found = check_answer(promise, given, question)
    strategy, fields = promise.strategy, attrs.fields(type(promise.strategy))
    kinds = {getattr(getattr(strategy, field.name), "kind", "") for field in fields}
    seen = found.findings or found.evidence or found.exhausted
    nothing = not seen and all(view.box == view.image.box for view in found.shown)
    return attrs.evolve(found, untargeted=True) if nothing and "targets" in kinds else found


def check_maps(
    promise: Promise, given: object, _: object, wanted: Sequence[object], *__: object
) -> Iterator[RelevanceMap]:
    """As many maps as targets, each looked at as it comes."""
    if not isinstance(given, Iterable):
        raise promise.broken(f"{_kind(given)} instead of maps")
    count = 0
    for count, each in enumerate(given, 1):
        if count > len(wanted):
            break
        yield check_type(promise, RelevanceMap, each)
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


Check: TypeAlias = Callable[..., Any]  # of a `Promise`, what is returned, and the arguments


@attrs.frozen
class Promise:
    """A method of a strategy, which has to return what its interface says."""

    strategy: Strategy
    method: Callable[..., Any]

    def broken(self, returned: str, hint: str = "") -> PluginError:
        """What to raise where it *returned* something else."""
        code = inspect.unwrap(self.method).__code__
        place = f"{PurePath(code.co_filename).name}:{code.co_firstlineno}"
        ours = top_package(type(self.strategy).__module__) == OWN_PACKAGE
        end = hint if ours else "mend its plug-in"
        return PluginError(
            f"The {self.strategy.kind} {self.strategy.name!r} ({place}) returned {returned}"
            f"{end and '; '}{end}."
        )


class Stage(Strategy):
    """A strategy whose methods are held to what they promise, whoever calls them."""

    _promised: ClassVar[Mapping[str, Check]] = {}

    def __init_subclass__(cls, **promised: Check) -> None:
        super().__init_subclass__()
        cls._promised = {**cls._promised, **promised}
        for verb, check in cls._promised.items():
            hold(cls, verb, check)


def hold(cls: type[Strategy], verb: str, check: Check) -> None:
    """Let *check* see, and give on, what the method *verb* that *cls* defines returns."""
    method = vars(cls).get(verb)
    if not isinstance(method, FunctionType) or hasattr(method, "__isabstractmethod__"):
        return
    if not hasattr(method, "__held__"):  # attrs makes a class twice, the second time with slots
        setattr(cls, verb, _held(method, check))


def _held(method: FunctionType, check: Check) -> Any:
    owner: object = None

    def held(self: Any, *args: Any, **named: Any) -> Any:
        _ = owner  # see below
        if named:
            args = inspect.signature(method).bind(self, *args, **named).args[1:]
        return check(Promise(self, method), method(self, *args), *args)

    # Without arguments, `super()` reads its class from a cell of the method. When attrs makes the
    # class anew it rewrites the cells of what stands in the class: this one holds the same.
    theirs = dict(zip(method.__code__.co_freevars, method.__closure__ or (), strict=True))
    if "__class__" in theirs:
        names, cells = held.__code__.co_freevars, held.__closure__ or ()
        ours = dict(zip(names, cells, strict=True)) | {"owner": theirs["__class__"]}
        closure = tuple(ours[name] for name in names)
        held = FunctionType(held.__code__, held.__globals__, method.__name__, None, closure)
    known: Any = wraps(method)(held)
    known.__held__ = True
    return known
