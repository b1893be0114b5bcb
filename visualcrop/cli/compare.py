"""`visualcrop compare`: variants against one of them, question by question."""

from __future__ import annotations

from typing import Annotated

import typer

from ..output.terminal import Styled
from .options import (
    AsJson,
    MethodGroups,
    OursName,
    console,
    print_json,
    print_table,
    print_tables,
)


def compare(
    run: Annotated[list[str], typer.Argument(help="Folders of one run or several.")],
    baseline: Annotated[
        str | None, typer.Option(help="The variant that the others are held against.")
    ] = None,
    by_category: Annotated[bool, typer.Option(help="A table for each category, too.")] = False,
    ours: OursName = None,
    method: MethodGroups = None,
    force: Annotated[
        bool, typer.Option(help="Also if datasets or protocols differ: at your own risk.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare variants: paired, clustered, with bounds, and p corrected for their number."""
    import attrs

    from ..evaluation import comparison
    from ..evaluation.result_tables import cost_notes, efficiency_notes, efficiency_table, notes
    from ..evaluation.run_folder import Store

    stores = [Store.existing(folder) for folder in run]
    results = comparison.compare(stores, baseline, forced=force, ours=ours, methods=method or ())
    found = results[: None if by_category else 1]
    if as_json:
        print_json([attrs.asdict(each) for each in found])
        return
    for each in found:
        if each.category:
            console().print()
            console().print(Styled(each.category, "bold"))
        print_tables(each.rows, against=each.baseline)
        for note in (*each.notes, *notes(each.rows, against=each.baseline), *cost_notes(each.rows)):
            console().print(note)
        if each.efficiency:
            console().print()
            print_table(efficiency_table(each.efficiency))
            for note in efficiency_notes(each.efficiency):
                console().print(note)
