"""Errors as Inspect shows them: one sentence, and no traceback."""

from __future__ import annotations

import re

from inspect_ai._util.error import PrerequisiteError

_MARKUP = re.compile(r"(\[[a-z#/@][^\[]*?\])")


def refuse(exc: Exception) -> PrerequisiteError:
    """The error that ends a run of Inspect, which reads its text as markup: that is escaped."""
    return PrerequisiteError(_MARKUP.sub(r"\\\1", str(exc)))
