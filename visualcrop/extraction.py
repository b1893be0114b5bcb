"""Which of several choices a reply names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

Extraction: TypeAlias = Literal["strict", "tolerant"]

_LONGEST = 2000  # characters of a reply that are looked at
_FIRST_LINE = 80
_ANCHORED = re.compile(
    r"\b(?:answer|option|choice)\b(?:\s+is\b)?\s*[:=]?\s*[(\[*]*([A-Z])(?=[)\].,:;!*]|\s*$)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = re.compile(r"(?<![\w'])([A-Z])(?=[).,:;]|\s*$)")  # as an article is not
_ALONE = re.compile(r"(?<![\w'])([A-Z])(?![\w'])")


def extracted(reply: str, choices: Sequence[str], extraction: Extraction) -> int | None:
    """
    The index of the choice that *reply* names, if it names one.

    Strictly, it must be the letter and nothing else. Tolerantly, these are tried in turn: the
    letter alone; a letter after "answer", "option" or "choice"; the only letter that stands alone
    in a short first line; the one choice whose words occur.
    """
    said = reply[:_LONGEST].strip()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)]
    if extraction == "strict":
        return letters.index(said) if len(said) == 1 and said in letters else None
    bare = said.strip("()[].:*\"' \n").upper()
    if len(bare) == 1 and bare in letters:
        return letters.index(bare)
    anchored = [letters.index(x.upper()) for x in _ANCHORED.findall(said) if x.upper() in letters]
    if anchored:
        return anchored[-1]
    alone = _alone(said.partition("\n")[0], letters)
    return _worded(said, choices) if alone is None else alone


def _alone(line: str, letters: str) -> int | None:
    """The only letter of a short line, if it does not read like a word."""
    alone = {letter for letter in _ALONE.findall(line) if letter in letters}
    if len(line) > _FIRST_LINE or len(alone) != 1 or not alone & {*_MARKED.findall(line)}:
        return None
    return letters.index(alone.pop())


def _worded(said: str, choices: Sequence[str]) -> int | None:
    """The one choice whose words occur in *said*; a choice within a longer one does not count."""
    words = [choice.casefold().strip() for choice in choices]
    occurring = [n for n, word in enumerate(words) if word and _occurs(word, said.casefold())]
    outermost = [n for n in occurring if not any(words[n] in words[m] for m in occurring if m != n)]
    return outermost[0] if len(outermost) == 1 else None


def _occurs(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None
