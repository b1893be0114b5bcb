"""`visualcrop report` and `visualcrop show`: runs as pages and tables."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..utils.paths import expand_path
from .options import DRAWINGS, MethodGroups, OursName, console, write, write_drawing

if TYPE_CHECKING:
    from ..evaluation.run_folder import Store
    from ..report.question_page import DifferingQuestion

_LISTED = 200  # questions that are listed where variants differ


def report(
    run: Annotated[
        list[str], typer.Argument(help="Folders of one run or several, or that of a reproduction.")
    ],
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where to write; else the run's own folder."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The variant that the others are held against.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Columns of results.tex and results.md."),
    ] = None,
    pages: Annotated[
        int, typer.Option(help="Pages for so many questions that are answered differently.", min=0)
    ] = 12,
    ours: OursName = None,
    method: MethodGroups = None,
    force: Annotated[
        bool, typer.Option(help="Also if datasets or protocols differ: at your own risk.")
    ] = False,
) -> None:
    """Write results as a page, tables (CSV, Markdown, LaTeX) and figures (SVG, PDF)."""
    from ..evaluation.comparison import compare
    from ..evaluation.reproduction.record import RECORD
    from ..evaluation.run_folder import Store
    from ..report.results_page import draw_figures, render_results
    from ..report.tables import EFFICIENCY_FORMATS, FORMATS, parse_columns, summary

    if len(run) == 1 and (expand_path(run[0]) / RECORD).is_file():
        given = {"--baseline": baseline, "--columns": columns, "--ours": ours, "--method": method}
        _report_reproduction(expand_path(run[0]), out, given)
        return
    chosen = parse_columns(columns)
    stores = [*map(Store.existing, run)]
    results = compare(stores, baseline, forced=force, ours=ours, methods=method or ())
    whole, *parts = results
    folder = expand_path(out) if out else stores[0].folder / "report"
    labels = [row["searcher"] for row in whole.rows]
    shown = _write_question_pages(stores[0], labels, folder, pages) if len(stores) == 1 else []
    figures = draw_figures(stores, whole)
    page = write(folder / "index.html", render_results(stores, results, figures, shown))
    for ending, form in FORMATS.items():
        write(folder / f"results.{ending}", form(stores, whole, chosen))
    if whole.efficiency:
        for ending, form_ratios in EFFICIENCY_FORMATS.items():
            write(folder / f"efficiency.{ending}", form_ratios(whole.efficiency))
    for figure in figures:
        for ending in DRAWINGS:
            write_drawing(folder / f"{figure.name}{ending}", figure.drawing)
    console().print(f"The page: {page}")
    console().print(f"The table: {folder / 'results.csv'}, .md, .tex")
    if whole.efficiency:
        console().print(f"Passes for the same accuracy: {folder / 'efficiency.csv'}, .md, .tex")
    for figure in figures:
        console().print(f"{figure.title}: {folder / figure.name}.svg, .pdf")
    if len(stores) == 1:
        text = summary(stores[0], whole, parts)
        console().print(f"In short: {write(folder / 'summary.md', text)}")


def _report_reproduction(place: Path, out: str | None, given: Mapping[str, object]) -> None:
    """Write a reproduction beside the paper."""
    from ..errors import EvaluationError
    from ..evaluation.reproduction.agreement import compare_reproduction
    from ..report.reproduction_page import draw_agreement, render_reproduction
    from ..report.reproduction_tables import FORMATS, as_summary, describe_agreement

    if too_many := [name for name, value in given.items() if value]:
        raise EvaluationError(
            f"{too_many[0]} is for runs, and {str(place)!r} is a reproduction; give it with the "
            "folder of one of its runs."
        )
    found = compare_reproduction(place)
    folder = expand_path(out) if out else place / "report"
    chart = draw_agreement(found)
    page = write(folder / "index.html", render_reproduction(found, chart))
    for ending, form in FORMATS.items():
        write(folder / f"results.{ending}", form(found))
    console().print(f"The page: {page}")
    console().print(f"The tables: {folder / 'results.csv'}, .md, .tex")
    if chart:
        for ending in DRAWINGS:
            write_drawing(folder / f"agreement{ending}", chart)
        console().print(f"Ours against the paper's: {folder / 'agreement'}.svg, .pdf")
    console().print(f"In short: {write(folder / 'summary.md', as_summary(found))}")
    for note in describe_agreement(found):
        console().print(note)


def _write_question_pages(
    store: Store, labels: list[str], folder: Path, most: int
) -> list[DifferingQuestion]:
    """Find questions that variants answer differently, and write pages for the first ones."""
    import attrs

    from ..errors import VisualcropError
    from ..plugin.registry import Registry
    from ..report.question_page import find_differing, find_records, find_samples, render_question

    found = [*islice(find_differing(store, labels), _LISTED)]
    ids = [question.id for question in found[:most]]
    try:
        samples = find_samples(store.study.build_dataset(Registry.load()), ids) if ids else {}
    except VisualcropError as exc:
        console(stderr=True).print(f"No pages of questions: {exc}")
        return found
    records, specs = find_records(store, ids), dict(store.study.variants)
    for place, id in enumerate(ids):
        name = f"questions/{place + 1}.html"
        try:
            page = render_question(samples[id], records[id], specs)
        except VisualcropError as exc:  # the report holds without it
            console(stderr=True).print(f"No page of {id!r}: {exc}")
            continue
        write(folder / name, page)
        found[place] = attrs.evolve(found[place], page=name)
    return found


def show(
    run: Annotated[str, typer.Argument(help="Folder of a run.")],
    id: Annotated[str, typer.Argument(help="Id of a question.")],
    page: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the page is written.")
    ] = None,
) -> None:
    """Show one question of a run: map, boxes, confidences, truth, for every variant."""
    from ..evaluation.formatting import describe_missing
    from ..evaluation.run_folder import Store
    from ..evaluation.summary import summarize
    from ..plugin.registry import Registry
    from ..report.question_page import find_records, find_samples, render_question

    store = Store.existing(run)
    records = find_records(store, [id])[id]
    sample = find_samples(store.study.build_dataset(Registry.load()), [id])[id]
    out = console()
    out.print(f"{sample.text}  [{', '.join(sample.answers)}]")
    counts = ((row["searcher"], row["asked"], row["wanted"]) for row in summarize(store))
    if lack := describe_missing(counts):
        out.print(lack)
    for record in records:
        reply = record.error or record.text
        passes = sum(record.passes.values())
        out.print(f"  {record.variant}: {reply} ({record.status}, {passes} passes)")
    place = page or f"{_make_file_name(id)}.html"
    written = write(place, render_question(sample, records, dict(store.study.variants)))
    out.print(f"The page: {written}", soft_wrap=True)


def _make_file_name(id: str) -> str:
    """A file name of its own for each id, also where only unsafe characters differ."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in id)[:80]
    if safe == id:
        return safe
    return f"{safe}-{blake2b(id.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"
