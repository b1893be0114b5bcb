"""A reproduction beside the paper as tables: for a page, and as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from ..evaluation.measures import DEVIATION
from ..evaluation.methods import EfficiencyRatio
from ..evaluation.reproduction.agreement import (
    LEAST,
    Agreement,
    ComparedCell,
    ComparedRatios,
)
from ..evaluation.result_tables import efficiency_notes, efficiency_table, result_table
from ..output.tables import (
    Table,
    csv_table,
    escape_markdown,
    latex_float,
    latex_table,
    markdown_table,
)

SURE, ALONE = "**", "*"  # after a difference: more than chance among all cells, or alone
_NAMED = 3  # of the figures that a run lacks
_WIDEST = 14  # columns; of more, rows and columns change places
_CSV = (
    "run", "model", "model spec", "dataset", "dataset spec", "row", "figure", "table", "column",
    "ours", "low", "high", "n", "paper", "paper n", "difference", "difference low",
    "difference high", "p", "p Holm", "missing",
)  # fmt: skip


@attrs.frozen
class Grid:
    """Cells of one model on one dataset under the columns of one of the paper's tables."""

    table: int
    columns: Sequence[str]
    rows: Mapping[tuple[str, str], Mapping[str, ComparedCell]]  # by what stands before, by column


@attrs.frozen
class Section:
    """What was compared of one model on one dataset."""

    model: str
    dataset: str
    grids: Sequence[Grid]

    @property
    def title(self) -> str:
        return f"{self.model}, {self.dataset}"


def make_sections(found: Agreement) -> list[Section]:
    """The cells by model and dataset, in the order of the reproduction's file."""
    places: dict[tuple[str, str], dict[int, list[ComparedCell]]] = {}
    for cell in found.cells:
        tables = places.setdefault((cell.run.model, cell.run.dataset), {})
        tables.setdefault(cell.table, []).append(cell)
    return [
        Section(model, dataset, [_make_grid(number, cells) for number, cells in tables.items()])
        for (model, dataset), tables in places.items()
    ]


def _make_grid(number: int, cells: Sequence[ComparedCell]) -> Grid:
    measures: dict[str, set[str]] = {}
    for cell in cells:
        measures.setdefault(cell.column, set()).add(cell.measure)
    # Where all studies hold the same figure of ours against a column, its name says more.
    short = len(measures) <= _WIDEST
    heads = {
        column: next(iter(names)) if short and len(names) == 1 else column.replace("_", " ")
        for column, names in measures.items()
    }
    rows: dict[tuple[str, str], dict[str, ComparedCell]] = {}
    for cell in cells:
        if short:
            rows.setdefault((cell.run.study, cell.row), {})[heads[cell.column]] = cell
        else:
            rows.setdefault(("", heads[cell.column]), {})[cell.row] = cell
    columns = dict.fromkeys(column for row in rows.values() for column in row)
    return Grid(number, [*columns], rows)


def format_ours(cell: ComparedCell) -> str:
    """Our figure with as many digits as the paper's; empty if there is none."""
    return "" if cell.ours is None else f"{cell.ours.value:.{_digits(cell)}f}"


def format_bounds(cell: ComparedCell) -> str:
    """Those of our figure."""
    if cell.ours is None or cell.ours.low is None or cell.ours.high is None:
        return ""
    return f"{cell.ours.low:.1f} to {cell.ours.high:.1f}"


def format_difference(cell: ComparedCell) -> str:
    """Points of a share, else percent of the paper's figure; stars where it is beyond chance."""
    if cell.difference is None:
        return ""
    stars = SURE if cell.differs else ALONE if cell.may_differ else ""
    points = 1 if cell.is_share else 2
    if cell.is_share or cell.measure == DEVIATION:
        return f"{_signed(cell.difference, points)}{stars}"
    return f"{_signed(100 * cell.difference, 0)} %"


def _signed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:+.{digits}f}"  # adding 0 takes the sign of -0 away


def _digits(cell: ComparedCell) -> int:
    return len(cell.printed.partition(".")[2])


def describe_agreement(found: Agreement) -> Iterator[str]:
    """In a few sentences: how many cells agree, and what the marks mean."""
    if not found.cells:
        yield "No study here names figures of the paper: these are the results of each run."
        return
    compared = [cell for cell in found.cells if cell.ours is not None]
    tested, sure = found.tested, [cell for cell in found.cells if cell.differs]
    alone = [cell for cell in found.cells if cell.may_differ]
    yield f"{len(compared)} of the paper's {len(found.cells)} figures have one of ours beside them."
    if tested:
        yield (
            f"{len(sure)} of {len(tested)} accuracies differ by more than chance ({SURE}: p below "
            f"0.05, corrected for {len(tested)} cells by Holm's method). {len(alone)} more would, "
            f"each by itself ({ALONE}); of so many, chance alone gives "
            f"at most about {0.05 * len(tested):.0f}."
        )
        yield (
            "The paper's answers are not known question by question, so both are taken as samples "
            "of such questions, unpaired: small differences do not show."
        )
    if len(tested) < sum(1 for cell in compared if cell.ours and cell.ours.n):
        yield f"Accuracies of fewer than {LEAST} questions, or images, are not tested."
    if any(not cell.is_share for cell in compared):
        yield "Differences of passes, seconds, memory and MACs are in percent, and not tested."


