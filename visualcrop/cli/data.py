"""`visualcrop data`: list, import, export, check, measure and fetch datasets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.progress import Progress
from ..output.terminal import Styled
from .options import DRAWINGS, AsJson, check_place, console, print_json, write_drawing

if TYPE_CHECKING:
    from ..data.audit import Audit
    from ..data.base import Dataset, Problem
    from ..data.download import RemoteFile
    from ..data.measure import Measures
    from ..data.write_common import Written

DatasetSpec = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="Spec of a dataset, or a folder that holds a dataset.toml."
    ),
]
_SHOWN = 20  # problems on a terminal; JSON has them all


def open_dataset(text: str, path: str | None = None) -> Dataset:
    """Build the dataset of the spec *text*; its files are at *path* if given."""
    from ..data.base import Dataset
    from ..plugin.configure import read_dataset
    from ..plugin.registry import Registry

    registry = Registry.load()
    spec = read_dataset(registry, text)
    return registry.build(Dataset, spec.with_option("path", path) if path else spec)


def print_problems(problems: list[Problem] | tuple[Problem, ...]) -> None:
    """Print the number of problems by their effect, and the first ones of each."""
    out = console(stderr=True)
    for effect in ("lost", "kept", "excluded"):
        some = [problem for problem in problems if problem.effect == effect]
        if some:
            out.print(f"{len(some)} {effect}:")
        for problem in some[:_SHOWN]:
            out.print(f"  {problem.id}: {problem.reason}")
        if len(some) > _SHOWN:
            out.print(f"  and {len(some) - _SHOWN} more; --json names them all")


def list_datasets(as_json: AsJson = False) -> None:
    """List every dataset that is installed, where it is looked for, and whether it is there."""
    from ..data.base import Dataset
    from ..plugin.registry import Registry

    rows = [
        _describe(entry.strategy())
        for entry in Registry.load()
        if issubclass(entry.strategy, Dataset)
    ]
    if as_json:
        print_json(rows)
        return
    console().table(("dataset", "samples", "here", "what it holds"), map(_format_cells, rows))


def _format_cells(row: dict[str, Any]) -> list[str]:
    samples = "" if row["published"] is None else f"{row['published']:,}"
    return [row["name"], samples, row["place"] if row["here"] else "no", row["summary"]]


def _describe(dataset: Any) -> dict[str, Any]:
    from ..data.formats.common import FileDataset

    root = dataset.root if isinstance(dataset, FileDataset) else None
    return {
        "name": dataset.name,
        "summary": dataset.summary(),
        "published": dict(dataset.published()).get("samples"),
        "place": "drawn or read by a plug-in" if root is None else str(root),
        "here": root is None or root.exists(),
    }


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

    made = open_dataset(dataset)
    with Progress("Reading", made.published().get("samples"), quiet=as_json) as advance:
        found = audit(made, advance, pictures=pictures, pixels=pixels)
    if as_json:
        print_json({"sound": found.is_sound, **attrs.asdict(found)})
    else:
        _print_audit(found)
    if not found.is_sound:
        raise typer.Exit(1)


def _print_audit(found: Audit) -> None:
    out, wrong = console(), Styled("wrong", "red")
    counts = [
        (
            count.of,
            f"{count.found:,}",
            "" if count.published is None else f"{count.published:,}",
            "" if count.is_right else wrong,
        )
        for count in found.counts
    ]
    out.table(("count of", "found", "published", ""), counts, right={"found", "published"})
    out.print(f"questions  sha256 {found.rows}")
    if found.pictures:
        out.print(f"pictures   sha256 {found.pictures}")
    for name, same in found.files:
        out.print(f"{name}: {'as imported' if same else 'changed since it was imported'}")
    print_problems(found.problems)


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
        made = open_dataset(text)
        with Progress(text, made.published().get("samples"), quiet=as_json) as advance:
            found[text] = measure(made, advance)
    if picture:
        from ..report.charts import draw_area_histograms

        drawing = draw_area_histograms({name: measures.shares for name, measures in found.items()})
        write_drawing(picture, drawing)
    if as_json:
        print_json({name: _to_json(measures) for name, measures in found.items()})
        return
    _print_stats(found)
    for measures in found.values():
        print_problems(measures.problems)
    if picture:
        console().print(f"Drawn in {picture}.")


def _to_json(measures: Measures) -> dict[str, Any]:
    import attrs

    fields = attrs.asdict(measures, filter=lambda field, _: field.name != "shares")
    areas = {name: measures.share_quantile(part) for name, part in _AREAS.items()}
    return {**fields, "targets": len(measures.shares), "areas": areas}


def _print_stats(found: dict[str, Measures]) -> None:
    rows = {
        "samples": [f"{m.samples:,}" for m in found.values()],
        "images": [f"{m.images:,}" for m in found.values()],
        "mean width": [f"{m.width:,.0f}" for m in found.values()],
        "mean height": [f"{m.height:,.0f}" for m in found.values()],
        "right by chance": [_format_percent(m.chance) for m in found.values()],
        "targets": [f"{len(m.shares):,}" for m in found.values()],
    }
    for name, part in _AREAS.items():
        rows[f"area, {name}"] = [_format_percent(m.share_quantile(part)) for m in found.values()]
    console().table(("", *found), ((name, *cells) for name, cells in rows.items()))


def _format_percent(part: float | None) -> str:
    return "" if part is None else f"{100 * part:.3g} %"


def fetch(
    dataset: Annotated[
        str, typer.Argument(metavar="NAME", help="vstar, hrbench or mme-realworld-lite.")
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FOLDER", help="Where to; by default where it is looked for."),
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only files with this in their names.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before fetching.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a dataset from the Hugging Face hub; an interrupted download is resumed."""
    from ..data.download import download_file, find_repository, list_files
    from ..data.formats.common import datasets_home
    from ..utils.paths import expand_path

    wanted = find_repository(dataset)
    target = expand_path(to) if to else datasets_home() / dataset
    files = [file for file in list_files(wanted) if only is None or only in file.path]
    left = [file for file in files if not file.is_complete_in(target)]
    if not as_json:
        _print_plan(files, left, target, wanted.page)
    if left and not (yes or as_json) and not typer.confirm("Fetch them?"):
        raise typer.Exit(1)
    size = float(sum(file.size for file in left))
    with Progress("Fetching bytes", size, quiet=as_json) as advance:
        for file in left:
            download_file(file, target, advance)
    if as_json:
        result = {"folder": str(target), "from": wanted.page, "fetched": [f.path for f in left]}
        print_json({**result, "files": [file.path for file in files]})
    else:
        console().print(f"All {len(files)} files are in {target}.")


