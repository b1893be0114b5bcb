"""Files of the viewer and of the look of all pages: style sheets and ES modules."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "viewer"
"""Where the files of the viewer and of the look of pages lie, to be served as they are."""

_IMPORT = re.compile(r'^import (\{[^{}]*\}) from "\./([\w.-]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:class|function|const|let)) (\w+)", re.MULTILINE)


@cache
def read_asset(name: str) -> str:
    """The text of a file of `FOLDER`, such as `look.css`."""
    return (FOLDER / name).read_text("utf-8")


@cache
def bundle_modules(name: str) -> str:
    """A module and all that it imports as one script, which a page opened from a file can run."""
    order: dict[str, None] = {}
    _collect(name, order)
    modules = "\n".join(map(_wrap, order))
    return f'(() => {{\n"use strict";\nconst modules = {{}};\n{modules}}})();\n'


def _collect(name: str, order: dict[str, None]) -> None:
    """Note *name* after what it imports."""
    for _, other in _IMPORT.findall(read_asset(name)):
        if other not in order:
            _collect(other, order)
    order[name] = None


def _wrap(name: str) -> str:
    """A module as a function that returns its exports, so that its other names are its own."""
    text = read_asset(name)
    exported = ", ".join(found for _, found in _EXPORT.findall(text))
    text = _IMPORT.sub(r'const \1 = modules["\2"];', text)
    text = _EXPORT.sub(r"\1 \2", text)
    return f'modules["{name}"] = (() => {{\n{text}return {{ {exported} }};\n}})();\n'
