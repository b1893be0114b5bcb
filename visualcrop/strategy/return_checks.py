"""
Checks of what a strategy's methods return, whoever calls them.

`check_returns` puts a check around a method when its class is made; the checks of the stages'
methods are below it.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain
from numbers import Integral, Real
from pathlib import PurePath
from types import FunctionType
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs

from ..errors import PluginError
from ..geometry import Box
from ..image import Image, ImageRef
from ..values import Answer, Evidence, Proposal, Question, RelevanceMap, Target, View
from .base import OWN_PACKAGE, Strategy, top_package

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Check: TypeAlias = Callable[..., Any]  # (MethodCall, returned value, *arguments) -> the value
_SLACK = 1e-6  # by which a confidence in single precision may miss its bounds
_NOT_FINITE = "if the model's own numbers are not finite, try another dtype"


@attrs.frozen
class MethodCall:
    """A call of a strategy's method, to name in an error."""

    strategy: Strategy
    method: Callable[..., Any]

    def error(self, returned: str, hint: str = "") -> PluginError:
        """What to raise where the method *returned* what its interface does not allow."""
        code = inspect.unwrap(self.method).__code__
        place = f"{PurePath(code.co_filename).name}:{code.co_firstlineno}"
        ours = top_package(type(self.strategy).__module__) == OWN_PACKAGE
        end = hint if ours else "mend its plug-in"
        return PluginError(
            f"The {self.strategy.kind} {self.strategy.name!r} ({place}) returned {returned}"
            f"{end and '; '}{end}."
        )


class Stage(Strategy):
    """A strategy with a check for what each of its methods returns, by the method's name."""

    _checks: ClassVar[Mapping[str, Check]] = {}

    def __init_subclass__(cls, **checks: Check) -> None:
        super().__init_subclass__()
        cls._checks = {**cls._checks, **checks}
        for name, check in cls._checks.items():
            check_returns(cls, name, check)


def defers(method: F) -> F:
    """Mark a default that returns what a checked method returns: that is not checked twice."""
    vars(method)["__checked__"] = True
    return method


def check_returns(cls: type[Strategy], name: str, check: Check) -> None:
    """Pass what the method *name* of *cls* returns through *check*, if *cls* itself defines it."""
    method = vars(cls).get(name)
    if not isinstance(method, FunctionType) or hasattr(method, "__isabstractmethod__"):
        return
    if not hasattr(method, "__checked__"):  # attrs makes a class twice, the second time with slots
        setattr(cls, name, _wrap_method(method, check))


def _wrap_method(method: FunctionType, check: Check) -> Any:
    owner: object = None

    def checked(self: Any, *args: Any, **named: Any) -> Any:
        _ = owner  # see below
        if named:
            args = inspect.signature(method).bind(self, *args, **named).args[1:]
        return check(MethodCall(self, method), method(self, *args), *args)

    # Without arguments, `super()` reads its class from a cell of the method. When attrs makes the
    # class anew it rewrites the cells of what stands in the class: this one holds the same.
    theirs = dict(zip(method.__code__.co_freevars, method.__closure__ or (), strict=True))
    if "__class__" in theirs:
        names, cells = checked.__code__.co_freevars, checked.__closure__ or ()
        ours = dict(zip(names, cells, strict=True)) | {"owner": theirs["__class__"]}
        closure = tuple(ours[name] for name in names)
        checked = FunctionType(
            checked.__code__, checked.__globals__, method.__name__, None, closure
        )
    wrapped: Any = wraps(method)(checked)
    wrapped.__checked__ = True
    return wrapped


def check_type(call: MethodCall, wanted: type[T], returned: object) -> T:
    """The value, if it is a *wanted*."""
    if not isinstance(returned, wanted):
        raise call.error(f"{_kind(returned)} instead of {_named(wanted)}")
    return returned


def check_tuple(call: MethodCall, wanted: type[T], returned: object) -> tuple[T, ...]:
    """A tuple of *wanted*, from a tuple or a list."""
    if not isinstance(returned, tuple | list):
        raise call.error(f"{_kind(returned)} instead of a tuple of {wanted.__name__}")
    for each in returned:
        if not isinstance(each, wanted):
            raise call.error(f"a tuple with {_kind(each)} instead of {_named(wanted)} in it")
    return tuple(returned)


def check_targets(call: MethodCall, returned: object, *_: object) -> tuple[Target, ...]:
    """The targets of an extractor."""
    return check_tuple(call, Target, returned)


def check_map(call: MethodCall, returned: object, over: View, *_: object) -> RelevanceMap:
    """A map, which knows the image of *over* from then on; its scores it checks itself."""
    found, image = check_type(call, RelevanceMap, returned), over.image
    return found if found.has_image else found.with_image(ImageRef(lambda: image))


