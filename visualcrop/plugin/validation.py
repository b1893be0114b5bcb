"""Checks of the classes that plug-ins offer, before they are registered."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import FunctionType as Function

import attrs

from ..errors import PluginError
from ..models.families.base import Family
from ..strategy.base import Strategy

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEY = re.compile(r"[A-Za-z]\w*", re.ASCII)
RESERVED = {"true", "false", "none"}


def check_strategy(offer: object) -> type[Strategy]:
    """Give *offer* back if it is a strategy class that can be registered."""
    if not (inspect.isclass(offer) and issubclass(offer, Strategy)):
        raise PluginError(f"it offers {offer!r}, which is not a Strategy class")
    label = f"its class {offer.__name__}"
    if inspect.isabstract(offer):
        missing = ", ".join(sorted(offer.__abstractmethods__))
        raise PluginError(f"{label} does not define {missing}")
    if "__attrs_attrs__" not in vars(offer):
        raise PluginError(f"{label} is not decorated with @attrs.frozen")
    name = getattr(offer, "name", None)
    if not (isinstance(name, str) and KEBAB.fullmatch(name)) or name in RESERVED:
        raise PluginError(f"{label} is called {name!r}, but a name is lower-case-with-dashes")
    _check_options(offer, label)
    if issubclass(offer, Family):
        _check_model_types(offer, label)
    for method, promised in _interface_methods(offer):
        _check_method(method, promised, label)
    return offer


def _check_options(offer: type[Strategy], label: str) -> None:
    for field in attrs.fields(offer):
        if field.default is attrs.NOTHING:
            raise PluginError(f"{label} has an option {field.name!r} without a default")
        if field.name in {"name", "kind"}:
            raise PluginError(f"{label} has an option called {field.name!r}, which is reserved")
        if not _KEY.fullmatch(field.name):
            raise PluginError(f"{label} has an option {field.name!r}, which no spec can spell")


def _check_model_types(offer: type[Family], label: str) -> None:
    types = getattr(offer, "model_types", None)
    named = isinstance(types, tuple) and all(isinstance(each, str) and each for each in types)
    if not (named and (types or offer.any_type)):
        raise PluginError(
            f"{label} has model_types {types!r}, which has to be a tuple of what config.json calls "
            "its checkpoints"
        )


def _interface_methods(offer: type[Strategy]) -> Iterator[tuple[Function, Function]]:
    """Each abstract method of the interfaces as *offer* defines it, and as the interface does."""
    for base in offer.__mro__:
        for name, promised in vars(base).items():
            if not (inspect.isfunction(promised) and hasattr(promised, "__isabstractmethod__")):
                continue
            method = inspect.getattr_static(offer, name)
            if inspect.isfunction(method):
                yield method, promised


def _check_method(method: Function, promised: Function, label: str) -> None:
    if not _accepts_arguments(method, promised):
        shown, wanted = _format_signature(method), _format_signature(promised)
        raise PluginError(f"{label} defines {shown}, but is called as {wanted}")


def _accepts_arguments(method: Function, promised: Function) -> bool:
    """Whether *method* can be called with what *promised* is called with, whatever the names."""
    given = inspect.signature(promised).parameters.values()
    named = {each.name: each for each in given if each.kind is each.KEYWORD_ONLY}
    try:
        inspect.signature(method).bind(*(each for each in given if each.name not in named), **named)
    except TypeError:
        return False
    return True


def _format_signature(method: Function) -> str:
    return f"{method.__name__}({', '.join(inspect.signature(method).parameters)})"
