"""What a question asks about two things' places, and what their boxes say to it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ..utils.english import find_head
from ..values import Finding, Question

ACROSS, DOWN = 0, 1  # the axes, as coordinates of a point are ordered
_DIRECTIONS = {  # axis, and whether a coordinate is less or more
    "left": (ACROSS, -1),
    "right": (ACROSS, 1),
    "above": (DOWN, -1),
    "over": (DOWN, -1),
    "below": (DOWN, 1),
    "under": (DOWN, 1),
    "underneath": (DOWN, 1),
    "beneath": (DOWN, 1),
}
_SIDES: Mapping[int | None, Sequence[str]] = {ACROSS: ("left", "right"), DOWN: ("above", "below")}
_OPENING = set("is are was were".split())
_FILLING = set("on at to the hand side sides of or located placed positioned situated".split())
_ARTICLES = set("a an the".split())
_JOINING = (  # between two things whose relation is asked for
    *("in relation to", "with respect to", "relative to", "compared to", "compared with"),
    *("with regard to", "in reference to", "to", "and"),
)
_ASKING = ("what is the", "what's the")
_PLACES = set("relative spatial position location place relationship relation of between".split())
# A question of whose eyes are meant, or of a third thing, is not one of coordinates.
_REFUSED = set(
    "perspective viewpoint view viewer viewer's your my his her its their facing face near next "
    "behind front inside between or and both not never no mirror reflection".split()
)
_WORD = re.compile(r"[\w'’-]+")
_LONGEST = 12  # words of a thing's name; more is a sentence


@attrs.frozen
class Relation:
    """Where *first* lies, as seen from *second*; the question may leave the axis to its choices."""

    first: str
    second: str
    axis: int | None = None

    @classmethod
    def read(cls, question: str) -> Relation | None:
        """The relation that *question* asks for; none if it asks for anything else."""
        words = _WORD.findall(question.strip().partition("\n")[0].lower())
        return _read_directions(words) or _read_position(words)

    def find(self, findings: Sequence[Finding]) -> tuple[Finding, Finding] | None:
        """The two findings that it is about, each the only one that has a name of that thing."""
        first = _find_named(findings, self.first, self.second)
        second = _find_named(findings, self.second, self.first)
        return None if first is None or second is None else (first, second)

    def order_choices(self, choices: Sequence[str]) -> tuple[int, Mapping[int, int]] | None:
        """
        The axis, and for each sign of the difference along it the index of the one choice for it.

        None unless there is a choice for either sign, and no other choice. A sentence about the two
        in the other order says the opposite, so it is refused.
        """
        read = [_read_direction(choice) for choice in choices]
        if len(read) != 2 or None in read or any(map(self._is_turned, choices)):
            return None
        (axis, sign), (other, opposite) = (each for each in read if each is not None)
        if axis != other or sign != -opposite or self.axis not in {None, axis}:
            return None
        return axis, {sign: 0, opposite: 1}

    def _is_turned(self, choice: str) -> bool:
        words = _WORD.findall(choice.lower())
        at = [_find_run(words, _WORD.findall(name)) for name in (self.first, self.second)]
        return at[1] is not None and (at[0] is None or at[0] > at[1])


def weigh_sides(
    question: Question, findings: Sequence[Finding]
) -> tuple[Sequence[str], tuple[float, ...]] | None:
    """
    The two answers to a question about a relation, and the probability of each by the boxes.

    The answers are the question's choices; without any, *left* and *right*, or *above* and *below*.
    None if it asks for no relation, or if not both things were found.
    """
    relation = Relation.read(question.text)
    pair = None if relation is None else relation.find(findings)
    if relation is None or pair is None:
        return None
    options: Sequence[str] = question.choices
    if options:
        ordered = relation.order_choices(options)
    else:
        options = _SIDES.get(relation.axis, ())
        ordered = None if relation.axis is None else (relation.axis, {-1: 0, 1: 1})
    if ordered is None:
        return None
    axis, indices = ordered
    before = is_before(*pair, axis)
    return options, (before, 1 - before) if indices[-1] == 0 else (1 - before, before)


def is_before(one: Finding, other: Finding, axis: int) -> float:
    """
    The probability that *one* lies left of *other* or above it, from 0 to 1.

    Each thing lies somewhere in its box, evenly likely: the difference of two such places is taken
    as normal. Where one of the two may not be in its box at all, nothing is known.
    """
    sides = [(box.width, box.height)[axis] for box in (one.box, other.box)]
    spread = math.hypot(*sides) / math.sqrt(12)
    apart = other.box.centre[axis] - one.box.centre[axis]
    inside = (1 + math.erf(apart / spread / math.sqrt(2))) / 2
    found = one.probability * other.probability
    return found * inside + (1 - found) / 2


def _read_directions(words: list[str]) -> Relation | None:
    """A relation whose directions the question names: is it *left or right of* the other."""
    at = [n for n, word in enumerate(words) if word in _DIRECTIONS]
    if len(at) != 2 or not words or words[0] not in _OPENING:
        return None
    start, end = at
    (axis, sign), (other, opposite) = (_DIRECTIONS[words[n]] for n in at)
    between = words[start + 1 : end]
    if axis != other or sign != -opposite or "or" not in between or {*between} - _FILLING:
        return None
    while start > 1 and words[start - 1] in _FILLING:
        start -= 1
    while end + 1 < len(words) and words[end + 1] in _FILLING:
        end += 1
    if axis == ACROSS and words[end] not in {"of", "the"}:
        return None  # left or right of what?
    return _relate(words[1:start], words[end + 1 :], axis)


def _read_position(words: list[str]) -> Relation | None:
    """A relation whose directions the choices name: what is the *position relative to* it."""
    line = " ".join(words)
    asking = next((start for start in _ASKING if line.startswith(f"{start} ")), None)
    if asking is None:
        return None
    rest = words[len(asking.split()) :]
    asked = next((n for n, word in enumerate(rest) if word not in _PLACES), len(rest))
    if not {"position", "location", "place", "relation", "relationship"} & {*rest[:asked]}:
        return None
    for joining in _JOINING:
        before, joined, after = " ".join(rest[asked:]).partition(f" {joining} ")
        if joined:
            return _relate(before.split(), after.split(), None)
    return None


def _relate(first: Iterable[str], second: Iterable[str], axis: int | None) -> Relation | None:
    names = [[word for word in name if word not in _ARTICLES] for name in (first, second)]
    if not all(0 < len(name) <= _LONGEST and not {*name} & _REFUSED for name in names):
        return None
    return Relation(" ".join(names[0]), " ".join(names[1]), axis)


def _read_direction(choice: str) -> tuple[int, int] | None:
    """The one direction that a choice has; none if it has none, or several: *upper left*."""
    words = [*_WORD.findall(choice.lower())]
    found = {_DIRECTIONS[word] for word in words if word in _DIRECTIONS}
    more = {"upper", "lower", "top", "bottom", "not", "neither", "front", "behind", *_REFUSED}
    denied = any(word.endswith(("n't", "n’t")) for word in words)
    return None if len(found) != 1 or denied or {*words} & (more - {"or"}) else found.pop()


def _find_run(words: list[str], run: list[str]) -> int | None:
    """Where *run* begins among *words*."""
    starts = (n for n in range(len(words) - len(run) + 1) if words[n : n + len(run)] == run)
    return next(starts, None)


def _find_named(findings: Sequence[Finding], name: str, other: str) -> Finding | None:
    """The one finding whose target has *name*, or a part of it that the *other* name has not."""
    wanted = name.split()
    fitting = [f for f in findings if _fits(f, {*wanted}) and not _fits(f, {*other.split()})]
    if len(fitting) > 1:  # the man, of "man with a ladder"
        head = wanted[find_head(wanted)]
        fitting = [f for f in fitting if head in _words_of(f)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(finding: Finding, name: set[str]) -> bool:
    target = _words_of(finding)
    return bool(target) and (target <= name or name <= target)


def _words_of(finding: Finding) -> set[str]:
    return {*_WORD.findall(finding.target.text.lower())} - _ARTICLES
