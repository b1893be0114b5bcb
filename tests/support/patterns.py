"""
Whether a regular expression takes steps in proportion to its text.

Python's matcher goes back and tries again. It takes too many steps where one word can be read in
two ways that both come round again: if a state p leads over a word to itself and to another state
q, and q over that word to itself, then of n words any may be where p becomes q, and each is tried
(Weideman et al., "Analyzing matching time behavior of backtracking regular expression matchers by
using ambiguity of NFA", 2016). A search adds the state that has not begun yet, which every
letter leads to itself. What passes a state from which it can only succeed is never tried again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeAlias

_LETTERS = [*map(chr, range(9, 14)), *map(chr, range(32, 127)), *"é٣’‘“”\u00a0"]
_COPIES = 3  # of what is repeated a certain number of times
_SINGLE = {code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN}
_Guard: TypeAlias = Callable[[str, str], bool]  # of the letters before and after; "" at an end
_State: TypeAlias = int


class _Machine:
    """States that letters lead to; state 0 has not begun."""

    def __init__(self, pattern: str, flags: int, *, searching: bool, whole: bool) -> None:
        parsed = parser.parse(pattern, flags)
        self.flags = parsed.state.flags
        self.letter_edges: dict[_State, list[tuple[Callable[[str], bool], _State]]] = {}
        self.free_edges: dict[_State, list[tuple[_Guard | None, _State]]] = {}
        self.size = 1
        if searching:
            self.letter_edges[0] = [(lambda _: True, 0)]
        self.end = self._sequence(parsed, 0)
        if whole:
            self.end = self._free(self.end, self._new(), lambda _, after: after == "")
        tests = [test for edges in self.letter_edges.values() for test, _ in edges]
        kinds = {(*(t(c) for t in tests), c.isalnum(), c == "\n"): c for c in _LETTERS}
        self.letters = [*kinds.values()]

    def steps(self, state: _State, before: str, letter: str) -> Iterator[_State]:
        """Where *letter* leads, once for each way to get there."""
        for here in self._ways(state, before, letter):
            yield from (to for test, to in self.letter_edges.get(here, ()) if test(letter))

    def succeeds(self, state: _State) -> bool:
        """Whether the end is reached whatever follows."""
        seen, left = {state}, [state]
        while left:
            here = left.pop()
            new = {to for guard, to in self.free_edges.get(here, ()) if guard is None} - seen
            seen |= new
            left += new
        return self.end in seen

    def _ways(
        self, state: _State, before: str, after: str, on: frozenset[_State] = frozenset()
    ) -> Iterator[_State]:
        yield state
        for guard, to in self.free_edges.get(state, ()):
            if to not in on and (guard is None or guard(before, after)):
                yield from self._ways(to, before, after, on | {state})

    def _new(self) -> _State:
        self.size += 1
        return self.size - 1

    def _free(self, start: _State, end: _State, guard: _Guard | None = None) -> _State:
        self.free_edges.setdefault(start, []).append((guard, end))
        return end

    def _sequence(self, items: Iterable[Any], start: _State) -> _State:
        for op, argument in items:
            start = self._one(op, argument, start)
        return start

    def _one(self, op: Any, argument: Any, start: _State) -> _State:
        if op in _SINGLE:
            end = self._new()
            self.letter_edges.setdefault(start, []).append((self._test(op, argument), end))
            return end
        if op in {code.SUBPATTERN, code.ATOMIC_GROUP}:
            return self._sequence(argument[3] if op is code.SUBPATTERN else argument, start)
        if op is code.BRANCH:
            end = self._new()
            for branch in argument[1]:
                self._free(self._sequence(branch, self._free(start, self._new())), end)
            return end
        if op in {code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT}:
            return self._repeated(argument, start)
        if op is code.AT:
            return self._free(start, self._new(), self._place(argument))
        assert op in {code.ASSERT, code.ASSERT_NOT}, op
        return self._looked(argument, start, wanted=op is code.ASSERT)

    def _repeated(self, argument: Any, start: _State) -> _State:
        least, most, inner = argument
        for _ in range(min(least, _COPIES)):
            start = self._sequence(inner, start)
        if most is code.MAXREPEAT:
            loop = self._free(start, self._new())
            self._free(self._sequence(inner, self._free(loop, self._new())), loop)
            return self._free(loop, self._new())
        end = self._new()
        for _ in range(min(most - least, _COPIES)):
            self._free(start, end)
            start = self._sequence(inner, start)
        return self._free(start, end)

    def _looked(self, argument: Any, start: _State, *, wanted: bool) -> _State:
        """One letter back is a condition; what is ahead is read, too, and leads nowhere."""
        direction, inner = argument
        if direction > 0:
            self._sequence(inner, self._free(start, self._new()))
            return self._free(start, self._new(), lambda *_: True)  # or it may fail there
        (op, of), *more = inner
        if more or op not in _SINGLE:
            return self._free(start, self._new())
        test = self._test(op, of)
        return self._free(start, self._new(), lambda b, _: (b != "" and test(b)) is wanted)

    def _place(self, where: Any) -> _Guard:
        lines = bool(self.flags & re.MULTILINE)
        guards: dict[Any, _Guard] = {
            code.AT_BEGINNING: lambda b, _: b == "" or (lines and b == "\n"),
            code.AT_BEGINNING_STRING: lambda b, _: b == "",
            code.AT_END: lambda _, a: a in {"", "\n"},
            code.AT_END_STRING: lambda _, a: a == "",
            code.AT_BOUNDARY: lambda b, a: _is_word(b) != _is_word(a),
            code.AT_NON_BOUNDARY: lambda b, a: _is_word(b) == _is_word(a),
        }
        return guards[where]

    def _test(self, op: Any, argument: Any) -> Callable[[str], bool]:
        flags = self.flags & (re.ASCII | re.IGNORECASE | re.DOTALL)
        node = parser.SubPattern(parser.State(), [(op, argument)])
        found = {c for c in _LETTERS if _matches(node, c, flags)}
        return found.__contains__


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _matches(node: Any, letter: str, flags: int) -> bool:
    """Whether one item of a pattern takes *letter*."""
    (op, argument) = node[0]
    both = {letter.lower(), letter.upper()} if flags & re.IGNORECASE else {letter}
    if op is code.ANY:
        return letter != "\n" or bool(flags & re.DOTALL)
    if op is code.LITERAL:
        return chr(argument) in both
    if op is code.NOT_LITERAL:
        return chr(argument) not in both
    negated: bool = argument[0][0] is code.NEGATE
    return any(_in(kind, of, each, flags) for kind, of in argument for each in both) != negated


def _in(kind: Any, of: Any, letter: str, flags: int) -> bool:
    if kind is code.LITERAL:
        return letter == chr(of)
    if kind is code.RANGE:
        return bool(of[0] <= ord(letter) <= of[1])
    if kind is code.CATEGORY:
        name = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(of).rpartition("_")[2]]
        found = re.fullmatch(name, letter, flags & re.ASCII) is not None
        return found != ("NOT" in str(of))
    return False


def slow(pattern: str, flags: int = 0, *, searching: bool = True, whole: bool = False) -> str:
    """What makes *pattern* take more steps than its text is long, times a constant; or nothing."""
    machine = _Machine(pattern, flags, searching=searching, whole=whole)
    edges: dict[tuple[_State, str], set[tuple[_State, str]]] = {}
    for state in range(machine.size):
        for before in ("", *machine.letters):
            for letter in machine.letters:
                found = [*machine.steps(state, before, letter)]
                edges.setdefault((state, before), set()).update((to, letter) for to in found)
    lead = {s: _reached(edges, s) for s in range(machine.size)}
    loops = [s for s in lead if s in lead[s]]
    for p in loops:
        twice = _twice(machine, p, lead)
        if twice:
            return f"{twice!r} is read in two ways"
        for q in loops:
            if p != q and q in lead[p]:
                word = _common(machine, p, q, lead)
                if word:
                    return f"{word!r} is tried from each place"
    return ""


def _reached(edges: Any, start: _State) -> set[_State]:
    seen: set[Any] = set()
    left = [node for node in edges if node[0] == start]
    while left:
        new = edges.get(left.pop(), set()) - seen
        seen |= new
        left += new
    return {state for state, _ in seen}


def _twice(machine: _Machine, p: _State, lead: dict[_State, set[_State]]) -> str:
    """A word that leads from *p* to itself in two ways."""
    if machine.succeeds(p):
        return ""
    for before in machine.letters:
        seen: set[Any] = set()
        left: list[tuple[_State, _State, bool, str, str]] = [(p, p, False, before, "")]
        while left:
            a, b, parted, last, word = left.pop()
            for letter in machine.letters:
                for x, first in enumerate(machine.steps(a, last, letter)):
                    for y, second in enumerate(machine.steps(b, last, letter)):
                        split = parted or first != second or (a == b and x != y)
                        node = (first, second, split, letter)
                        if p not in lead[first] or p not in lead[second] or node in seen:
                            continue
                        if node == (p, p, True, before):
                            return f"{word}{letter}"
                        seen.add(node)
                        left.append((*node, word + letter))
    return ""


def _common(machine: _Machine, p: _State, q: _State, lead: dict[_State, set[_State]]) -> str:
    """A word that leads from *p* to itself and to *q*, and from *q* to itself."""
    for before in machine.letters:
        seen: set[Any] = set()
        left: list[tuple[_State, _State, _State, str, str]] = [(p, p, q, before, "")]
        while left:
            a, b, c, last, word = left.pop()
            for letter in machine.letters:
                ends = [{*machine.steps(s, last, letter)} for s in (a, b, c)]
                for node in (
                    (x, y, z, letter)
                    for x in ends[0]
                    for y in ends[1]
                    for z in ends[2]
                    if p in lead[x] and (q == y or q in lead[y]) and q in lead[z]
                    if not (machine.succeeds(y) or machine.succeeds(z))
                ):
                    if node == (p, q, q, before):
                        return f"{word}{letter}"
                    if node not in seen:
                        seen.add(node)
                        left.append((*node, word + letter))
    return ""
