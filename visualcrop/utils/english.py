"""The singular of an English noun, as prompts about one of many things need it."""

from __future__ import annotations

_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "cookies": "cookie",
    "movies": "movie",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "knives": "knife",
    "leaves": "leaf",
    "shelves": "shelf",
    "wolves": "wolf",
}
_ALIKE = set(  # in both, or a thing that has no singular
    "gas lens canvas series species sunglasses goggles binoculars headphones scissors tongs "
    "pliers pants trousers jeans shorts tights pajamas".split()
)
_KEEP_E = {"axes", "houses", "blouses", "caches", "headaches"}
_AFTER_THE_NOUN = set(
    "of on in at to from by with without near under over above below behind beside between next "
    "across inside outside around along against that which who".split()
)


def singularize(name: str) -> str:
    """
    A name of many things for one of them: *red car on the bridge* of *red cars on the bridge*.

    The noun is the last word before a preposition, participles left out: *cars parked on ...*.
    """
    words = name.split()
    after = (n for n, word in enumerate(words) if n and word.lower() in _AFTER_THE_NOUN)
    at = next(after, len(words)) - 1
    while at > 0 and words[at].lower().endswith(("ing", "ed")):
        at -= 1
    return " ".join([*words[:at], *map(_singularize_word, words[at : at + 1]), *words[at + 1 :]])


def _singularize_word(word: str) -> str:
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower in _ALIKE:
        return word
    if lower.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if lower.endswith(("sses", "uses", "xes", "ches", "shes")) and lower not in _KEEP_E:
        return word[:-2]
    ends = len(word) > 2 and lower.endswith("s") and not lower.endswith(("ss", "us"))
    return word[:-1] if ends else word
