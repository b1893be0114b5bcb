"""English rules for questions and replies: counting, pronouns, and phrases as targets."""

from __future__ import annotations

import re

from ..values import Target

_COUNTING = re.compile(
    r"\bhow many\b|\b(?:the|total|exact) number of\b|\bcount (?:the|all)\b", re.IGNORECASE
)
_PRONOUNS = set(
    "i me my mine you your yours he him his she her hers it its we us our ours they them their "
    "theirs this that these those who whom whose which what someone somebody anyone anybody "
    "something anything everyone everybody".split()
)
_LONGEST = 80  # characters of a target; more is a sentence, not a thing


def is_counting(question: str) -> bool:
    """Whether the question asks how many."""
    return bool(_COUNTING.search(question))


def has_pronoun(phrase: str) -> bool:
    """Whether the phrase has a pronoun, which names nothing by itself: "his bag"."""
    return any(word in _PRONOUNS for word in re.findall(r"[a-z]+", phrase.lower()))


def make_targets(phrases: list[str], *, limit: int, every: bool = False) -> tuple[Target, ...]:
    """Targets of phrases without articles and punctuation, each once; "all mugs" is every mug."""
    targets: dict[str, Target] = {}
    for phrase in phrases:
        text = " ".join(phrase.split()).strip(' .,;:!?"')
        text = re.sub(r"^(?:and\s+)?(?:(?:the|an?)\s+)?", "", text, flags=re.IGNORECASE)
        thing = re.sub(r"^all\s+(?:of\s+)?(?:the\s+)?", "", text, flags=re.IGNORECASE)
        if thing and len(thing) <= _LONGEST:
            targets.setdefault(thing.lower(), Target(thing, every=every or thing != text))
    return tuple(targets.values())[:limit]
