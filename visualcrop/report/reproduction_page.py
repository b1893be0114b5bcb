"""A page in one file with a reproduction beside the paper: every cell, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from ..evaluation.formatting import format_machine
from ..evaluation.reproduction.agreement import Agreement, ComparedCell
from ..evaluation.result_tables import efficiency_notes
from .charts import Marker, Series, draw_chart
from .page import render_page
from .reproduction_tables import (
    Grid,
    Section,
    describe_agreement,
    describe_conditions,
    describe_gaps,
    format_bounds,
    format_difference,
    format_ours,
    make_sections,
    name_specs,
    plain_tables,
    ratio_table,
    ratios_of,
    title_of,
    title_ratios,
)
from .vector import Drawing


def render_reproduction(found: Agreement, chart: Drawing | None) -> str:
    """HTML that needs nothing from outside."""
    record = found.record
    return render_page(
        "reproduction.html",
        styles=("tables.css", "reproduction.css"),
        title=title_of(found),
        subtitle=f"{len(found.stores)} of {len(record.runs)} runs of {Path(record.file).name}",
        numbers=[*_numbers(found)],
        notes=[*describe_agreement(found)],
        conditions=[*describe_conditions(found)],
        gaps=[*describe_gaps(found)],
        chart=chart.to_svg(styled=False) if chart else "",
        sections=[_section(found, section) for section in make_sections(found)],
        plain=[
            {"title": title, "headings": table.headings, "rows": table.rows}
            for title, table in plain_tables(found)
        ],
        run_headings=("model", "dataset", "protocol", "questions", "machine"),
        runs=[*_runs(found)],
    )


def draw_agreement(found: Agreement) -> Drawing | None:
    """Our accuracies against the paper's, a series for each model and dataset."""
    series: dict[str, list[Marker]] = {}
    for cell in found.cells:
        if cell.ours is not None and cell.ours.n:
            place = f"{cell.run.model}, {cell.run.dataset}"
            name = f"{cell.row}, {cell.measure}"
            marker = Marker(cell.paper, cell.ours.value, name, cell.ours.low, cell.ours.high)
            series.setdefault(place, []).append(marker)
    if not series:
        return None
    ends = [Marker(end, end, "equal") for end in (0, 100)]
    return draw_chart(
        [
            *(Series(name, points, labelled=False) for name, points in series.items()),
            Series("equal", ends, faint=True, joined=True),
        ],
        x_label="the paper's accuracy [%]",
        y_label="ours [%]",
        title="Every accuracy, ours against the paper's",
        from_zero=False,
    )


def _numbers(found: Agreement) -> Iterator[tuple[str, str]]:
    compared = sum(cell.ours is not None for cell in found.cells)
    if found.cells:
        yield f"{compared} of {len(found.cells)}", "figures measured"
    if found.tested:
        yield str(sum(cell.differs for cell in found.cells)), "differ by more than chance"
        yield str(sum(cell.may_differ for cell in found.cells)), "more would, each by itself"
        yield str(len(found.tested)), "accuracies tested"


def _section(found: Agreement, section: Section) -> dict[str, Any]:
    ratios = ratios_of(found, section)
    return {
        "title": section.title,
        "about": _about(found, section),
        "grids": [_grid(grid) for grid in section.grids],
        "ratios": [
            {
                "title": title_ratios(each),
                "headings": table.headings,
                "rows": table.rows,
                "notes": [*efficiency_notes(each.ours)],
            }
            for each in ratios
            for table in (ratio_table(each),)
        ],
    }


def _about(found: Agreement, section: Section) -> str:
    """Specs of model and dataset, and how many questions were asked."""
    cells = [c for grid in section.grids for row in grid.rows.values() for c in row.values()]
    asked = max((c.ours.n for c in cells if c.ours and c.measure == "accuracy"), default=0)
    return name_specs(found, section) + (f", {asked} questions" if asked else "")


def _grid(grid: Grid) -> dict[str, Any]:
    """Rows of one study after another, each with a cell or none for each column."""
    groups = groupby(grid.rows.items(), key=lambda item: item[0][0])
    return {
        "table": grid.table,
        "columns": grid.columns,
        "groups": [
            {
                "study": study,
                "rows": [
                    {"label": label, "cells": [_cell(row.get(name)) for name in grid.columns]}
                    for (_, label), row in rows
                ],
            }
            for study, rows in groups
        ],
    }


def _cell(cell: ComparedCell | None) -> Mapping[str, str] | None:
    if cell is None:
        return None
    return {
        "ours": format_ours(cell),
        "bounds": format_bounds(cell),
        "paper": cell.printed,
        "difference": format_difference(cell),
        "mark": "sure" if cell.differs else "alone" if cell.may_differ else "",
        "missing": cell.missing,
    }


def _runs(found: Agreement) -> Iterator[dict[str, Any]]:
    """Every run, also one that is missing, with how it was measured."""
    for run in found.record.runs:
        store = found.stores.get(run.name)
        if store is None:
            yield {
                "name": run.name,
                "page": "",
                "cells": [run.model, run.dataset, "not run", "", ""],
            }
            continue
        manifest = store.manifest
        protocol, machine = manifest["protocol"], manifest["machine"]
        asked = sum(int(report["questions"]) for report in store.reports().values())
        yield {
            "name": run.name,
            "page": f"../{run.name}/report/index.html" if _has_page(store.folder) else "",
            "cells": [
                run.model,
                run.dataset,
                f"{protocol['name']} {protocol['digest']}",
                str(asked),
                format_machine(machine),
            ],
        }


def _has_page(folder: Path) -> bool:
    return (folder / "report" / "index.html").is_file()
