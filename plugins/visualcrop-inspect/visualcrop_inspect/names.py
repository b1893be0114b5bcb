"""Model names such as `tiny@focus(steps=4)`, and specs that Inspect's commands split at commas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from visualcrop.errors import SpecError

DEFAULT_SEARCHER = "focus"
Argument: TypeAlias = str | Sequence[object] | None


def split_model_name(name: str) -> tuple[str, str | None]:
    """`MODEL@SEARCHER` in its two parts; the searcher is none without one."""
    model, at, searcher = name.partition("@")
    if "(" in model:  # an "@" within the model's own options is not the one
        end = _find_closing(name)
        model, (at, searcher) = name[:end], (name[end : end + 1], name[end + 1 :])
    if at not in {"", "@"} or not model or (at and not searcher):
        raise SpecError(
            f"{name!r} names no model; write MODEL or MODEL@SEARCHER, as in visualcrop/tiny@focus."
        )
    return model, searcher or None


def _find_closing(name: str) -> int:
    """The index behind the bracket that closes the first one of *name*."""
    depth = 0
    for index, character in enumerate(name):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and character == ")":
            return index + 1
    return len(name)


def join_spec(argument: Argument) -> str | None:
    """A spec as it was written: `-M` and `-T` make a list of a text with commas in it."""
    if argument is None or isinstance(argument, str):
        return argument
    return ",".join(str(part) for part in argument)


def choose_searcher(named: str | None, given: Argument) -> str:
    """The searcher's spec, from the model's name or from `-M searcher=...`."""
    searcher = join_spec(given)
    if named is not None and searcher is not None:
        raise SpecError(
            f"The searcher is given twice, as @{named} and as searcher={searcher}; give it once."
        )
    if named is not None and named.count("(") > named.count(")"):
        raise SpecError(
            f"The searcher {named!r} ends within its options, as --model splits at commas; give it "
            "on its own, as in -M 'searcher=focus(steps=4, overrun=false)'."
        )
    return named or searcher or DEFAULT_SEARCHER
