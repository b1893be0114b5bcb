"""From what a model says of a likely place to the phrase that is looked for next."""

from __future__ import annotations

import re

ASK = (
    "According to the common sense knowledge and possible visual cues, "
    "what is the most likely location of the {target} in the image?"
)
_BEFORE = set(
    "a an the some any this that these those its his her their our my your "
    "above across against along amid among around at atop behind below beneath beside between "
    "by close far from hanging in inside into located lying mounted near next on onto outside over "
    "placed positioned seated sitting somewhere standing to toward towards under upon "
    "within".split()
)
_SEVERAL = re.compile(r"[,;]|\b(?:and|or)\b")


def place_of(said: str, target: str) -> str:
    """One thing by its name, with all that is said of it; anything else as a region."""
    tail = said.rpartition("most likely to appear")[2].strip().removesuffix(".")
    tail = tail.rpartition(target)[2].strip()
    words = tail.split()
    while words and words[0].lower() in _BEFORE:
        words.pop(0)
    thing = " ".join(words)
    if not tail:
        return f"region around the {target}"
    return thing if thing and not _SEVERAL.search(thing) else f"region {tail}"
