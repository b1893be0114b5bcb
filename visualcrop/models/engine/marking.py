"""Where words ended up when images were written out in placeholders and all was tokenised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...prompt import Prompt
from ..base import Tokens


def written_out(text: str, grown: list[dict[str, Any]]) -> str:
    """*text* with every image as the tokens that stand for it."""
    for change in reversed(grown):
        start, stop = change["span"]
        text = text[:start] + change["replacement"] + text[stop:]
    return text


def marked(
    prompt: Prompt, text: str, grown: list[dict[str, Any]], offsets: Tokens
) -> Iterator[tuple[str, Tokens]]:
    """The tokens that hold each mark's characters, found from the end of the text."""
    starts, end = {}, len(text)
    for index, part in reversed(list(enumerate(prompt.parts))):
        if isinstance(part, str):
            bare = part.strip()
            end = text.rindex(bare, 0, end)
            starts[index] = end - (len(part) - len(part.lstrip()))
    for mark in prompt.spans:
        start, stop = (_moved(starts[mark.part] + at, grown) for at in (mark.start, mark.stop))
        yield mark.name, np.flatnonzero((offsets[:, 0] < stop) & (offsets[:, 1] > start))


def _moved(at: int, grown: list[dict[str, Any]]) -> int:
    """Where a character lies once the images before it are written out."""
    spans = ((change["span"], change["new_span"]) for change in grown)
    growth: int = sum((n[1] - n[0]) - (s[1] - s[0]) for s, n in spans if s[0] < at)
    return at + growth
