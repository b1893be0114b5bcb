"""What a form needs to know to offer every searcher with every option."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from visualcrop import VisualSearch
from visualcrop.plugin import Registry, Searcher, Spec, Strategy

from .errors import RequestError
from .searchers import Searchers, may_set_text

_PLAIN = {str: "text", int: "integer", float: "number", bool: "boolean"}


def describe_searchers(searchers: Searchers) -> dict[str, Any]:
    """
    Every searcher, and every strategy that one of their options may hold, by kind.

    A searcher's `settled` are its options as they are with the server's model, by path: the model's
    settings differ from the defaults. A server that has fixed searchers offers those alone.
    """
    if searchers.fixed:
        own = [_describe_fixed(spec, each) for spec, each in searchers.own.items()]
        return {"searchers": own, "kinds": {}}
    registry = searchers.registry
    offered = [entry.strategy for entry in registry if entry.strategy.kind == Searcher.kind]
    kinds: dict[str, list[dict[str, Any]]] = {}
    waiting = [kind for cls in offered for kind in _kinds_of(cls)]
    while waiting:
        kind = waiting.pop()
        if kind not in kinds:
            found = [entry.strategy for entry in registry if entry.strategy.kind == kind]
            kinds[kind] = [_describe(registry, cls) for cls in found]
            waiting.extend(inner for cls in found for inner in _kinds_of(cls))
    own = [_describe(registry, cls) | {"settled": _settle(searchers, cls)} for cls in offered]
    return {"searchers": own, "kinds": kinds}


def _describe_fixed(spec: str, search: VisualSearch) -> dict[str, Any]:
    summary = search.searcher.summary()
    return {"name": spec, "summary": summary, "doc": summary, "options": [], "settled": {}}


def list_options(strategy: Strategy, above: str = "") -> Iterator[tuple[str, str]]:
    """Path and value of every option, those of the strategies within included."""
    spec = Spec.of(strategy)
    for name, value in spec.options:
        path, held = f"{above}{name}", getattr(strategy, name)
        if isinstance(held, Strategy):
            yield path, held.name
            yield from list_options(held, f"{path}.")
        else:
            yield path, _format(name, value)


def _format(name: str, value: Any) -> str:
    """One value as a spec writes it."""
    return str(Spec("", ((name, value),))).removeprefix(f"({name}=")[:-1]


def _settle(searchers: Searchers, cls: type[Strategy]) -> dict[str, str]:
    """The searcher's options with the model's settings; empty where it cannot be built."""
    with suppress(RequestError):
        return dict(list_options(searchers.get(cls.name, "searcher").searcher))
    return {}


def _describe(registry: Registry, cls: type[Strategy]) -> dict[str, Any]:
    return {
        "name": cls.name,
        "summary": cls.summary(),
        "doc": inspect.getdoc(cls) or "",
        "control": cls.is_control,
        "options": [_describe_option(registry, *pair) for pair in _settable(cls)],
    }


def _settable(cls: type[Strategy]) -> Iterator[tuple[attrs.Attribute[Any], Any]]:
    """Options that a request may set: neither files nor other models."""
    for field, hint in _fields(cls):
        interface, is_text = _find_interface(hint), str in _members(hint)
        if is_text and not may_set_text(cls, field.name):
            continue
        if interface is None or interface.kind != "model":
            yield field, hint


def _members(hint: Any) -> tuple[Any, ...]:
    """The types of a union, or the only one."""
    return get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)


def _fields(cls: type[Strategy]) -> Iterator[tuple[attrs.Attribute[Any], Any]]:
    """Each option with its type."""
    hints = get_type_hints(cls)
    return ((field, hints[field.name]) for field in attrs.fields(cls))


def _kinds_of(cls: type[Strategy]) -> Iterator[str]:
    """The kinds of strategies that options of *cls* hold; a model is no part of a search."""
    for _, hint in _fields(cls):
        interface = _find_interface(hint)
        if interface is not None and interface.kind != "model":
            yield interface.kind


def _find_interface(hint: Any) -> type[Strategy] | None:
    found = (
        each for each in _members(hint) if inspect.isclass(each) and issubclass(each, Strategy)
    )
    return next(found, None)


def _describe_option(
    registry: Registry, field: attrs.Attribute[Any], hint: Any
) -> Mapping[str, Any]:
    members = _members(hint)
    bounds, interface = field.metadata.get("bounds"), _find_interface(hint)
    nested = interface is not None and interface.kind != "model"
    default = Spec.of(field.default).name if nested and field.default else None
    return {
        "name": field.name,
        "type": "strategy" if nested else _name_type(members),
        "kind": interface.kind if interface is not None and nested else None,
        "default": default or _format(field.name, _to_value(field.default)),
        "help": field.metadata.get("help", ""),
        "choices": _list_choices(registry, interface if nested else None, members),
        "optional": type(None) in members,
        "least": bounds and bounds.least,
        "most": bounds and bounds.most,
    }


def _to_value(default: Any) -> Any:
    if isinstance(default, tuple):
        return tuple(map(_to_value, default))
    return Spec.of(default) if isinstance(default, Strategy) else default


def _name_type(members: tuple[Any, ...]) -> str:
    """`choice`, a plain type, or `value`: whatever a spec can write."""
    known = [member for member in members if member is not type(None)]
    if len(known) != 1:
        return "value"
    return "choice" if get_origin(known[0]) is Literal else _PLAIN.get(known[0], "value")


def _list_choices(
    registry: Registry, interface: type[Strategy] | None, members: tuple[Any, ...]
) -> list[str] | None:
    if interface is not None:
        fit = (e.strategy for e in registry if e.strategy.kind == interface.kind)
        return [cls.name for cls in fit if issubclass(cls, interface)]
    literals = [member for member in members if get_origin(member) is Literal]
    if not literals or len(members) - len(literals) - (type(None) in members):
        return None
    return [_format("", word) for literal in literals for word in get_args(literal)]