def describe_conditions(found: Agreement) -> Iterator[str]:
    """Where runs are not what the paper ran: other models, fewer questions, failures."""
    if not found.cells:
        return
    for name, source in found.record.models.items():
        if source["replaced"]:
            yield (
                f"{name} is {source['spec']} here, in place of {source['replaced']}: a difference "
                "may be the model's."
            )
    for name in sorted(found.foreign_models):
        if not found.record.models[name]["replaced"]:
            spec = found.record.models[name]["spec"]
            yield f"{name} is {spec} here: a difference may be the model's."
    for name in sorted(found.foreign):
        spec = found.record.datasets[name]["spec"]
        yield f"{name} is {spec} here, not the paper's dataset: no difference on it is tested."
    fewer: dict[tuple[str, str], tuple[int, int]] = {}
    for cell in sorted(found.cells, key=lambda cell: cell.paper_n):  # the most questions come last
        if cell.ours and cell.ours.n < round(cell.paper_n):
            fewer[cell.run.model, cell.run.dataset] = cell.ours.n, round(cell.paper_n)
    if fewer:
        listed = ", ".join(
            f"{n} of {m} ({model}, {dataset})" for (model, dataset), (n, m) in fewer.items()
        )
        yield f"Fewer questions were asked than the paper's: {listed}."


def describe_gaps(found: Agreement) -> Iterator[str]:
    """All that is missing: runs, and figures of runs that are there; failures of answers."""
    runs: dict[str, list[str]] = {}
    absent = {cell.run.name for cell in found.cells if cell.run.name not in found.stores}
    for run in found.record.runs:
        if run.name in absent or run in found.unknown:
            runs.setdefault(" ".join(run.skipped).rstrip(".") or "not started", []).append(run.name)
    yield from (f"Missing runs: {', '.join(names)} ({why})." for why, names in runs.items())
    gaps: dict[tuple[str, str], list[ComparedCell]] = {}
    for cell in found.cells:
        if cell.ours is None and cell.run.name not in absent:
            gaps.setdefault((cell.missing, cell.run.name), []).append(cell)
    for (why, name), cells in gaps.items():
        lacking = [*dict.fromkeys(f"{cell.row}, {cell.measure}" for cell in cells)]
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        yield f"{why.capitalize()} in {name}: {'; '.join(lacking[:_NAMED])}{more}."
    yield from found.failures


def ratio_table(found: ComparedRatios) -> Table:
    """Our efficiency ratios, with those of the paper's figures in the last column."""
    ours = efficiency_table(found.ours)
    paper = ("", *(_format_paper(found, row) for row in found.ours.rows))
    rows = tuple((*row, cell) for row, cell in zip(ours.rows, paper, strict=True))
    return Table((*ours.headings, "paper"), rows)


def _format_paper(found: ComparedRatios, row: EfficiencyRatio) -> str:
    """The paper's ratio, where its passes are counted as in this row of ours."""
    ratio = found.paper.get((row.method, row.count))
    return "" if ratio is None else f"{ratio:.2f}"


def as_csv(found: Agreement) -> str:
    """A line for each of the paper's figures."""
    return csv_table([_CSV, *(_csv_row(found, cell) for cell in found.cells)])


def _csv_row(found: Agreement, cell: ComparedCell) -> list[str]:
    ours, run = cell.ours, cell.run
    own = (ours.value, ours.low, ours.high) if ours else (None,) * 3
    bounds = attrs.astuple(cell.bounds) if cell.bounds else (None, None)
    return [
        run.name, run.model, _spec(found.record.models, run.model), run.dataset,
        _spec(found.record.datasets, run.dataset), cell.row, cell.measure,
        str(cell.table), cell.column,
        *map(_number, own), str(ours.n or "") if ours else "", cell.printed,
        f"{cell.paper_n:.0f}" if cell.paper_n else "",
        *map(_number, (cell.difference, *bounds, cell.p, cell.p_holm)), cell.missing,
    ]  # fmt: skip


def _spec(named: Mapping[str, Mapping[str, str]], name: str) -> str:
    return named.get(name, {}).get("spec", name)


