"""`visualcrop paper`: what the FOCUS paper reports, checked against its own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..evaluation.published.recomputed import Claim
    from ..evaluation.published.tables import Table


def paper(
    number: Annotated[
        int | None, typer.Argument(metavar="TABLE", help="Only this table, with its rows.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the paper's tables, what follows from them, and how to get the rest."""
    from ..evaluation.published.recomputed import claims
    from ..evaluation.published.tables import table, tables

    shown = tables() if number is None else [table(number)]
    found = claims(number)
    if as_json:
        rows = {"tables": [attrs.asdict(t, recurse=False) for t in shown]}
        print_json(rows | {"claims": [attrs.asdict(claim) for claim in found]})
        return
    if number is None:
        _list(shown)
    else:
        _print_rows(shown[0])
    if found:
        _print_claims(found)


def _list(tables: list[Table]) -> None:
    listed = _grid("table", "what it holds")
    for each in tables:
        listed.add_row(str(each.number), each.title)
    console().print("The paper's tables; `visualcrop paper 10` shows one.\n", markup=False)
    console().print(listed)


def _print_rows(table: Table) -> None:
    out, grid = console(), _grid(*(name.replace("_", " ") for name in table.rows[0]))
    for row in table.rows:
        grid.add_row(*row.values())
    out.print(f"Table {table.number}: {table.title}\n", markup=False)
    out.print(grid)
    if table.command:
        out.print(f"\nOn real weights: {table.command}", markup=False, soft_wrap=True)


def _print_claims(claims: list[Claim]) -> None:
    grid = _grid("table", "worked out from the tables", "ours", "paper")
    for claim in claims:
        printed = "" if claim.printed is None else f"{claim.printed:.2f}"
        grid.add_row(str(claim.table), claim.what, f"{claim.ours:.2f}", printed)
    console().print()
    console().print(grid)


def _grid(*headings: str) -> Any:
    from rich.table import Table

    grid = Table(box=None, pad_edge=False)
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    return grid
