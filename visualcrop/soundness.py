"""What a class must be before it may be called a strategy."""

from __future__ import annotations

import inspect
import re

import attrs

from .errors import PluginError
from .strategy import Strategy

KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KEY = re.compile(r"[A-Za-z]\w*", re.ASCII)
RESERVED = {"true", "false", "none"}


def check(offer: object) -> type[Strategy]:
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
    for field in attrs.fields(offer):
        if field.default is attrs.NOTHING:
            raise PluginError(f"{label} has an option {field.name!r} without a default")
        if field.name in {"name", "kind"}:
            raise PluginError(f"{label} has an option called {field.name!r}, which is reserved")
        if not _KEY.fullmatch(field.name):
            raise PluginError(f"{label} has an option {field.name!r}, which no spec can spell")
    return offer
