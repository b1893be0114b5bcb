"""Command lines that nobody would type end with 0, 1 or 2."""

from __future__ import annotations

import pytest

from tests.attack.attacks import ATTACKS
from tests.attack.siege import Server, siege

_BLOCK, _BLOCKS = 250, 8


def test_a_few_hostile_lines(server: Server) -> None:
    """No traceback, no control characters, no file outside of the folder where it runs."""
    failures = siege(ATTACKS["lines"], range(20), server)
    assert not failures, "\n\n".join(map(str, failures))


@pytest.mark.attack
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("block", range(_BLOCKS))
def test_two_thousand_hostile_lines(block: int, server: Server) -> None:
    """As above: every command and option, with values good and hostile."""
    failures = siege(ATTACKS["lines"], range(block * _BLOCK, (block + 1) * _BLOCK), server)
    assert not failures, "\n\n".join(map(str, failures))
