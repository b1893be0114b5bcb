"""Results as tables: CSV for programs, Markdown and LaTeX for readers, a summary for a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from ..errors import EvaluationError, nearest
from ..evaluation.comparison import Comparison
from ..evaluation.formatting import (
    describe_correction,
    describe_problems,
    format_accuracy,
    format_gain,
    format_machine,
    format_p,
    format_percent,
)
from ..evaluation.methods import SEARCH, Efficiency, EfficiencyRatio
from ..evaluation.result_tables import efficiency_notes, efficiency_table
from ..evaluation.run_folder import Store
from ..evaluation.study import GUESS, PaperFigures
from ..evaluation.summary import ResultRow, guessed_share
from ..output.tables import (
    Cells,
    csv_table,
    escape_markdown,
    latex_float,
    latex_table,
    markdown_code,
    markdown_table,
)

Bounds: TypeAlias = tuple[float, float]

_CSV = ("searcher", "accuracy", "low", "high", "n", "errors", "unparsed", "search passes",
        "passes", "image tokens", "TFLOPs", "TMACs", "seconds", "recall", "gain", "gain low",
        "gain high", "p", "p Holm", "whole image tokens", "shrunk", "below a token", "GPU GiB",
        "GPU GiB most", "own paper's passes", "pooled recall", "TMACs search",
        "TMACs search and answer")  # fmt: skip
_BRACKETS = (
    "Brackets hold intervals with a confidence of 95 %, clustered by image: Wilson's for shares, "
    "Agresti and Min's for gains."
)


@attrs.frozen
class Column:
    """One column of the tables for readers."""

    heading: str  # {unit} and {baseline} are filled in
    value: Callable[[ResultRow], float | None]
    digits: int = 1
    units: Mapping[str, float] = {"": 1.0}  # largest first; the one that suits the largest value
    bounds: Callable[[ResultRow], Bounds] | None = None
    signed: bool = False
    write: Callable[[ResultRow], str] | None = None  # in the place of digits and units


def _share(row: ResultRow) -> float | None:
    return 100 * row["accuracy"] if row["n"] else None


def _gain(row: ResultRow) -> float | None:
    return 100 * row["gain"]["gain"] if row["gain"] else None


def _recall(row: ResultRow) -> float | None:
    """Variants that do not search have none."""
    return 100 * row["recall"]["recall"] if row["recall"] and _passes(row) else None


def _pooled(row: ResultRow) -> float | None:
    pooled = row["recall"]["pooled"] if row["recall"] and _passes(row) else None
    return None if pooled is None else 100 * float(pooled)


def shows_pooled(rows: Sequence[ResultRow]) -> bool:
    """Whether recall over all true boxes is another figure than the mean over questions."""
    return any((pooled := _pooled(row)) is not None and pooled != _recall(row) for row in rows)


def _passes(row: ResultRow) -> float:
    return float(row["counts"].get(SEARCH, 0))


def _macs(name: str) -> Callable[[ResultRow], float | None]:
    return lambda row: (row["macs"] or {}).get(name) or None


def _work(name: str) -> Callable[[ResultRow], float | None]:
    return lambda row: row["work"].get(name) or None


_OPERATIONS = {"P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6}
_MOST_CATEGORIES, _MOST_VARIANTS = 24, 8  # that a summary has a table of
_BYTES = {"GiB": 1024.0**3, "MiB": 1024.0**2}
COLUMNS: Mapping[str, Column] = {
    "accuracy": Column(
        "accuracy [%]", _share, bounds=lambda r: tuple(100 * b for b in r["interval"])
    ),
    "n": Column("questions", lambda r: r["n"], 0),
    "errors": Column("errors", lambda r: r["errors"], 0),
    "unparsed": Column("unparsed", lambda r: r["unparsed"], 0),
    "recall": Column("recall [%]", _recall),
    "pooled-recall": Column("recall of all boxes [%]", _pooled),
    "search-passes": Column("search passes", lambda r: _passes(r) if r["n"] else None),
    "passes": Column("passes", lambda r: r["passes"] if r["n"] else None),
    "own-passes": Column("own paper's passes", lambda r: r["own_paper_passes"]),
    "image-tokens": Column("image tokens", _work("image_tokens"), 0),
    "flops": Column("{unit}FLOPs", _work("flops"), units=_OPERATIONS),
    "macs": Column("{unit}MACs", _work("macs"), units=_OPERATIONS),
    "search-macs": Column("search {unit}MACs", _macs("search"), units=_OPERATIONS),
    "answered-macs": Column(
        "search and answer {unit}MACs", _macs("search_and_answer"), units=_OPERATIONS
    ),
    "seconds": Column(
        "time [{unit}]",
        lambda r: r["seconds"] if r["n"] else None,
        units={"s": 1.0, "ms": 1e-3},
    ),
    "memory": Column("GPU memory [{unit}]", lambda r: r["memory"]["gpu"], units=_BYTES),
    "most-memory": Column(
        "GPU memory, most [{unit}]", lambda r: r["memory"]["gpu_most"], units=_BYTES
    ),
    "gain": Column(
        "gain over {baseline} [points]",
        _gain,
        bounds=lambda r: tuple(100 * r["gain"]["interval"][end] for end in ("low", "high")),
        signed=True,
    ),
    "p": Column("p", lambda r: r["gain"] and r["gain"]["p"], write=lambda r: format_p(r["gain"])),
}
DEFAULT_COLUMNS = (
    "accuracy", "recall", "search-passes", "flops", "seconds", "memory", "gain", "p"
)  # fmt: skip


def parse_columns(text: str | None) -> list[str]:
    """Names of columns between commas; without any, those that most papers show."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in COLUMNS:
            known = nearest(name, COLUMNS, called="columns")
            raise EvaluationError(f"There is no column {name!r}; {known}.")
    return names


