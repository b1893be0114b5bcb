"""`visualcrop plugins`: what is installed, what is broken, and how to begin one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import AsJson, console, print_json

app = typer.Typer(help="List plug-ins, or begin a new one.", invoke_without_command=True)


@app.callback()
def _by_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        listed(as_json=False)


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """List every plug-in with its distribution, its state, and the reason if it is broken."""
    import attrs

    from ..plugins import load_plugins
    from . import BUILT_IN

    plugins = load_plugins()
    plugins.add_commands(typer.Typer(), taken=BUILT_IN)
    rows = [attrs.asdict(plugin) for plugin in plugins]
    for row in rows:
        row["strategies"] = [f"{cls.kind} {cls.name}" for cls in row["strategies"]]
    if as_json:
        print_json(rows)
    else:
        _print(rows)


@app.command()
def new(
    kind: Annotated[
        str, typer.Argument(help="What it adds: relevance, verification, searcher, ...")
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
    out.print(f"Wrote {', '.join(files)} in {folder}. Next:", markup=False)
    out.print(
        f"  pip install -e {folder}\n  pytest {folder}\n  visualcrop explain {name}", markup=False
    )


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("plug-in", "distribution", "version", "state", "offers"):
        table.add_column(heading, overflow="fold")
    colours = {"ok": "green", "broken": "red", "blocked": "yellow"}
    for row in rows:
        state = f"[{colours[row['status']]}]{row['status']}[/]"
        offers = row["reason"] or ", ".join(row["strategies"])
        table.add_row(row["name"], row["distribution"], row["version"], state, escape(offers))
    console().print(table)
