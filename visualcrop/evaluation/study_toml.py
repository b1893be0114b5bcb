"""A study in a file, to be run again and to be kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from ..budget import Budget
from ..errors import EvaluationError, SpecError, nearest
from ..spec.coerce import conform
from ..utils.paths import expanded, read_whole
from .study import BASELINE, Beside, Study
from .sweep import grid, labelled

# Tables of the file that are made into something; all other keys are as the study has them.
_TABLES = {"searchers", "options", "budget", "sweep", "paper"}
_SWEEP = {"searcher": str, "draws": int, "seed": int}


def read_study(path: Path, model: str | None = None) -> Study:
    """The study of a TOML file, with a table of searchers; *model* stands in for its own."""
    told = _loaded(path) | ({"model": model} if model else {})
    hints = get_type_hints(Study)
    plain = {*hints} - {"variants", "options", "budget", "beside"}
    _check_keys(told, plain | _TABLES, f"study {str(path)!r}")
    if not {"dataset", "model"} <= {*told}:
        raise EvaluationError(f"The study {str(path)!r} needs a dataset and a model.")
    try:
        given = {key: conform(told[key], hints[key], key, _none) for key in plain & {*told}}
        given["budget"] = _budget(told.get("budget", {}))
        given["beside"] = _beside(told["paper"]) if "paper" in told else None
        specs, options = _swept(told["sweep"]) if "sweep" in told else ({}, {})
        variants = {BASELINE: BASELINE, **_texts(told.get("searchers", {}), "searchers"), **specs}
        single = _table(told.get("options", {}), "options")
        options |= {label: _listed(each, f"options.{label}") for label, each in single.items()}
    except SpecError as exc:
        reason = str(exc).rstrip(".")
        raise EvaluationError(f"The study {str(path)!r} cannot be used: {reason}.") from exc
    return Study(**given, variants=variants, options=options)


def _loaded(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_whole(expanded(path), called="The study").decode())
    except (ValueError, RecursionError) as exc:
        raise EvaluationError(f"The study {str(path)!r} is not TOML ({exc}); mend it.") from exc


def _check_keys(told: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted({*told} - known):
        close = nearest(unknown[0], known, called="keys")
        raise EvaluationError(f"The {where} has a key {unknown[0]!r}; {close}.")


def _budget(told: Any) -> Budget:
    hints = get_type_hints(Budget)
    limits = _table(told, "budget", {*hints})
    return Budget(**{k: conform(v, hints[k], f"budget.{k}", _none) for k, v in limits.items()})


def _swept(told: Any) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Specs and options by label, of one search under many settings."""
    swept = _table(told, "sweep", {*_SWEEP, "set", "draw"})
    sets, draws = (_listed(swept.get(name, []), f"sweep.{name}") for name in ("set", "draw"))
    how = {k: conform(swept[k], v, f"sweep.{k}", _none) for k, v in _SWEEP.items() if k in swept}
    points = labelled(grid(sets, draws, how.get("draws", 50), how.get("seed", 0)))
    spec = how.get("searcher", "focus")
    return dict.fromkeys(points, spec), {label: [*point] for label, point in points.items()}


def _beside(told: Any) -> Beside:
    paper = _table(told, "paper", {"table", "columns", "rows", "where"})
    if not {"table", "columns", "rows"} <= {*paper}:
        raise SpecError("it needs a table, columns and rows @ paper")
    number = conform(paper["table"], int, "paper.table", _none)
    rows = _table(paper["rows"], "paper.rows")
    cells = {label: _texts(each, f"paper.rows.{label}") for label, each in rows.items()}
    columns, where = (_texts(paper.get(n, {}), f"paper.{n}") for n in ("columns", "where"))
    return Beside(number, columns, cells, where)


def _texts(told: Any, name: str) -> dict[str, str]:
    table = _table(told, name)
    return {key: conform(value, str, f"{name}.{key}", _none) for key, value in table.items()}


def _listed(told: Any, path: str) -> list[str]:
    if not (isinstance(told, list) and all(isinstance(each, str) for each in told)):
        raise SpecError(f'it is not a list such as ["steps=4"] @ {path}')
    return told


def _table(told: Any, name: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise SpecError(f"it is not a table, [{name}] @ {name}")
    if known is not None:
        _check_keys(told, known, f"table [{name}]")
    return told


def _none(kind: Any, value: Any, path: str) -> Any:
    """Nothing in a study is a strategy: all of it is text."""
    raise SpecError(f"{value} is not text @ {path}")
