"""A reply that repeats itself is found by its rule, and no other is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import torch

from tests.support.refusals import refused
from visualcrop import RepetitionStop
from visualcrop.errors import SpecError
from visualcrop.models.engine.repetition import RepetitionTracker

CPU = torch.device("cpu")
RULE = RepetitionStop(tokens=6, copies=3, longest=6)


def found_at(reply: Sequence[int], rule: RepetitionStop = RULE) -> int | None:
    """How many tokens of *reply* there were when it was found to repeat itself."""
    tracker = RepetitionTracker.start([rule], CPU)
    found = (n for n, t in enumerate(reply, 1) if bool(tracker.add(torch.tensor([[t]]))))
    return next(found, None)


def repeats(reply: Sequence[int], rule: RepetitionStop) -> bool:
    """The rule as its docstring says it: copies are written out, and compared with the end."""
    for length in range(1, rule.longest + 1):
        total = max(rule.tokens, rule.copies * length)
        end, pattern = list(reply[-total:]), reply[-length:]
        if len(end) == total and end == [pattern[(n - total) % length] for n in range(total)]:
            return True
    return False


@pytest.mark.parametrize(
    ("reply", "at"),
    [
        ([7] * 20, 6),  # one token: until there are six of it
        ([1, 2, 3, *[7] * 20], 9),  # what comes before does not matter
        ([1, 2] * 10, 6),  # three copies of two
        ([1, 2, 3] * 10, 9),  # three copies of three
        ([1, 2, 3, 4, 5, 6] * 4, 18),  # the longest pattern
        ([1, 1, 2] * 4, 9),  # with a repetition inside
    ],
)
def test_ends_at_the_last_token_of_the_copies(reply: list[int], at: int) -> None:
    """No earlier and no later."""
    assert found_at(reply) == at


@pytest.mark.parametrize(
    "reply",
    [
        [7] * 5,
        [1, 2, 3] * 2 + [1, 2],
        [1, 2, 3, 4, 5, 6, 7] * 9,  # a pattern that is longer than the rule allows
        [n for n in range(40) for _ in range(5)],
        [1, 2, 9, 1, 2, 8, 1, 2, 7],
        list(range(100)),
        [],
    ],
)
def test_lets_other_replies_go_on(reply: list[int]) -> None:
    """Also those that repeat themselves a little, or with a change in each copy."""
    assert found_at(reply) is None


def test_is_its_rule() -> None:
    """On 300 replies of two or three tokens, which repeat themselves often, by any rule."""
    drawn = random.Random(0)
    hits = 0
    for _ in range(300):
        rule = RepetitionStop(*(drawn.randint(low, 9 // low) for low in (1, 2, 1)))
        reply = drawn.choices(range(drawn.randint(2, 3)), k=40)
        prefixes = (n for n in range(1, 41) if repeats(reply[:n], rule))
        at = next(prefixes, None)
        assert found_at(reply, rule) == at
        hits += at is not None
    assert 100 < hits < 290


def test_each_reply_has_its_own_rule() -> None:
    """Side by side, also after one has left the batch."""
    tracker = RepetitionTracker.start([RULE, None, RepetitionStop(9, 2, 3)], CPU)
    same = torch.full((3, 1), 4)
    found = [tracker.add(same).tolist() for _ in range(7)]
    assert found == [[n >= 6, False, False] for n in range(1, 8)]
    rest = tracker.select(torch.tensor([1, 2]))
    assert [rest.add(same[1:]).tolist() for _ in range(3)] == [[False, n >= 9] for n in (8, 9, 10)]


@pytest.mark.parametrize("wrong", [(0, 4, 64), (32, 1, 64), (32, 4, 0)])
def test_a_rule_that_makes_no_sense(wrong: tuple[int, int, int]) -> None:
    """It is refused in a sentence."""
    assert "No repetition has" in refused(SpecError, lambda: RepetitionStop(*wrong))
