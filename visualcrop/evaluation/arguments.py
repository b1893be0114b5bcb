"""Checks of what a caller in Python gives: a wrong type is one sentence, before anything starts."""

from __future__ import annotations

import os
from pathlib import Path
from types import UnionType

from ..errors import EvaluationError
from ..utils.fields import is_utf8
from ..utils.paths import expand_path


def check_given(name: str, given: object, kinds: type | UnionType, wanted: str) -> None:
    """Refuse what is none of *kinds*; *wanted* says what would be."""
    if isinstance(given, kinds):
        return
    if isinstance(given, type):
        raise EvaluationError(
            f"The {name} cannot be the class {given.__name__}; make an object of it, or give "
            f"{wanted}."
        )
    raise EvaluationError(f"The {name} cannot be of type {type(given).__name__}; give {wanted}.")


def check_count(name: str, given: object, least: int) -> None:
    """Refuse what is neither none nor a whole number from *least* up."""
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise EvaluationError(
            f"The {name} is {str(given)[:50]!r}; give none, or a whole number from {least} up."
        )


def to_folder(name: str, given: object) -> Path:
    """The path of a folder that a caller names."""
    check_given(name, given, str | os.PathLike, "the path of a folder")
    place = os.fspath(given) if isinstance(given, str | os.PathLike) else ""
    if not isinstance(place, str) or not place.strip() or "\0" in place or not is_utf8(place):
        raise EvaluationError(f"The {name} is {place[:50]!r}; give the path of a folder.")
    return expand_path(place)
