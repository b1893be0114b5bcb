"""
Repairs after a fork: a child has no thread but the one that forked, so it needs new locks.

torch does not support a fork while its own threads compute; neither does this package.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import MethodType
from typing import Any
from weakref import WeakKeyDictionary

_methods: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()
_functions: list[Callable[[], None]] = []


def after_fork_in_child(callback: Callable[[], None]) -> None:
    """Call *callback* in every forked child; if it is a method, for as long as its object lives."""
    if isinstance(callback, MethodType):
        _methods[callback.__self__] = callback.__func__
    else:
        _functions.append(callback)


def _run_after_fork() -> None:
    for callback in _functions:
        callback()
    for holder, method in list(_methods.items()):
        method(holder)


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_run_after_fork)