def name_specs(found: Agreement, section: Section) -> str:
    """What the section's model and dataset really are."""
    record = found.record
    model, dataset = _spec(record.models, section.model), _spec(record.datasets, section.dataset)
    return f"{model} on {dataset}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _reader_cells(grid: Grid) -> tuple[list[str], list[list[str]]]:
    """A heading and rows, with three columns for each of the paper's: ours, paper, difference."""
    heading = ["", *(name for each in grid.columns for name in (each, "paper", "difference"))]
    rows = []
    for (study, label), row in grid.rows.items():
        name = f"{study}: {label}" if study and study != label else label
        rows.append([name, *(text for each in grid.columns for text in _triple(row.get(each)))])
    return heading, rows


def _triple(cell: ComparedCell | None) -> list[str]:
    if cell is None:
        return ["", "", ""]
    ours, bounds = format_ours(cell), format_bounds(cell).replace(" to ", ", ")
    own = f"{ours} [{bounds}]" if bounds else ours or cell.missing
    return [own, cell.printed, format_difference(cell)]


def as_markdown(found: Agreement) -> str:
    """Every table under its model and dataset, and notes."""
    lines = [f"# {escape_markdown(title_of(found))}\n"]
    notes = (*describe_agreement(found), *describe_conditions(found), *describe_gaps(found))
    lines += [f"{escape_markdown(note)}\n" for note in notes]
    for section in make_sections(found):
        lines.append(f"## {escape_markdown(section.title)}\n")
        lines.append(f"Ours: {escape_markdown(name_specs(found, section))}\n")
        for grid in section.grids:
            heading, rows = _reader_cells(grid)
            lines.append(f"Table {grid.table}\n\n{markdown_table(heading, rows)}")
        lines += _markdown_ratios(found, section)
    lines += _markdown_plain(found)
    return "\n".join(lines)


def _markdown_ratios(found: Agreement, section: Section) -> Iterator[str]:
    """The section's efficiency ratios, with the notes on them."""
    for ratios in ratios_of(found, section):
        cells = ratio_table(ratios)
        title = escape_markdown(title_ratios(ratios))
        yield f"{title}\n\n{markdown_table(cells.headings, cells.rows)}"
        yield from (f"{escape_markdown(note)}\n" for note in efficiency_notes(ratios.ours))


def plain_tables(found: Agreement) -> Iterator[tuple[str, Table]]:
    """The results of each run that names no figures of the paper, with its model and dataset."""
    for name, rows in found.plain.items():
        study = found.stores[name].study
        yield f"{name}: {study.model} on {study.dataset}", result_table(rows)


def _markdown_plain(found: Agreement) -> Iterator[str]:
    for title, table in plain_tables(found):
        yield f"## {escape_markdown(title)}\n\n{markdown_table(table.headings, table.rows)}"


def title_ratios(found: ComparedRatios) -> str:
    """What the ratios are of."""
    return f"Efficiency ratio, {found.inference}" if found.inference else "Efficiency ratio"


def as_summary(found: Agreement) -> str:
    """In short: what agrees, what was run, what is missing, and the efficiency ratios."""
    lines = [f"# {escape_markdown(title_of(found))}\n"]
    notes = (*describe_agreement(found), *describe_conditions(found), *describe_gaps(found))
    lines += [f"{escape_markdown(note)}\n" for note in notes]
    marked = [cell for cell in found.cells if cell.differs]
    if marked:
        rows = [[cell.run.name, cell.row, cell.measure, *_triple(cell)] for cell in marked]
        heading = ["more than chance", "row", "figure", "ours", "paper", "difference"]
        lines.append(markdown_table(heading, rows))
    for section in make_sections(found):
        ratios = [*_markdown_ratios(found, section)]
        if ratios:
            lines.append(f"## {escape_markdown(section.title)}\n")
            lines.append(f"Ours: {escape_markdown(name_specs(found, section))}\n")
            lines += ratios
    lines += _markdown_plain(found)
    return "\n".join(lines)


def as_latex(found: Agreement) -> str:
    """A float for every table, in booktabs."""
    floats = []
    notes = [*describe_agreement(found), *describe_conditions(found)]
    for section in make_sections(found):
        for grid in section.grids:
            caption = (
                f"Table {grid.table} of the paper and ours: {section.title} "
                f"(ours: {name_specs(found, section)})."
            )
            label = f"tab:{grid.table}-{section.model}-{section.dataset}"
            tabular = latex_table(*_reader_cells(grid))
            floats.append(latex_float(tabular, caption=caption, label=label, notes=notes))
    return "\n".join(floats)


FORMATS: Mapping[str, Callable[[Agreement], str]] = {
    "csv": as_csv,
    "md": as_markdown,
    "tex": as_latex,
}


def title_of(found: Agreement) -> str:
    """The number of the paper's table, and what it holds."""
    record = found.record
    number = f"Table {record.table}: " if record.table else ""
    return f"{number}{record.title}"


def ratios_of(found: Agreement, section: Section) -> list[ComparedRatios]:
    """The efficiency ratios of the section's model on its dataset; one or none."""
    place = section.model, section.dataset
    return [each for each in found.ratios if (each.model, each.dataset) == place]
