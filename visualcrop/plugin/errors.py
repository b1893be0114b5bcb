"""Whose strategy an error comes from, which a traceback tells."""

from __future__ import annotations

import traceback
from pathlib import PurePath

from ..errors import GeometryError, ResultError, VisualcropError
from ..strategy.base import OWN_PACKAGE, Strategy, top_package


def explain_plugin_error(exc: BaseException) -> str:
    """What a plug-in's strategy did wrong, with its name, file and line; empty if none did."""
    who = _find_raiser(exc)
    if isinstance(exc, GeometryError | ResultError):  # what was made wrongly, a box say
        return f"{who}: {exc}" if who else ""
    if not who or isinstance(exc, VisualcropError):
        return ""
    reason = str(exc).partition("\n")[0]
    return f"{who} raised {type(exc).__name__}{reason and ': '}{reason}".rstrip(".")


def _find_raiser(exc: BaseException) -> str:
    """The innermost strategy that does not come with visualcrop, and the line it had come to."""
    name = place = package = ""
    for frame, line in traceback.walk_tb(exc.__traceback__):
        here = top_package(frame.f_globals.get("__name__"))
        strategy = frame.f_locals.get("self")
        if isinstance(strategy, Strategy):
            theirs = top_package(type(strategy).__module__)
            if theirs != OWN_PACKAGE:
                name, here, package = strategy.name, theirs, theirs
        if package and here == package:
            place = f"{PurePath(frame.f_code.co_filename).name}:{line}"
    return name and f"{name} ({place})"
