"""Replacement of control and invisible characters in text from outside."""

from __future__ import annotations

import unicodedata

_MARK = "\N{REPLACEMENT CHARACTER}"
_NEWLINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
# isprintable() refuses these joiners, but Persian, Hindi and emoji sequences need them.
_HARMLESS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")


def printable(text: object, *, mark: str = _MARK, newline: str = _NEWLINE) -> str:
    """
    Replace what could control a terminal or hide a part of the line.

    Control characters, changes of direction, lone surrogates and what no font shows become *mark*.
    """
    line = str(text)
    if line.isprintable():
        return line
    line = line.replace("\r\n", "\n").expandtabs(1)
    return "".join(_replace_unprintable(letter, mark, newline) for letter in line)


def indent_lines(text: str) -> str:
    """Indent all lines but the first, so that no later line looks like a message of ours."""
    first, *others = map(printable, text.split("\n"))
    return "\n".join([first, *(other if other[:2].isspace() else f"  {other}" for other in others)])


def _replace_unprintable(letter: str, mark: str, newline: str) -> str:
    if letter == "\n":
        return newline
    if letter.isprintable() or letter in _HARMLESS or unicodedata.category(letter) == "Zs":
        return letter
    return mark