def check_proposals(call: MethodCall, returned: object, over: RelevanceMap) -> tuple[Proposal, ...]:
    """Proposals whose boxes lie in the map *over* which they were made."""
    found = check_tuple(call, Proposal, returned)
    _check_inside(call, (proposal.box for proposal in found), over.grid.box, "the map over")
    return found


def check_confidences(
    call: MethodCall, returned: object, views: Sequence[object], *_: object
) -> tuple[Any, ...]:
    """One for each view, from -1 to 1; none where the model was not asked."""
    if not isinstance(returned, tuple | list):
        raise call.error(f"{_kind(returned)} instead of a tuple of numbers")
    if len(returned) != len(views):
        raise call.error(f"{len(returned)} confidences for {len(views)} views")
    return tuple(None if value is None else _check_confidence(call, value) for value in returned)


def check_count(
    call: MethodCall, returned: Any, confidences: Sequence[object], _: object, views: int
) -> int:
    """How many of the *views* to ask about, after those that have *confidences*."""
    left = views - len(confidences)
    is_whole = isinstance(returned, Integral) and not isinstance(returned, bool)  # NumPy's, too
    if not is_whole or not 0 <= returned <= left:
        raise call.error(f"{returned!r} as a number of views instead of 0 to {left}")
    return int(returned)


def check_answer(call: MethodCall, returned: object, question: Question, *_: object) -> Answer:
    """An answer to *question*, whose boxes lie in its image."""
    answer, choices = check_type(call, Answer, returned), len(question.choices)
    if answer.choice is not None and answer.choice >= choices:
        raise call.error(f"the choice {answer.choice} of a question with {choices} choices")
    if answer.probabilities and len(answer.probabilities) != choices:
        raise call.error(
            f"{len(answer.probabilities)} probabilities for a question with {choices} choices"
        )
    if answer.audit:
        _check_inside(call, answer.audit.boxes, question.image.box, "the image")
    seen = chain(answer.findings, *(evidence.findings for evidence in answer.evidence))
    boxes = (finding.box for finding in seen)
    _check_inside(call, boxes, question.image.box, "the image")
    return answer


def check_detected(call: MethodCall, returned: object, image: Image, *_: object) -> Evidence:
    """Evidence whose boxes lie in *image*."""
    found = check_type(call, Evidence, returned)
    _check_inside(call, (finding.box for finding in found.findings), image.box, "the image")
    return found


def check_searched(call: MethodCall, returned: object, question: Question, *_: object) -> Answer:
    """An answer, marked as untargeted if the searcher has a target extractor that found none."""
    found = check_answer(call, returned, question)
    strategy, fields = call.strategy, attrs.fields(type(call.strategy))
    kinds = {getattr(getattr(strategy, field.name), "kind", "") for field in fields}
    seen = found.findings or found.evidence or found.exhausted
    nothing = not seen and all(view.box == view.image.box for view in found.shown)
    return attrs.evolve(found, untargeted=True) if nothing and "targets" in kinds else found


def check_maps(
    call: MethodCall, returned: object, over: View, wanted: Sequence[object], *_: object
) -> Iterator[RelevanceMap]:
    """As many maps as targets, each checked as it comes."""
    if not isinstance(returned, Iterable):
        raise call.error(f"{_kind(returned)} instead of maps")
    count = 0
    for count, each in enumerate(returned, 1):
        if count > len(wanted):
            break
        yield check_map(call, each, over)
    if count != len(wanted):
        more = "more than " if count > len(wanted) else ""
        shown = len(wanted) if more else count
        raise call.error(f"{more}{shown} maps for {len(wanted)} targets")


def _check_confidence(call: MethodCall, value: Any) -> float:
    number: Any = value.item() if getattr(value, "ndim", None) == 0 else value
    if isinstance(number, bool) or not isinstance(number, Real):
        raise call.error(f"{_kind(number)} as a confidence instead of a number")
    number = float(number)
    if not math.isfinite(number) or abs(number) > 1 + _SLACK:
        raise call.error(
            f"the confidence {number:g}, which is not from -1 to 1",
            "" if math.isfinite(number) else _NOT_FINITE,
        )
    confidence: float = max(-1.0, min(number, 1.0))
    return confidence


def _check_inside(call: MethodCall, boxes: Iterable[Box], whole: Box, what: str) -> None:
    for box in boxes:
        if not box.lies_in(whole):
            raise call.error(f"the box {box}, which does not lie in {what} {whole}")


def _kind(returned: object) -> str:
    return _named(type(returned))


def _named(kind: type[Any]) -> str:
    return f"a{'n' if kind.__name__[0] in 'aeiouA' else ''} {kind.__name__}"