def _print_plan(files: list[RemoteFile], left: list[RemoteFile], target: Path, page: str) -> None:
    out = console()
    out.print(f"From {page} to {target}:")
    for file in left[:10]:
        out.print(f"  {file.path}  {file.size / 1e6:,.1f} MB")
    if len(left) > 10:
        out.print(f"  and {len(left) - 10} more")
    size = sum(file.size for file in left) / 1e6
    here = len(files) - len(left)
    out.print(f"{len(left)} files, {size:,.1f} MB; {here} are there already.")


From = Annotated[
    str | None, typer.Option("--from", metavar="PATH", help="Where its files are; sets path=.")
]
To = Annotated[str, typer.Option("--to", metavar="FOLDER", help="Where it is written.")]


def import_dataset(
    dataset: DatasetSpec, to: To, source: From = None, as_json: AsJson = False
) -> None:
    """Write a dataset as dataset.toml, samples.jsonl and images, which 'folder' reads."""
    from ..data.write_common import write_common

    _write(write_common, open_dataset(dataset, source), to, as_json=as_json)


def export_dataset(
    dataset: DatasetSpec, to: To, source: From = None, as_json: AsJson = False
) -> None:
    """Write a dataset in V*Bench's own folders, which 'vstar' and other tools read."""
    from ..data.write_vstar import write_vstar

    _write(write_vstar, open_dataset(dataset, source), to, as_json=as_json)


def _write(write: Any, dataset: Any, to: str, *, as_json: bool) -> None:
    import attrs

    from ..utils.paths import expand_path

    target = expand_path(to)
    with Progress("Writing", dataset.published().get("samples"), quiet=as_json) as advance:
        written: Written = write(dataset, target, advance)
    if as_json:
        print_json(
            {
                "folder": str(target),
                "samples": written.samples,
                "images": len(written.images),
                "strays": written.strays,
                "problems": [attrs.asdict(problem) for problem in written.problems],
            }
        )
    else:
        summary = (
            f"Wrote {written.samples:,} samples with {len(written.images):,} images to {target}."
        )
        console().print(summary)
        if written.strays:
            strays = f"{len(written.strays)} files there are no part of it, such as "
            console(stderr=True).print(f"{strays}{written.strays[0]!r}; remove them.")
        print_problems(written.problems)
    if any(problem.effect == "lost" for problem in written.problems):
        raise typer.Exit(1)


app = typer.Typer(help="List, write, check, measure and fetch datasets.", no_args_is_help=True)
app.command("list")(list_datasets)
app.command("import")(import_dataset)
app.command("export")(export_dataset)
for command in (check, stats, fetch):
    app.command()(command)
