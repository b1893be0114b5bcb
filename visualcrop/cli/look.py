"""`visualcrop look`: one relevance map, drawn over the image."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from ..utils.paths import expand_path
from .options import (
    DRAWINGS,
    PICTURES,
    AsJson,
    ImagePath,
    MaxBytes,
    ModelSpec,
    OptionPairs,
    check_place,
    console,
    print_json,
    write_drawing,
)


def look(
    image: ImagePath,
    target: Annotated[str, typer.Argument(help="What to look for.")],
    relevance: Annotated[
        str, typer.Option("-r", "--relevance", help="Spec of the relevance source, or a TOML file.")
    ] = "vv",
    model: ModelSpec = None,
    option: OptionPairs = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Where to draw it, .png, .svg or .pdf, say; else beside the image.",
        ),
    ] = None,
    cells: Annotated[
        bool, typer.Option("--cells", help="Draw each cell of the map in one colour, not smooth.")
    ] = False,
    max_bytes: MaxBytes = 2_147_483_648,
    as_json: AsJson = False,
) -> None:
    """Draw where the model's own internals point for a target."""
    from ..api import family_of
    from ..budget import BudgetedModel, Ledger
    from ..errors import FileError, QuestionError
    from ..image import Image
    from ..interfaces import RelevanceSource
    from ..plugin.configure import configure, read_option
    from ..plugin.registry import Registry
    from ..proposals.anchors import Anchors
    from ..report.overlay import draw_relevance
    from ..values import Target, View

    if not target.strip():
        raise QuestionError("The target is empty; name something to look for.")
    place = out or _choose_place(image, target)
    check_place(place, (*PICTURES, *DRAWINGS))
    if expand_path(place).exists() and expand_path(place).resolve() == expand_path(image).resolve():
        raise FileError(f"{str(place)!r} is the image itself; give another --out.")
    view = View.whole(Image.open(image, max_bytes=max_bytes))
    registry = Registry.load()
    family = family_of(model)
    options = [read_option(text) for text in option or ()]
    source = configure(
        registry, RelevanceSource, relevance, options=options, settings=family.settings()
    )
    budgeted = BudgetedModel(family.open(), Ledger()).at("relevance")
    found = source.map(view, Target(target), budgeted)
    best = Anchors().propose(found)[:3]
    caption = f"Relevance of {target} ({source.name}); see-through below the median"
    drawing = draw_relevance(view.image, found, [p.box for p in best], caption=caption, cells=cells)
    place = write_drawing(place, drawing)
    if as_json:
        rows, columns = found.grid.shape
        boxes = [{"box": [*p.box.whole_pixels()], "score": p.score} for p in best]
        print_json(
            {"target": target, "rows": rows, "columns": columns, "best": boxes, "file": str(place)}
        )
    else:
        where = [*best[0].box.whole_pixels()]
        console().print(f"Best place for {target}: {where}. Drawn in {place}.")


def _choose_place(image: str, target: str) -> Path:
    path = expand_path(image)
    word = re.sub(r"\W+", "-", target).strip("-") or "target"
    return path.parent / f"{path.stem}-{word[:40]}.png"  # `/` has no name to be changed
