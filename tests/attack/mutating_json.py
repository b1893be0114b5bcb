"""Spoils values of JSON, in ways that most readers of JSON do not expect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

_Path: TypeAlias = tuple[str | int, ...]
# Each is put into the text as it stands here: not all of them are values that Python could write.
RAW = (
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "-0.0",
    "3",
    "1e308",
    "1e999",
    "NaN",
    "-Infinity",
    str(2**63),
    str(-(2**70)),
    "9" * 5000,
    '""',
    '" "',
    '"red"',
    '"0"',
    '"~nouser/x"',
    '"~"',
    '"../../../../etc/passwd"',
    '"/etc/passwd"',
    '"/dev/zero"',
    '"../secret.png"',
    '"images/../../secret.png"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\u001b]0;owned\\u0007\\u001b[31m"',
    '"\\u202egnp.exe"',
    '"[/] [bold red"',
    '"=1+1|cmd"',
    '"<img src=x onerror=alert(1)>"',
    '"a\\nb|c"',
    '"{{ 7*7 }} {% for x in y %}"',
    '"' + "n" * 300 + '"',
    '"' + "x y " * 20_000 + '"',
    "[]",
    "{}",
    "[[]]",
    "[null]",
    '[1, "a", {}]',
    '{"": null}',
    '{"a": {"b": [1]}}',
    "[" * 2000 + "]" * 2000,
    '{"a":' * 2000 + "1" + "}" * 2000,
    "[" + "0," * 50_000 + "0]",
)
_MARK = "\N{REFERENCE MARK}here\N{REFERENCE MARK}"


def mutate_json(rng: Random, path: Path) -> str | None:
    """Spoil one or two values of a file, or of one line of it; None where it holds no JSON."""
    try:
        lines = path.read_text("utf-8").splitlines() if path.suffix == ".jsonl" else []
        number = rng.randrange(len(lines)) if lines else 0
        text, told = mutate_text(rng, lines[number] if lines else path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return None
    if lines:
        lines[number] = text
        text, told = "\n".join(lines) + "\n", f"line {number + 1}, {told}"
    path.write_text(text, "utf-8", "surrogatepass")
    return told


def mutate_text(rng: Random, text: str) -> tuple[str, str]:
    """The text of a JSON value, spoilt; and how."""
    value, told = json.loads(text), []
    for _ in range(rng.choice((1, 1, 2))):
        places = [path for path in _places(value) if path]
        if not places:
            return rng.choice(RAW), "replaced"
        value, raw, said = _changed(rng, value, rng.choice(places))
        text = json.dumps(value, ensure_ascii=False)
        told.append(said)
        if raw is not None:
            return text.replace(f'"{_MARK}"', raw), ", ".join(told)
    return text, ", ".join(told)


def _places(value: Any, at: _Path = ()) -> Iterator[_Path]:
    yield at
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value[:20])
        if isinstance(value, list)
        else ()
    )
    for key, member in members:
        yield from _places(member, (*at, key))


def _changed(rng: Random, value: Any, at: _Path) -> tuple[Any, str | None, str]:
    parent = value
    for step in at[:-1]:
        parent = parent[step]
    key: Any = at[-1]
    place = ".".join(map(str, at))
    kind = rng.random()
    if kind < 0.6:
        parent[key], raw = _MARK, rng.choice(RAW)
        return value, raw, f"{place} = {_short(raw)}"
    if kind < 0.75:
        del parent[key]
        return value, None, f"{place} missing"
    if kind < 0.8:
        parent[key] = [parent[key]]
        return value, None, f"{place} in a list"
    if isinstance(parent, list):
        parent[key:key] = [parent[key]] * rng.choice((1, 30))
        return value, None, f"{place} doubled"
    return _keyed(rng, value, parent, str(key), place)


def _keyed(rng: Random, value: Any, parent: Any, key: str, place: str) -> tuple[Any, Any, str]:
    """Another key: a new one, or the same with another value, or renamed."""
    raw = rng.choice(RAW)
    if rng.random() < 0.3:
        parent[rng.choice((key[:-1], key.upper(), "", "\x1b[1m", "x" * 300))] = parent.pop(key)
        return value, None, f"{place} renamed"
    if rng.random() < 0.5:
        parent[rng.choice(("new", "class", "__class__", "self"))] = _MARK
        return value, raw, f"a member more beside {place} = {_short(raw)}"
    kept = parent[key]
    parent[key] = _MARK
    twice = f"{json.dumps(kept)}, {json.dumps(key)}: {raw}"
    return value, twice, f"{place} twice, then {_short(raw)}"


def _short(raw: str) -> str:
    return raw if len(raw) <= 30 else f"{raw[:20]}... ({len(raw)} letters)"
