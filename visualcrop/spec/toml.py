"""
A spec as a TOML file, in the same words.

    name = "focus"
    steps = 8
    relevance = "vv(layers=[14, 32])"      # a spec as text, or

    [proposals]                            # a table that has a name
    name = "anchors"
    k = 15

An empty table, `{}`, is none.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from ..errors import FileError, SpecError
from ..utils.paths import expand_path, read_limited
from .parse import DEEPEST, WORD, Spec, Value, format_value


def load_spec(path: Path) -> Spec:
    """Read the spec in a TOML file."""
    try:
        return from_toml(read_limited(expand_path(path), called="The spec file").decode())
    except UnicodeDecodeError as exc:
        raise FileError(
            f"The spec file {str(path)!r} cannot be read: it is not UTF-8 text."
        ) from exc
    except SpecError as exc:
        raise SpecError(f"In {str(path)!r}: {exc}") from exc


def from_toml(text: str) -> Spec:
    """Read a spec from TOML text."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # ValueError: a number of too many digits, too
        raise SpecError(f"This is not TOML: {exc or 'it is nested too deeply'}.") from exc
    spec = _to_value(table, 0)
    if not isinstance(spec, Spec):
        raise SpecError('A spec file needs the strategy\'s name at the top: name = "focus".')
    return spec


def to_toml(spec: Spec, *, ascii_only: bool = False) -> str:
    """Write *spec* so that `from_toml` gives it back; letters that are unseen are escaped."""
    pairs = (("name", json.dumps(spec.name)), *((k, _format_inline(v)) for k, v in spec.options))
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    return "".join(
        c if c == "\n" or _is_shown(c, ascii_only=ascii_only) else f"\\U{ord(c):08X}" for c in text
    )


def _is_shown(letter: str, *, ascii_only: bool) -> bool:
    return letter.isprintable() and (letter.isascii() or not ascii_only)


def _format_inline(value: Value) -> str:
    if value is None:
        return "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_format_inline, value))}]"
    if isinstance(value, Spec):
        pairs = (
            ("name", json.dumps(value.name)),
            *((k, _format_inline(v)) for k, v in value.options),
        )
        return f"{{{', '.join(f'{key} = {inner}' for key, inner in pairs)}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return format_value(value)


def _to_value(value: Any, depth: int) -> Value:
    if depth > DEEPEST:
        raise SpecError(f"A spec may be nested {DEEPEST} levels deep, not more.")
    if isinstance(value, list):
        return tuple(_to_value(item, depth + 1) for item in value)
    if value == {}:
        return None
    if isinstance(value, dict):
        name = value.pop("name", None)
        if not (isinstance(name, str) and WORD.fullmatch(name)):
            raise SpecError('Each table of a spec file needs a name, such as name = "vv".')
        return Spec(name, tuple((key, _to_value(inner, depth + 1)) for key, inner in value.items()))
    if isinstance(value, str | int | float | bool):
        format_value(value)  # refuses what a spec cannot hold
        return value
    raise SpecError(f"A spec cannot hold the date or time {value}; quote it to make it text.")
