"""Which characters text from outside may bring along."""

from __future__ import annotations

import unicodedata

_MARK = "\N{REPLACEMENT CHARACTER}"
_NEWLINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
# What isprintable() refuses though it steers nothing: letters of Persian and Hindi, and families
# among the emoji, are joined by the first two.
_HARMLESS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")


def printable(text: object, *, mark: str = _MARK, newline: str = _NEWLINE) -> str:
    """
    One line that can neither steer a terminal nor hide a part of itself.

    Control characters, changes of direction, lone surrogates and what no font shows become *mark*.
    """
    told = str(text)
    if told.isprintable():
        return told
    told = told.replace("\r\n", "\n").expandtabs(1)
    return "".join(_shown(letter, mark, newline) for letter in told)


def indented(text: str) -> str:
    """Lines of which only the first begins at the left, so that no other passes for one of ours."""
    first, *others = map(printable, text.split("\n"))
    return "\n".join([first, *(other if other[:2].isspace() else f"  {other}" for other in others)])


def _shown(letter: str, mark: str, newline: str) -> str:
    if letter == "\n":
        return newline
    if letter.isprintable() or letter in _HARMLESS or unicodedata.category(letter) == "Zs":
        return letter
    return mark
