"""Questions that no answer was had of, as records that can be written whatever went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import EvaluationError
from ..plugin.errors import blamed
from ..record import Record

_OF_THE_SAMPLE = ("id", "variant", "question", "group", "category")


def failed(about: Mapping[str, Any], exc: BaseException) -> Record:
    """The error of a question, with as much of what is known *about* it as can be written."""
    error = _said(exc).encode("utf-8", "replace").decode()
    few = {name: about[name] for name in _OF_THE_SAMPLE if name in about}
    try:
        return writable(Record(**{**about, "status": "error", "error": error}))
    except EvaluationError:  # what is wrong is among the costs, say
        return Record(**few, status="error", error=error)


def writable(record: Record) -> Record:
    """The same record, if a line can be made of it; an error where none can."""
    record.line()
    return record


def _said(exc: BaseException) -> str:
    try:
        return blamed(exc) or f"{type(exc).__name__}: {exc}"
    except Exception:  # noqa: BLE001 - an exception of theirs that cannot even be told
        return type(exc).__name__
