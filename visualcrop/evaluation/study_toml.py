"""Reads a study from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from ..budget import Budget
from ..errors import EvaluationError, SpecError, nearest
from ..spec.coerce import coerce
from ..utils.paths import expand_path, read_limited
from .study import BASELINE, PaperFigures, Study
from .sweep import label_points, make_grid

# Tables that are parsed further; every other key of the file is a field of `Study`.
_TABLES = {"searchers", "options", "budget", "sweep", "paper"}
_SWEEP = {"searcher": str, "draws": int, "seed": int}


def read_study(path: Path, model: str | None = None) -> Study:
    """Read the study of a TOML file; *model* replaces the model that it names."""
    value = _load(path) | ({"model": model} if model else {})
    hints = get_type_hints(Study)
    plain = {*hints} - {"variants", "options", "budget", "beside"}
    _check_keys(value, plain | _TABLES, f"study {str(path)!r}")
    if not {"dataset", "model"} <= {*value}:
        raise EvaluationError(f"The study {str(path)!r} needs a dataset and a model.")
    try:
        given = {key: coerce(value[key], hints[key], key, _none) for key in plain & {*value}}
        given["budget"] = _budget(value.get("budget", {}))
        given["beside"] = _paper_figures(value["paper"]) if "paper" in value else None
        specs, options = _read_sweep(value["sweep"]) if "sweep" in value else ({}, {})
        variants = {BASELINE: BASELINE, **_texts(value.get("searchers", {}), "searchers"), **specs}
        single = _table(value.get("options", {}), "options")
        options |= {label: _listed(each, f"options.{label}") for label, each in single.items()}
    except SpecError as exc:
        reason = str(exc).rstrip(".")
        raise EvaluationError(f"The study {str(path)!r} cannot be used: {reason}.") from exc
    return Study(**given, variants=variants, options=options)


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_limited(expand_path(path), called="The study").decode())
    except (ValueError, RecursionError) as exc:
        raise EvaluationError(f"The study {str(path)!r} is not TOML ({exc}); mend it.") from exc


def _check_keys(value: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted({*value} - known):
        close = nearest(unknown[0], known, called="keys")
        raise EvaluationError(f"The {where} has a key {unknown[0]!r}; {close}.")


def _budget(value: Any) -> Budget:
    hints = get_type_hints(Budget)
    limits = _table(value, "budget", {*hints})
    return Budget(**{k: coerce(v, hints[k], f"budget.{k}", _none) for k, v in limits.items()})


def _read_sweep(value: Any) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Specs and options by label, of one search under many settings."""
    swept = _table(value, "sweep", {*_SWEEP, "set", "draw"})
    sets, draws = (_listed(swept.get(name, []), f"sweep.{name}") for name in ("set", "draw"))
    how = {k: coerce(swept[k], v, f"sweep.{k}", _none) for k, v in _SWEEP.items() if k in swept}
    points = label_points(make_grid(sets, draws, how.get("draws", 50), how.get("seed", 0)))
    spec = how.get("searcher", "focus")
    return dict.fromkeys(points, spec), {label: [*point] for label, point in points.items()}


def _paper_figures(value: Any) -> PaperFigures:
    paper = _table(value, "paper", {"table", "columns", "rows", "where"})
    if not {"table", "columns", "rows"} <= {*paper}:
        raise SpecError("it needs a table, columns and rows @ paper")
    number = coerce(paper["table"], int, "paper.table", _none)
    rows = _table(paper["rows"], "paper.rows")
    cells = {label: _texts(each, f"paper.rows.{label}") for label, each in rows.items()}
    columns, where = (_texts(paper.get(n, {}), f"paper.{n}") for n in ("columns", "where"))
    return PaperFigures(number, columns, cells, where)


def _texts(value: Any, name: str) -> dict[str, str]:
    table = _table(value, name)
    return {key: coerce(value, str, f"{name}.{key}", _none) for key, value in table.items()}


def _listed(value: Any, path: str) -> list[str]:
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise SpecError(f'it is not a list such as ["steps=4"] @ {path}')
    return value


def _table(value: Any, name: str, known: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SpecError(f"it is not a table, [{name}] @ {name}")
    if known is not None:
        _check_keys(value, known, f"table [{name}]")
    return value


def _none(kind: Any, value: Any, path: str) -> Any:
    """Nothing in a study is a strategy: all of it is text."""
    raise SpecError(f"{value} is not text @ {path}")
