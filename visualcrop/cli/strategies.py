"""`visualcrop strategies`: everything that can be named in a spec."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .options import AsJson, console, print_json


def strategies(
    kind: Annotated[
        str | None, typer.Argument(help="Only those of one kind, such as relevance.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is installed, in the order a question meets it."""
    from ..errors import UnknownStrategyError, nearest
    from ..registry import Registry

    registry = Registry.load()
    if kind is not None and kind not in registry.kinds():
        known = nearest(kind, registry.kinds(), called="kinds")
        raise UnknownStrategyError(f"There is no kind called {kind!r}; {known}.")
    entries = [_described(entry) for entry in registry if kind in {None, entry.strategy.kind}]
    entries.sort(key=lambda entry: registry.kinds().index(entry["kind"]))
    if as_json:
        print_json(entries)
        return
    _print(entries)
    for plugin in registry.plugins.broken:
        text = f"The plug-in {plugin} is broken: {plugin.reason}."
        console(stderr=True).print(text, style="red", markup=False)


def _print(entries: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("kind", "name", "plug-in", "what it does"):
        table.add_column(heading, no_wrap=heading != "what it does", overflow="fold")
    for entry in entries:
        table.add_row(entry["kind"], f"[bold]{entry['name']}[/]", entry["plugin"], entry["summary"])
    console().print(table)


def _described(entry: Any) -> dict[str, Any]:
    import attrs

    from ..spec import plain, written

    cls = entry.strategy
    options = [
        {
            "name": field.name,
            "type": str(field.type),
            "default": written(plain(field.default)),
            "help": field.metadata.get("help", ""),
        }
        for field in attrs.fields(cls)
    ]
    summary = cls.summary()
    return {
        "kind": cls.kind,
        "name": cls.name,
        "plugin": entry.plugin.name,
        "summary": summary,
        "options": options,
    }
