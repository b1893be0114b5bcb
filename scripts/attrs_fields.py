"""Shows mkdocstrings the fields of attrs classes: a signature, and the comment of each."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import attrs
import griffe


class AttrsFields(griffe.Extension):
    """Gives each attrs class the `__init__` that attrs will write, and a list of its fields."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Do so for every class of the package."""
        for found in _classes(pkg):
            cls: Any = getattr(importlib.import_module(found.module.path), found.name, None)
            if "__attrs_attrs__" in vars(cls or object):
                _describe(found, attrs.fields(cls))


def _classes(module: griffe.Module) -> Iterator[griffe.Class]:
    for member in module.members.values():
        if isinstance(member, griffe.Module):
            yield from _classes(member)
        elif isinstance(member, griffe.Class):
            yield member


def _describe(found: griffe.Class, fields: tuple[attrs.Attribute[Any], ...]) -> None:
    shown = [field for field in fields if not is_internal(field)]
    members = {field.name: found.all_members[field.name] for field in shown}
    parameters = [_parameter(field, members[field.name]) for field in shown if field.init]
    itself = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    init = griffe.Function(
        "__init__", parent=found, parameters=griffe.Parameters(itself, *parameters)
    )
    found.set_member("__init__", init)
    comments = {
        name: _comment(member) for name, member in members.items() if not name.startswith("_")
    }
    lines = [f"    {name}: {comment}" for name, comment in comments.items() if comment]
    if lines and found.docstring:
        found.docstring.value += "\n\nAttributes:\n" + "\n".join(lines)


def is_internal(field: attrs.Attribute[Any]) -> bool:
    """Whether only visualcrop itself sets the field: it is private, and given by name."""
    return field.kw_only and field.name.startswith("_")


def _parameter(field: attrs.Attribute[Any], member: Any) -> griffe.Parameter:
    made = "field(" in str(member.value) or "option(" in str(member.value)
    default: Any = field.default
    if hasattr(default, "factory"):
        shown = f"{default.factory.__name__}()"
    else:
        shown = repr(default) if made else member.value
    kinds = griffe.ParameterKind
    return griffe.Parameter(
        field.alias or field.name,
        annotation=member.annotation,
        kind=kinds.keyword_only if field.kw_only else kinds.positional_or_keyword,
        default=None if default is attrs.NOTHING else shown,
    )


def _comment(member: Any) -> str:
    """The comment at the end of the field's line, else the lines of comment above it."""
    lines = member.filepath.read_text("utf-8").splitlines()
    first = member.lineno - 1
    if beside := str(lines[first].partition("  # ")[2]):
        return beside
    above = takewhile(lambda line: line.startswith("#"), map(str.strip, reversed(lines[:first])))
    return " ".join(line.lstrip("# ") for line in reversed([*above]))
