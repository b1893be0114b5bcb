"""`visualcrop data import` and `export`: datasets from one form into another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.progress import counting
from .data_options import DatasetSpec, opened, say_problems
from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..data.write_common import Written

From = Annotated[
    str | None, typer.Option("--from", metavar="PATH", help="Where its files are; sets path=.")
]
To = Annotated[str, typer.Option("--to", metavar="FOLDER", help="Where it is written.")]


def imported(dataset: DatasetSpec, to: To, source: From = None, as_json: AsJson = False) -> None:
    """Write a dataset as dataset.toml, samples.jsonl and images, which 'folder' reads."""
    from ..data.write_common import write_normal

    _write(write_normal, opened(dataset, source), to, as_json=as_json)


def exported(dataset: DatasetSpec, to: To, source: From = None, as_json: AsJson = False) -> None:
    """Write a dataset in V*Bench's own folders, which 'vstar' and other tools read."""
    from ..data.write_vstar import write_vstar

    _write(write_vstar, opened(dataset, source), to, as_json=as_json)


def _write(write: Any, dataset: Any, to: str, *, as_json: bool) -> None:
    import attrs

    from ..utils.paths import expanded

    target = expanded(to)
    with counting("Writing", dataset.published().get("samples"), quiet=as_json) as advance:
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
        said = f"Wrote {written.samples:,} samples with {len(written.images):,} images to {target}."
        console().print(said)
        if written.strays:
            said = f"{len(written.strays)} files there are no part of it, such as "
            console(stderr=True).print(f"{said}{written.strays[0]!r}; remove them.")
        say_problems(written.problems)
    if any(problem.effect == "lost" for problem in written.problems):
        raise typer.Exit(1)
