"""How many passes a question is expected to cost under a searcher, before any is run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator

import attrs

from ...interfaces import Searcher
from ...searchers.focus import Focus
from ..published.tables import table
from ..study import Study

_OUTSIDE = 2  # passes that the paper does not count: to name the targets, and to answer
# Targets of a question whose passes each cost a map: (Steps-2 - Steps-1) / 2 of Table 10, on V*.
_TARGETS = 1.39


@attrs.frozen
class Expected:
    """Passes of one question, and where the number comes from."""

    passes: float | None  # none: nobody knows
    basis: str


def expect_passes(
    study: Study, label: str, searcher: Searcher | None, model: str, dataset: str
) -> Expected:
    """
    Passes of a question under the variant *label*, the answer's included.

    Args:
        study: The study that the variant is of.
        label: The variant's label.
        searcher: The variant, if it can be built here.
        model: Name of the model in the paper's tables.
        dataset: Name of the dataset in the paper's tables.
    """
    if study.variants[label].partition("(")[0].strip() == "direct":
        return Expected(1, "one pass")
    found = _expect_unlimited(study, label, searcher, (model, dataset))
    most = study.budget.passes
    if most is None or (found.passes is not None and found.passes <= most + 1):
        return found
    return Expected(most + 1, "the budget's")


def _expect_unlimited(
    study: Study, label: str, searcher: Searcher | None, named: tuple[str, str]
) -> Expected:
    """Passes without regard to the study's budget; *named* are model and dataset in the tables."""
    if (printed := _find_printed(study, label)) is not None:
        return Expected(printed + _OUTSIDE, "the paper's")
    if isinstance(searcher, Focus):
        return Expected(_TARGETS * (1 + searcher.steps) + _OUTSIDE, "by the number of steps")
    method = study.variants[label].partition("(")[0].strip()
    rows = [row for row in table(10).rows if row["method"] == method and row["passes"]]
    own = [row for row in rows if (row["model"], row["dataset"]) == named]
    passes = [float(row["passes"]) for row in own or rows]
    if not passes:
        return Expected(None, "unknown")
    return Expected(statistics.fmean(passes) + _OUTSIDE, "the mean of Table 10")


def _find_printed(study: Study, label: str) -> float | None:
    """The passes that the paper's table has in the row that stands beside the variant."""
    if study.beside is None or label not in study.beside.rows:
        return None
    cells = {**study.beside.where, **study.beside.rows[label]}
    rows = (row for row in table(study.beside.table).rows if cells.items() <= row.items())
    return next(_read_numbers(row.get("passes", "") for row in rows), None)


def _read_numbers(texts: Iterable[str]) -> Iterator[float]:
    """Those of *texts* that are numbers."""
    for text in texts:
        try:
            yield float(text)
        except ValueError:
            continue
