"""The base of everything a plug-in can add: a named, configurable value."""

from __future__ import annotations

import inspect
import typing
from abc import ABC
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar

import attrs

from ..errors import SpecError, VisualcropError
from .defaults import DatasetDefault
from .type_checks import Coercion

_COERCION = Coercion()


class _Marked:
    """
    Has slots for what the registry notes on a strategy; no two values differ by them.

    `_given` are the options that the spec gave, `_families` the model families that `auto` may
    open. A copy by `attrs.evolve` and a pickled one have neither.
    """

    __slots__ = ("_families", "_given")


@attrs.frozen
class Strategy(_Marked, ABC):
    """
    One named way of doing one job.

    Subclasses are `attrs.frozen`, have a default for every field, and do no
    work in `__init__`. Their fields *are* their options.
    """

    kind: ClassVar[str] = "strategy"
    name: ClassVar[str]
    # A control stands in for a part to show what that part contributes; it is not expected to find
    # anything, and the contract suites do not ask it to.
    is_control: ClassVar[bool] = False

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring: what `visualcrop strategies` prints."""
        return (inspect.getdoc(cls) or "").partition("\n")[0]


def option(
    default: Any, *, help: str, validator: Any = None, on: Mapping[str, Any] | None = None
) -> Any:
    """
    Declare one option: an attrs field with a default and a sentence of help.

    The default may be another *on* a dataset of a name; a model's setting goes before both.

    A value is checked against the annotation, in Python as in a spec, and then by *validator*: a
    function (strategy, attribute, value) that raises SpecError, as attrs has it. `at_least` and
    `between` make two.
    """
    return attrs.field(
        default=default,
        kw_only=True,
        converter=attrs.Converter(_coerce_option, takes_self=True, takes_field=True),
        validator=None if validator is None else _wrap_validator(validator),
        metadata={
            "help": help,
            "default": DatasetDefault(default, on) if on else None,
            "bounds": validator if isinstance(validator, Bounds) else None,
        },
    )


def _coerce_option(value: Any, made: attrs.AttrsInstance, field: attrs.Attribute[Any]) -> Any:
    if value is field.default:  # so that nothing is resolved while modules are imported
        return value
    try:
        wanted = option_types(type(made)).get(field.name, Any)
    except Exception:  # noqa: BLE001 - annotations are evaluated, whoever wrote them
        return value  # the registry refuses to build it, and says why
    label = _label(made)
    try:
        return _COERCION.coerce(value, wanted, f"{label}.{field.name}")
    except SpecError as exc:
        raise SpecError(f"In {label!r}: {exc}.") from exc


def _wrap_validator(validator: Any) -> Any:
    """The same, as one sentence that names the strategy."""
    several = isinstance(validator, list | tuple)
    validate = attrs.validators.and_(*validator) if several else validator

    def check(strategy: Strategy, field: attrs.Attribute[Any], value: object) -> None:
        try:
            validate(strategy, field, value)
        except (ValueError, TypeError, VisualcropError) as exc:
            reason = str(exc).partition("\n")[0].rstrip(".")
            raise SpecError(f"In {_label(strategy)!r}: {reason}.") from exc

    return check


def _label(strategy: object) -> str:
    return getattr(type(strategy), "name", type(strategy).__name__)


@lru_cache(maxsize=1024)
def option_types(cls: type[attrs.AttrsInstance]) -> Mapping[str, Any]:
    """What each option's annotation says."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in attrs.fields(cls)}


def dataset_defaults(cls: type[attrs.AttrsInstance]) -> Mapping[str, DatasetDefault]:
    """Of each option whose default depends on the dataset, how."""
    found = {field.name: field.metadata.get("default") for field in attrs.fields(cls)}
    return {name: how for name, how in found.items() if isinstance(how, DatasetDefault)}


def mark_given(strategy: Strategy, paths: Iterable[str]) -> None:
    """Note which options were given, be it as they are by default: settings leave them alone."""
    object.__setattr__(strategy, "_given", frozenset(paths))


def given_options(strategy: Strategy) -> frozenset[str]:
    """
    Options that were given, by their paths: `targets`, `targets.limit`.

    They are those that a spec names; of a strategy that was made in Python, those that are not as
    they are by default.
    """
    noted: frozenset[str] | None = getattr(strategy, "_given", None)
    if noted is not None:
        return noted
    fields = attrs.fields(type(strategy))
    held = {field.name: getattr(strategy, field.name) for field in fields}
    return frozenset(
        option_paths({f.name: held[f.name] for f in fields if held[f.name] != f.default})
    )


def option_paths(given: Mapping[str, object]) -> Iterator[str]:
    """The path of each option, and of those that were given to the strategies among them."""
    for name, value in given.items():
        yield name
        if isinstance(value, Strategy):
            yield from (f"{name}.{path}" for path in given_options(value))


@attrs.frozen
class Bounds:
    """A validator that says what it allows: the number is from *least* to *most*, if there are."""

    least: float
    most: float | None = None

    def __call__(self, _: object, attribute: attrs.Attribute[Any], value: object) -> None:
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not self._allows(number):
                raise SpecError(f"{attribute.name} must be {self}, not {number}.")

    def _allows(self, number: float) -> bool:
        return number >= self.least if self.most is None else self.least <= number <= self.most

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least:g}"
        return f"from {self.least:g} to {self.most:g}"


def at_least(least: float) -> Bounds:
    """A validator: the number, or each number of a tuple, is at least *least*."""
    return Bounds(least)


def between(least: float, most: float) -> Bounds:
    """A validator: the number, or each of a tuple, is from *least* to *most*, both included."""
    return Bounds(least, most)


def top_package(module: object) -> str:
    """The first part of a module's dotted name: whose code it is."""
    return str(module).partition(".")[0]


OWN_PACKAGE = top_package(__name__)
