"""`visualcrop data check` and `stats`: whether it is all there, and how small things are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.terminal import Styled
from .data_options import DatasetSpec, opened, say_problems
from .options import DRAWINGS, AsJson, check_place, console, print_json, write_drawing
from .progress import counting

if TYPE_CHECKING:
    from ..data.audit import Audit
    from ..data.measure import Measures

_AREAS = {"smallest tenth of targets": 0.1, "median target": 0.5, "largest tenth": 0.9}


def check(
    dataset: DatasetSpec,
    pictures: Annotated[
        bool, typer.Option(help="Read every picture too, and compare boxes with its size.")
    ] = True,
    pixels: Annotated[bool, typer.Option(help="Decode every picture, which is slow.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a dataset with what was published about it; ends with 1 if anything is wrong."""
    import attrs

    from ..data.audit import audit

    made = opened(dataset)
    with counting("Internals", made.published().get("samples"), quiet=as_json) as advance:
        found = audit(made, advance, pictures=pictures, pixels=pixels)
    if as_json:
        print_json({"sound": found.sound, **attrs.asdict(found)})
    else:
        _print_audit(found)
    if not found.sound:
        raise typer.Exit(1)


def _print_audit(found: Audit) -> None:
    out, wrong = console(), Styled("wrong", "red")
    counts = [
        (
            count.of,
            f"{count.found:,}",
            "" if count.published is None else f"{count.published:,}",
            "" if count.right else wrong,
        )
        for count in found.counts
    ]
    out.table(("count of", "found", "published", ""), counts, right={"found", "published"})
    out.print(f"questions  sha256 {found.rows}")
    if found.pictures:
        out.print(f"pictures   sha256 {found.pictures}")
    for name, same in found.files:
        out.print(f"{name}: {'as imported' if same else 'changed since it was imported'}")
    say_problems(found.problems)


def stats(
    datasets: Annotated[
        list[str], typer.Argument(metavar="DATASET...", help="Specs of datasets, or folders.")
    ],
    picture: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw the areas of targets: .svg or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how large images are and how small the things asked about (Table 8, Fig. 1)."""
    from ..data.measure import measure

    if picture:
        check_place(picture, DRAWINGS)

    found: dict[str, Measures] = {}
    for text in datasets:
        made = opened(text)
        with counting(text, made.published().get("samples"), quiet=as_json) as advance:
            found[text] = measure(made, advance)
    if picture:
        from ..report.charts import draw_area_histograms

        drawing = draw_area_histograms({name: measures.shares for name, measures in found.items()})
        write_drawing(picture, drawing)
    if as_json:
        print_json({name: _rounded(measures) for name, measures in found.items()})
        return
    _print_stats(found)
    for measures in found.values():
        say_problems(measures.problems)
    if picture:
        console().print(f"Drawn in {picture}.")


def _rounded(measures: Measures) -> dict[str, Any]:
    import attrs

    told = attrs.asdict(measures, filter=lambda field, _: field.name != "shares")
    areas = {name: measures.share_at(part) for name, part in _AREAS.items()}
    return {**told, "targets": len(measures.shares), "areas": areas}


def _print_stats(found: dict[str, Measures]) -> None:
    rows = {
        "samples": [f"{m.samples:,}" for m in found.values()],
        "images": [f"{m.images:,}" for m in found.values()],
        "mean width": [f"{m.width:,.0f}" for m in found.values()],
        "mean height": [f"{m.height:,.0f}" for m in found.values()],
        "right by chance": [_percent(m.chance) for m in found.values()],
        "targets": [f"{len(m.shares):,}" for m in found.values()],
    }
    for name, part in _AREAS.items():
        rows[f"area, {name}"] = [_percent(m.share_at(part)) for m in found.values()]
    console().table(("", *found), ((name, *cells) for name, cells in rows.items()))


def _percent(part: float | None) -> str:
    return "" if part is None else f"{100 * part:.3g} %"