def csv_cells(whole: Comparison) -> Cells:
    """
    A heading and a row for each variant; shares in percent, what is not known empty.

    The last columns are the MACs of each stage that any variant has.
    """
    stages = [*dict.fromkeys(stage for row in whole.rows for stage in _stages(row))]
    heading = (*_CSV, *(f"TMACs {stage}" for stage in stages))
    return [
        heading,
        *([*_csv_row(row), *(_tera(_stages(row).get(s)) for s in stages)] for row in whole.rows),
    ]


def _stages(row: ResultRow) -> Mapping[str, float]:
    """MACs by stage."""
    return row["macs"]["stages"] if row["macs"] else {}


def _tera(amount: float | None) -> str:
    return f"{amount / 1e12:.5g}" if amount else ""


def reader_cells(whole: Comparison, columns: Sequence[str] = ()) -> Cells:
    """Numbers with their bounds, under headings with units; empty columns only where asked for."""
    names = columns or [
        name
        for name in DEFAULT_COLUMNS
        if any(COLUMNS[name].value(row) is not None for row in whole.rows)
    ]
    filled = [_fill(COLUMNS[name], whole) for name in names]
    heading = ["variant", *(head for head, _ in filled)]
    variants = [row["searcher"] for row in whole.rows]
    return [heading, *map(list, zip(variants, *(column for _, column in filled), strict=True))]


def _fill(column: Column, whole: Comparison) -> tuple[str, list[str]]:
    """The heading and the cells, in the largest unit in which the largest value is 1 or more."""
    values = [column.value(row) for row in whole.rows]
    largest = max((abs(value) for value in values if value is not None), default=0)
    units = [*column.units.items()]
    unit, size = next((pair for pair in units if largest >= pair[1]), units[-1])
    heading = column.heading.format(unit=unit, baseline=whole.baseline)
    return heading, [
        "" if value is None else _write(column, row, value / size)
        for row, value in zip(whole.rows, values, strict=True)
    ]


def _write(column: Column, row: ResultRow, value: float) -> str:
    if column.write:
        return column.write(row)
    how = f"{'+' if column.signed else ''}.{column.digits}f"
    if column.bounds is None:
        return f"{value:{how}}"
    low, high = column.bounds(row)
    return f"{value:{how}} [{low:{how}}, {high:{how}}]"


def as_csv(stores: Sequence[Store], whole: Comparison, columns: Sequence[str]) -> str:
    """All figures, whatever columns are chosen."""
    return csv_table(csv_cells(whole))


def as_markdown(stores: Sequence[Store], whole: Comparison, columns: Sequence[str]) -> str:
    """A table and its notes, for a page."""
    heading, *rows = reader_cells(whole, columns)
    notes = " ".join(map(escape_markdown, (_caption(stores, whole), *_notes(whole))))
    return f"{markdown_table(heading, rows)}\n{notes}\n"


