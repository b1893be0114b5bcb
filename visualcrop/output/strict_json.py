"""JSON without NaN and infinity, in which unprintable characters are escaped."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_LETTERS = re.compile(r"[^ -~\n]+")


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """JSON of *value*: NaN and infinity become null, other types text."""
    text = json.dumps(_strict(value), ensure_ascii=ascii_only, indent=indent, allow_nan=False)
    return escape_unprintable(text)


def escape_unprintable(text: str) -> str:
    """Escape unprintable characters and lone surrogates in JSON."""
    return _LETTERS.sub(_escape_run, text)


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_strict(inner) for inner in value]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # a number of numpy or torch
        return _strict(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def _escape_run(found: re.Match[str]) -> str:
    """Escape unprintable characters beyond ASCII, and DEL; `json.dumps` escapes the others."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in found[0]).replace(
        "\x7f", "\\u007f"
    )
