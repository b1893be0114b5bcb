"""What a run came to in one short table, with what the paper has beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ..output.tables import markdown, markdown_code, markdown_table
from .comparing import Comparison
from .formatting import chance_told, gain_told, percent, right_told, wrong_told
from .run_folder import Store
from .study import PaperFigures

_SEARCH = "focus-paper"  # the convention of the paper's tables and figures
_GUESS = "random guess"
Row: TypeAlias = Mapping[str, Any]


def summary(store: Store, whole: Comparison) -> str:
    """Markdown that can be put on a page as it is, with where the figures are from."""
    heading, *rows = _cells(store, whole)
    return f"{markdown_table(heading, rows)}\n{' '.join(_sources(store, whole.rows))}\n"


def _cells(store: Store, whole: Comparison) -> Iterator[Sequence[str]]:
    beside, measured = store.study.beside, any(row["recall"] for row in whole.rows)
    recall = ["recall"] if measured else []
    theirs = [f"paper: {name}" for name in beside.columns.values()] if beside else []
    ours = ["right", "95 %", *recall, "search passes", f"against {whole.baseline}", "p"]
    yield ["", *ours, *theirs]
    for row in whole.rows:
        found = [_recall(row)] if measured else []
        passes = f"{_passes(row):.1f}" if row["n"] else ""
        against = [gain_told(row["gain"]), chance_told(row["gain"])]
        label = row["searcher"]
        yield [label, *right_told(row), *found, passes, *against, *_theirs(beside, label)]
    chance = _chance(store)
    if chance:
        yield [_GUESS, percent(chance), *[""] * (len(ours) - 1), *_theirs(beside, _GUESS)]


def _passes(row: Row) -> float:
    return float(row["counts"].get(_SEARCH, 0))


def _recall(row: Row) -> str:
    """Who does not search has none."""
    return percent(row["recall"]["recall"]) if row["recall"] and _passes(row) else ""


def _theirs(beside: PaperFigures | None, label: str) -> list[str]:
    return beside.figures(label) if beside else []


def _chance(store: Store) -> float:
    """How often somebody is right who draws lots; nothing where there are no choices."""
    asked = [*store.reports().values()]
    counts = [int(each["questions"]) for each in asked]
    right = (float(each.get("chance", 0)) * n for each, n in zip(asked, counts, strict=True))
    return sum(right) / max(sum(counts), 1)


def _sources(store: Store, rows: Sequence[Row]) -> Iterator[str]:
    """Sentences that say how the figures came about."""
    study, machine = store.study, store.manifest["machine"]
    wrong = {name: sum(row[name] for row in rows) for name in ("errors", "unparsed")}
    yield f"{rows[0]['n']} questions of {markdown_code(study.dataset)},"
    yield f"asked of {markdown_code(study.model)};"
    yield f"{wrong['errors']} errors, {wrong['unparsed']} unparsed replies;"
    processor = machine["gpu"] or f"{machine['cores']} cores, no GPU"
    yield f"{markdown(processor)}, {_day(store)}."
    if study.beside:
        yield f"Beside it {markdown(study.beside.title)}."
    yield from map(markdown, wrong_told(rows))


def _day(store: Store) -> str:
    """On which the last answer was written down."""
    last = max(path.stat().st_mtime for path in store.shards().values())
    return datetime.fromtimestamp(last, UTC).date().isoformat()
