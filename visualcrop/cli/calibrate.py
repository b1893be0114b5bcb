"""`visualcrop calibrate`: learn from runs when to search, what to believe, and where to stop."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, check_place, console, print_json, print_table


def calibrate(
    run: Annotated[
        list[str], typer.Argument(help="Folders of runs with direct and searched answers.")
    ],
    out: Annotated[
        str, typer.Option("-o", "--out", metavar="FILE", help="Where to write the calibration.")
    ],
    alpha: Annotated[
        float,
        typer.Option(
            help="Largest share of questions whose right answer of the whole image is lost.",
            min=0,
            max=1,
        ),
    ] = 0.02,
    keep: Annotated[
        float,
        typer.Option(
            help="Share of the questions helped by searching that is still searched.", min=0, max=1
        ),
    ] = 0.98,
    searcher: Annotated[
        str | None,
        typer.Option("-s", "--searcher", help="The searched row, where a run has several."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Learn from runs when to search, and which of two answers to believe.

    The file is for `guarded(gate=FILE)`. Where the datasets have boxes, it also holds how sure the
    model is of boxes with and without a target, for `adaptive(densities=FILE)`.
    """
    import attrs

    from ..evaluation.result_tables import calibration_notes, calibration_table
    from ..evaluation.run import Run, calibrate

    check_place(out)
    found = calibrate([*map(Run.open, run)], alpha=alpha, keep=keep, searcher=searcher)
    found.calibration.write(out)
    if as_json:
        calibration = attrs.evolve(found.calibration, items=())
        print_json({"written": out, **attrs.asdict(attrs.evolve(found, calibration=calibration))})
        return
    if found.figures:
        print_table(calibration_table(found.figures))
    for note in calibration_notes(found, out):
        console().print(note, soft_wrap=True)
