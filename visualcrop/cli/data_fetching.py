"""`visualcrop data fetch`: the only command that touches a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output.progress import counting
from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..data.download import Remote


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
    """Fetch a dataset from the Hugging Face hub; begun anew, it goes on where it was."""
    from ..data.download import fetch_file, listing, repository
    from ..data.formats.file_dataset import home
    from ..utils.paths import expanded

    wanted = repository(dataset)
    target = expanded(to) if to else home() / dataset
    files = [file for file in listing(wanted) if only is None or only in file.path]
    left = [file for file in files if not file.is_in(target)]
    if not as_json:
        _announce(files, left, target, wanted.page)
    if left and not (yes or as_json) and not typer.confirm("Fetch them?"):
        raise typer.Exit(1)
    size = float(sum(file.size for file in left))
    with counting("Fetching bytes", size, quiet=as_json) as advance:
        for file in left:
            fetch_file(file, target, advance)
    if as_json:
        told = {"folder": str(target), "from": wanted.page, "fetched": [f.path for f in left]}
        print_json({**told, "files": [file.path for file in files]})
    else:
        console().print(f"All {len(files)} files are in {target}.")


def _announce(files: list[Remote], left: list[Remote], target: Path, page: str) -> None:
    out = console()
    out.print(f"From {page} to {target}:")
    for file in left[:10]:
        out.print(f"  {file.path}  {file.size / 1e6:,.1f} MB")
    if len(left) > 10:
        out.print(f"  and {len(left) - 10} more")
    size = sum(file.size for file in left) / 1e6
    here = len(files) - len(left)
    out.print(f"{len(left)} files, {size:,.1f} MB; {here} are there already.")
