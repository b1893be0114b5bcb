"""A study in a file, to be run again and to be kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from ..budget import Budget
from ..conform import conform
from ..errors import EvaluationError, SpecError, nearest
from .study import BASELINE, Study

_TABLES = {"searchers": "variants", "options": "options"}  # as the file and as the study has it


def read_study(path: Path, model: str | None = None) -> Study:
    """The study of a TOML file, with a table of searchers; *model* stands in for its own."""
    told = _loaded(path) | ({"model": model} if model else {})
    hints = get_type_hints(Study)
    plain = {*hints} - {"variants", *_TABLES, "budget"}
    _check_keys(told, {*plain, *_TABLES, "budget"}, path)
    if not {"dataset", "model"} <= {*told}:
        raise EvaluationError(f"The study {str(path)!r} needs a dataset and a model.")
    try:
        given = {key: conform(told[key], hints[key], key, _none) for key in plain & {*told}}
        limits = _budget(told.get("budget", {}), path)
        variants = {BASELINE: BASELINE, **_texts(told.get("searchers", {}), "searchers")}
        options = {k: _listed(v, k) for k, v in _table(told.get("options", {}), "options").items()}
    except SpecError as exc:
        raise EvaluationError(f"The study {str(path)!r} cannot be used: {exc}.") from exc
    return Study(**given, variants=variants, options=options, budget=limits)


def _loaded(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.expanduser().read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise EvaluationError(f"The study {str(path)!r} cannot be read: {exc}.") from exc


def _check_keys(told: Mapping[str, Any], known: set[str], path: Path) -> None:
    if unknown := sorted({*told} - known):
        close = nearest(unknown[0], known, called="keys")
        raise EvaluationError(f"The study {str(path)!r} has a key {unknown[0]!r}; {close}.")


def _budget(told: Any, path: Path) -> Budget:
    hints = get_type_hints(Budget)
    limits = _table(told, "budget")
    _check_keys(limits, {*hints}, path)
    return Budget(**{k: conform(v, hints[k], f"budget.{k}", _none) for k, v in limits.items()})


def _texts(told: Any, name: str) -> dict[str, str]:
    table = _table(told, name)
    return {key: conform(value, str, f"{name}.{key}", _none) for key, value in table.items()}


def _listed(told: Any, label: str) -> list[str]:
    if not (isinstance(told, list) and all(isinstance(each, str) for each in told)):
        raise SpecError(f'it is not a list such as ["steps=4"] @ options.{label}')
    return told


def _table(told: Any, name: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise SpecError(f"it is not a table, [{name}] @ {name}")
    return told


def _none(kind: Any, value: Any, path: str) -> Any:
    """Nothing in a study is a strategy: all of it is text."""
    raise SpecError(f"{value} is not text @ {path}")
