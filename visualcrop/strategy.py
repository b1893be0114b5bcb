"""The base of everything a plug-in can add: a named, configurable value."""

from __future__ import annotations

import inspect
from abc import ABC
from typing import Any, ClassVar

import attrs


@attrs.frozen
class Strategy(ABC):
    """
    One named way of doing one job.

    Subclasses are `attrs.frozen`, have a default for every field, and do no
    work in `__init__`. Their fields *are* their options.
    """

    kind: ClassVar[str] = "strategy"
    name: ClassVar[str]

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring: what `visualcrop strategies` prints."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]


def option(default: Any, *, help: str, validator: Any = None) -> Any:
    """Declare one option: an attrs field with a default and a sentence of help."""
    return attrs.field(default=default, kw_only=True, validator=validator, metadata={"help": help})


def at_least(least: float) -> Any:
    """Validate a number, or a choice of numbers, from below."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not number >= least:
                raise ValueError(f"{attribute.name} must be at least {least:g}, not {number}")

    return check


def between(least: float, most: float) -> Any:
    """Validate a number, where there is one, from both sides."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if isinstance(value, int | float) and not least <= value <= most:
            raise ValueError(f"{attribute.name} must be from {least:g} to {most:g}, not {value}")

    return check
