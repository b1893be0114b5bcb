"""`visualcrop paper`: the tables of the FOCUS paper, and its claims recomputed from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..evaluation.published.recomputed import Claim
    from ..evaluation.published.tables import PaperTable


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
        found_rows = {"claims": [attrs.asdict(claim) for claim in found]}
        print_json(rows | found_rows | (_describe_rest() if number is None else {}))
        return
    if number is None:
        _print_list(shown)
    else:
        _print_rows(shown[0])
    if found:
        _print_claims(found)


def _describe_rest() -> dict[str, Any]:
    """What the paper shows in figures and states in its text."""
    from ..evaluation.published.figures import figure_points
    from ..evaluation.published.stated import stated_figures

    stated = [
        {"figure": name, "value": each.value, "section": each.place}
        for name, each in stated_figures().items()
    ]
    return {"figures": [attrs.asdict(point) for point in figure_points()], "stated": stated}


def _print_list(tables: list[PaperTable]) -> None:
    out = console()
    out.print("The paper's tables; `visualcrop paper 10` shows one.")
    out.print()
    out.table(("table", "what it holds"), ((str(each.number), each.title) for each in tables))


def _print_rows(table: PaperTable) -> None:
    out = console()
    out.print(f"Table {table.number}: {table.title}")
    out.print()
    headings = [*table.rows[0]]  # as a study's file names them
    out.table(headings, ([*row.values()] for row in table.rows))
    if table.command:
        out.print()
        out.print(f"On real weights: {table.command}", soft_wrap=True)


def _print_claims(claims: list[Claim]) -> None:
    out = console()
    out.print()
    out.table(("table", "worked out from the tables", "ours", "paper"), map(_format_cells, claims))


def _format_cells(claim: Claim) -> list[str]:
    printed = "" if claim.printed is None else f"{claim.printed:.2f}"
    return [str(claim.table), claim.what, f"{claim.ours:.{claim.digits}f}", printed]