def as_latex(stores: Sequence[Store], whole: Comparison, columns: Sequence[str]) -> str:
    """A table float in booktabs, for a paper."""
    heading, *rows = reader_cells(whole, columns)
    return latex_float(
        latex_table(heading, rows),
        caption=_caption(stores, whole),
        label="tab:results",
        notes=_notes(whole),
    )


FORMATS: Mapping[str, Callable[[Sequence[Store], Comparison, Sequence[str]], str]] = {
    "csv": as_csv,
    "md": as_markdown,
    "tex": as_latex,
}


def _caption(stores: Sequence[Store], whole: Comparison) -> str:
    study = stores[0].study
    count = max(row["n"] for row in whole.rows)
    return f"Accuracy and cost on {count} questions of {study.dataset}, asked of {study.model}."


def _notes(whole: Comparison) -> Iterator[str]:
    """Sentences that belong below the table."""
    yield _BRACKETS
    yield (
        f"Gains are paired with {whole.baseline}; p is McNemar's exact test, or a permutation of "
        "images where they are asked about more than once."
    )
    yield from describe_correction(whole.rows, whole.baseline)
    yield from describe_problems(whole.rows)
    yield from whole.notes


def _csv_row(row: ResultRow) -> list[str]:
    low, high = row["interval"]
    gain, whole = row["gain"], row["whole"]
    shares = [f"{100 * share:.2f}" if row["n"] else "" for share in (row["accuracy"], low, high)]
    counts = [str(row[name]) for name in ("n", "errors", "unparsed")]
    passes = [f"{n:.2f}" if row["n"] else "" for n in (_passes(row), row["passes"])]
    work = [
        f"{row['work'].get(name, 0) / unit:.5g}" if row["work"].get(name) else ""
        for name, unit in (("image_tokens", 1), ("flops", 1e12), ("macs", 1e12))
    ]
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.3f}"
    recall = _recall(row)
    found = "" if recall is None else f"{recall:.2f}"
    seen = [f"{whole['tokens']:.5g}", str(whole["shrunk"])] if whole else ["", ""]
    lost = str(whole["lost"]) if whole and whole["measured"] else ""
    macs = [_tera((row["macs"] or {}).get(name)) for name in ("search", "search_and_answer")]
    memory = [_gibibytes(row["memory"][name]) for name in ("gpu", "gpu_most")]
    own, pooled = row["own_paper_passes"], _pooled(row)
    return [
        row["searcher"], *shares, *counts, *passes, *work, seconds, found, *_csv_gain(gain),
        *seen, lost, *memory, "" if own is None else f"{own:.2f}",
        "" if pooled is None else f"{pooled:.2f}", *macs,
    ]  # fmt: skip


def _gibibytes(amount: float | None) -> str:
    return f"{amount / _BYTES['GiB']:.5g}" if amount else ""


def _csv_gain(gain: ResultRow | None) -> list[str]:
    if not gain:
        return [""] * 5
    bounds = gain["gain"], gain["interval"]["low"], gain["interval"]["high"]
    return [
        *(f"{100 * share:.2f}" for share in bounds),
        f"{gain['p']:.4f}",
        f"{gain['p_holm']:.4f}",
    ]


def summary(store: Store, whole: Comparison, parts: Sequence[Comparison] = ()) -> str:
    """
    A short table in Markdown, with the paper's figures and with where ours are from.

    Below it stands how many questions of each of *parts*, the categories, were answered rightly,
    but not if there is one category alone, or so many of them or of variants that nobody reads it.
    """
    heading, *rows = _summary_cells(store, whole)
    tables = [f"{markdown_table(heading, rows)}\n{' '.join(_sources(store, whole))}\n"]
    labels = [row["searcher"] for row in whole.rows]
    if 1 < len(parts) <= _MOST_CATEGORIES and len(labels) <= _MOST_VARIANTS:
        tables.append(_category_table(parts, labels))
    if whole.efficiency:
        tables.append(efficiency_markdown(whole.efficiency))
    return "\n".join(tables)


def _category_table(parts: Sequence[Comparison], labels: Sequence[str]) -> str:
    """A row for each category, a column for each variant, as `26 of 30`."""
    rows = []
    for part in parts:
        right = {
            row["searcher"]: f"{round(row['accuracy'] * row['n'], 1):.10g} of {row['n']}"
            for row in part.rows
            if row["n"]
        }
        rows.append([part.category or "", *(right.get(label, "") for label in labels)])
    return markdown_table(["right", *labels], rows)


