"""Question and reply pairs that show the model how to name targets."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from ..errors import FileError, nearest
from ..utils.paths import expanded, read_whole

_SHIPPED = ("general", "hr-bench", "mme-realworld", "vstar")
_REPLY = (
    "To answer the question, I need know the location of {where} so that I can {why}. "
    "So I need the information about the following objects: {objects}."
)


def read_examples(source: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a set that ships with visualcrop, or of a file."""
    if source in _SHIPPED:
        return _read_shipped(source)
    path = Path(source)
    if path.suffix not in {".toml", ".json"}:
        known = nearest(source, _SHIPPED, called="shipped")
        raise FileError(
            f"There are no examples called {source!r}; {known}, or give a .toml or .json file."
        )
    try:
        text = read_whole(expanded(path), called="The examples").decode()
        table = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        return tuple(map(_parse_pair, table["examples"] if isinstance(table, dict) else table))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise FileError(
            f"The examples {source!r} must be a list called 'examples' of tables with "
            f"a question and a reply, or with question, where, why and objects ({exc})."
        ) from exc


@cache
def _read_shipped(name: str) -> tuple[tuple[str, str], ...]:
    text = files(__package__).joinpath("examples.toml").read_text(encoding="utf-8")
    return tuple(map(_parse_pair, tomllib.loads(text)[name]))


def _parse_pair(example: dict[str, str]) -> tuple[str, str]:
    question = example["question"]
    reply = example.get("reply") or _REPLY.format(
        where=example["where"], why=example["why"], objects=example["objects"]
    )
    if not (isinstance(question, str) and isinstance(reply, str)):
        raise TypeError("question and reply must be text")
    return question, reply
