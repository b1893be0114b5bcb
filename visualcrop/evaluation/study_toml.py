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
from .study import BASELINE, CategoryFigures, PaperFigures, Study
from .sweep import label_point, label_points, make_grid

# Tables that are parsed further; every other key of the file is a field of `Study`.
_TABLES = {"searchers", "options", "budget", "sweep", "paper"}
_SWEEP = {"searcher": str, "draws": int, "seed": int, "name": str}


def read_study(path: Path, model: str | None = None) -> Study:
    """Read the study of a TOML file; *model* replaces the model that it names."""
    value = load_toml(path) | ({"model": model} if model else {})
    return build_study(value, f"study {str(path)!r}")


def study_keys() -> set[str]:
    """Every key that a study's file may have."""
    return {*get_type_hints(Study)} - {"variants", "beside"} | _TABLES


def build_study(value: Mapping[str, Any], called: str) -> Study:
    """Build a study from the tables of a TOML file; errors say what it is *called*."""
    hints = get_type_hints(Study)
    plain = study_keys() - _TABLES
    check_keys(value, study_keys(), called)
    if not {"dataset", "model"} <= {*value}:
        raise EvaluationError(f"The {called} needs a dataset and a model.")
    try:
        given = {key: coerce(value[key], hints[key], key, _none) for key in plain & {*value}}
        given["budget"] = _budget(value.get("budget", {}))
        given["beside"] = _paper_figures(value["paper"]) if "paper" in value else None
        specs, options, draws = _read_sweep(value["sweep"]) if "sweep" in value else ({}, {}, {})
        variants = {BASELINE: BASELINE, **read_texts(value.get("searchers", {}), "searchers")}
        single = read_table(value.get("options", {}), "options")
        options |= {label: _listed(each, f"options.{label}") for label, each in single.items()}
    except SpecError as exc:
        reason = str(exc).rstrip(".")
        raise EvaluationError(f"The {called} cannot be used: {reason}.") from exc
    return Study(**given, variants={**variants, **specs}, options=options, draws=draws)


def load_toml(path: Path, what: str = "study") -> dict[str, Any]:
    """Read the tables of the file of a study, or of *what* else has studies in it."""
    try:
        return tomllib.loads(read_limited(expand_path(path), called=f"The {what}").decode())
    except (ValueError, RecursionError) as exc:
        raise EvaluationError(f"The {what} {str(path)!r} is not TOML ({exc}); mend it.") from exc


def check_keys(value: Mapping[str, Any], known: set[str], where: str) -> None:
    """Refuse a key that nobody knows, with the nearest that is known."""
    if unknown := sorted({*value} - known):
        close = nearest(unknown[0], known, called="keys")
        raise EvaluationError(f"The {where} has a key {unknown[0]!r}; {close}.")


def _budget(value: Any) -> Budget:
    hints = get_type_hints(Budget)
    limits = read_table(value, "budget", {*hints})
    return Budget(**{k: coerce(v, hints[k], f"budget.{k}", _none) for k, v in limits.items()})


def _read_sweep(
    value: Any,
) -> tuple[dict[str, str], dict[str, list[str]], dict[str, list[str]]]:
    """Specs and options by label, of one search under many settings; all draws by their name."""
    swept = read_table(value, "sweep", {*_SWEEP, "set", "draw"})
    sets, draws = (_listed(swept.get(name, []), f"sweep.{name}") for name in ("set", "draw"))
    how = {k: coerce(swept[k], v, f"sweep.{k}", _none) for k, v in _SWEEP.items() if k in swept}
    grid = make_grid(sets, draws, how.get("draws", 50), how.get("seed", 0))
    points, name = label_points(grid), how.get("name")
    options = {label: [*point] for label, point in points.items()}
    drawn = {name: [label_point(point) for point in grid]} if name else {}
    return dict.fromkeys(points, how.get("searcher", "focus")), options, drawn


def _paper_figures(value: Any) -> PaperFigures:
    paper = read_table(value, "paper", {"table", "columns", "rows", "where", "categories"})
    if not {"table", "columns", "rows"} <= {*paper}:
        raise SpecError("it needs a table, columns and rows @ paper")
    number = coerce(paper["table"], int, "paper.table", _none)
    rows = read_table(paper["rows"], "paper.rows")
    cells = {label: read_texts(each, f"paper.rows.{label}") for label, each in rows.items()}
    columns, where = (read_texts(paper.get(n, {}), f"paper.{n}") for n in ("columns", "where"))
    categories = _category_figures(paper["categories"]) if "categories" in paper else None
    return PaperFigures(number, columns, cells, where, categories)


def _category_figures(value: Any) -> CategoryFigures:
    """The paper's accuracies by category: its column by variant, its rows by pattern."""
    given = read_table(value, "paper.categories", {"table", "columns", "rows"})
    if {*given} != {"table", "columns", "rows"}:
        raise SpecError("it needs a table, columns and rows @ paper.categories")
    number = coerce(given["table"], int, "paper.categories.table", _none)
    rows = read_table(given["rows"], "paper.categories.rows")
    cells = {name: read_texts(row, f"paper.categories.rows.{name}") for name, row in rows.items()}
    return CategoryFigures(number, read_texts(given["columns"], "paper.categories.columns"), cells)


def read_texts(value: Any, name: str) -> dict[str, str]:
    """Read a table whose values are all text; errors call it *name*."""
    table = read_table(value, name)
    return {key: coerce(value, str, f"{name}.{key}", _none) for key, value in table.items()}


def _listed(value: Any, path: str) -> list[str]:
    if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        raise SpecError(f'it is not a list such as ["steps=4"] @ {path}')
    return value


def read_table(value: Any, name: str, known: set[str] | None = None) -> dict[str, Any]:
    """Read a table, of *known* keys if these are given; errors call it *name*."""
    if not isinstance(value, dict):
        raise SpecError(f"it is not a table, [{name}] @ {name}")
    if known is not None:
        check_keys(value, known, f"table [{name}]")
    return value


def _none(kind: Any, value: Any, path: str) -> Any:
    """Nothing in a study is a strategy: all of it is text."""
    raise SpecError(f"{value} is not text @ {path}")
