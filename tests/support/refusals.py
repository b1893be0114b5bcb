"""What an error's message must be, said once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from visualcrop import VisualcropError

_PYTHON = re.compile(r"Traceback|\w(?:Error|Exception|Warning)\(|<class |\bobject at 0x")


def is_one_sentence(message: str) -> bool:
    """One line that ends in a full stop and holds no Python; a caret may follow, with its line."""
    line, *block = message.splitlines() or [""]
    pointed = len(block) == 2 and block[1].strip() == "^" and line.endswith(":")
    plain = not block and line.endswith(".")
    return (pointed or plain) and len(line) > 10 and not _PYTHON.search(line)


def refused(
    error: type[VisualcropError], call: Callable[..., object], *args: object, **named: object
) -> str:
    """What *call* says when it refuses, which is one sentence of exactly this *error*."""
    with pytest.raises(error) as caught:
        call(*args, **named)
    message = str(caught.value)
    assert type(caught.value) is error
    assert is_one_sentence(message), message
    return message
