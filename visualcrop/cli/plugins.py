"""`visualcrop plugins`: lists plug-ins, and writes the package of a new one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..output.terminal import Styled, Words
from .options import AsJson, console, print_json

_HEADINGS = ("plug-in", "distribution", "version", "state", "offers")
_COLOURS = {"ok": "green", "broken": "red", "blocked": "yellow"}

app = typer.Typer(help="List plug-ins, or begin a new one.", invoke_without_command=True)


@app.callback()
def _list_by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_plugins(as_json=False)


@app.command("list")
def list_plugins(as_json: AsJson = False) -> None:
    """List every plug-in with its distribution, its state, and the reason if it is broken."""
    import attrs

    from ..models.families.auto import declared_types
    from ..plugin.manager import load_plugins
    from . import BUILT_IN

    plugins = load_plugins()
    plugins.add_commands(typer.Typer(), taken=BUILT_IN)
    rows = [attrs.asdict(plugin) for plugin in plugins]
    for row in rows:
        offered = row["strategies"]
        row["strategies"] = [f"{cls.kind} {cls.name}" for cls in offered]
        row["model_types"] = [kind for cls in offered for kind in declared_types(cls)]
    if as_json:
        print_json(rows)
    else:
        console().table(_HEADINGS, map(_format_cells, rows))


@app.command()
def new(
    kind: Annotated[
        str,
        typer.Argument(
            help="What it adds: targets, relevance, proposals, verification, answer, searcher, "
            "model, dataset, executor or judge."
        ),
    ],
    name: Annotated[
        str, typer.Argument(help="What it is called in a spec: lower-case-with-dashes.")
    ],
    to: Annotated[str, typer.Option(metavar="FOLDER", help="Where its folder is made.")] = ".",
    as_json: AsJson = False,
) -> None:
    """Write a package that adds one strategy, with tests that pass."""
    from .scaffold import scaffold

    folder = scaffold(kind, name, to)
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if as_json:
        print_json({"folder": str(folder), "files": files})
        return
    out = console()
    out.print(f"Wrote {', '.join(files)} in {folder}. Next:")
    for command in (f"pip install -e {folder}", f"pytest {folder}", f"visualcrop explain {name}"):
        out.print(f"  {command}")


def _format_cells(row: dict[str, Any]) -> list[Words]:
    state = Styled(row["status"], _COLOURS[row["status"]])
    types = f"; reads model_type {', '.join(row['model_types'])}" if row["model_types"] else ""
    offers = row["reason"] or ", ".join(row["strategies"]) + types
    return [row["name"], row["distribution"], row["version"], state, offers]
