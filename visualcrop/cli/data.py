"""`visualcrop data`: what there is to be asked, and whether it is all there."""

from __future__ import annotations

from typing import Any

import typer

from .data_checking import check, stats
from .data_fetching import fetch
from .data_writing import exported, imported
from .options import AsJson, console, print_json


def listed(as_json: AsJson = False) -> None:
    """List every dataset that is installed, where it is looked for, and whether it is there."""
    from ..data.base import Dataset
    from ..plugin.registry import Registry

    rows = [
        _described(entry.strategy())
        for entry in Registry.load()
        if issubclass(entry.strategy, Dataset)
    ]
    if as_json:
        print_json(rows)
        return
    console().table(("dataset", "samples", "here", "what it holds"), map(_cells, rows))


def _cells(row: dict[str, Any]) -> list[str]:
    samples = "" if row["published"] is None else f"{row['published']:,}"
    return [row["name"], samples, row["place"] if row["here"] else "no", row["summary"]]


def _described(dataset: Any) -> dict[str, Any]:
    from ..data.formats.file_dataset import FileDataset

    root = dataset.root if isinstance(dataset, FileDataset) else None
    return {
        "name": dataset.name,
        "summary": dataset.summary(),
        "published": dict(dataset.published()).get("samples"),
        "place": "drawn or read by a plug-in" if root is None else str(root),
        "here": root is None or root.exists(),
    }


app = typer.Typer(help="List, write, check, measure and fetch datasets.", no_args_is_help=True)
app.command("list")(listed)
app.command("import")(imported)
app.command("export")(exported)
for command in (check, stats, fetch):
    app.command()(command)
