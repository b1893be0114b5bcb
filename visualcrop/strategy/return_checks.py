"""What a plug-in's method returns is looked at, whoever calls it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import PurePath
from types import FunctionType
from typing import Any, ClassVar, TypeAlias

import attrs

from ..errors import PluginError
from .base import OWN_PACKAGE, Strategy, top_package

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