def efficiency_csv(found: Efficiency) -> str:
    """Every efficiency ratio with its bounds, for programs."""
    heading = ["method", "count", "best", "best passes", "reference", "passes",
               f"passes of {found.ours}", "ratio", "low", "high", "bound"]  # fmt: skip
    own = [found.ours, SEARCH, f"{100 * found.best:.2f}", f"{found.best_passes:.2f}"]
    return csv_table([heading, [*own, *[""] * 7], *map(_efficiency_row, found.rows)])


def _efficiency_row(row: EfficiencyRatio) -> list[str]:
    bounds = attrs.astuple(row.interval) if row.interval else (None, None)
    return [
        row.method,
        row.count,
        f"{100 * row.best:.2f}",
        f"{row.best_passes:.2f}",
        f"{100 * row.reference:.2f}",
        f"{row.passes:.2f}",
        f"{row.ours:.2f}",
        *("" if value is None else f"{value:.3f}" for value in (row.ratio, *bounds)),
        row.bound,
    ]


def efficiency_markdown(found: Efficiency) -> str:
    """A table and its notes, for a page."""
    cells = efficiency_table(found)
    notes = " ".join(map(escape_markdown, efficiency_notes(found)))
    return f"{markdown_table(cells.headings, cells.rows)}\n{notes}\n"


def efficiency_latex(found: Efficiency) -> str:
    """A table float in booktabs, for a paper."""
    cells = efficiency_table(found)
    return latex_float(
        latex_table(cells.headings, cells.rows),
        caption="Passes for the same accuracy.",
        label="tab:efficiency",
        notes=efficiency_notes(found),
    )


EFFICIENCY_FORMATS: Mapping[str, Callable[[Efficiency], str]] = {
    "csv": efficiency_csv,
    "md": efficiency_markdown,
    "tex": efficiency_latex,
}


def _summary_cells(store: Store, whole: Comparison) -> Iterator[Sequence[str]]:
    beside, measured = store.study.beside, any(row["recall"] for row in whole.rows)
    pooled = shows_pooled(whole.rows)
    recall = [*(["recall"] if measured else []), *(["of all boxes"] if pooled else [])]
    theirs = [f"paper: {name}" for name in beside.columns.values()] if beside else []
    ours = ["right", "95 %", *recall, "search passes", f"against {whole.baseline}", "p"]
    yield ["", *ours, *theirs]
    for row in whole.rows:
        shares = (*([_recall(row)] if measured else []), *([_pooled(row)] if pooled else []))
        found = ["" if share is None else format_percent(share / 100) for share in shares]
        passes = f"{_passes(row):.1f}" if row["n"] else ""
        against = [format_gain(row["gain"]), format_p(row["gain"])]
        label = row["searcher"]
        yield [label, *format_accuracy(row), *found, passes, *against, *_published(beside, label)]
    if chance := guessed_share(store):
        blank = [""] * (len(ours) - 1)
        yield [GUESS, format_percent(chance), *blank, *_published(beside, GUESS)]


def _published(beside: PaperFigures | None, label: str) -> list[str]:
    return beside.figures(label) if beside else []


def _sources(store: Store, whole: Comparison) -> Iterator[str]:
    """Sentences on what was asked, of which model, on which machine, and when."""
    study, machine, rows = store.study, store.manifest["machine"], whole.rows
    wrong = {name: sum(row[name] for row in rows) for name in ("errors", "unparsed")}
    yield f"{rows[0]['n']} questions of {markdown_code(study.dataset)},"
    yield f"asked of {markdown_code(study.model)};"
    yield f"{wrong['errors']} errors, {wrong['unparsed']} unparsed replies;"
    yield f"{escape_markdown(format_machine(machine))}, {_last_day(store)}."
    if study.beside:
        yield f"Beside it {escape_markdown(study.beside.title)}."
    correction = describe_correction(rows, whole.baseline)
    yield from map(escape_markdown, (*correction, *describe_problems(rows), *whole.notes))


def _last_day(store: Store) -> str:
    """On which the last answer was written."""
    last = max(path.stat().st_mtime for path in store.shards().values())
    return datetime.fromtimestamp(last, UTC).date().isoformat()
