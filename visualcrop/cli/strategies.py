"""`visualcrop strategies`: lists every strategy that a spec can name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ..output.terminal import Styled
from .options import AsJson, console, print_json

_WHOLE = ("kind", "name", "plug-in")  # columns that never wrap


def strategies(
    kind: Annotated[
        str | None, typer.Argument(help="Only those of one kind, such as relevance.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what is installed, in the order a question meets it."""
    from ..errors import UnknownStrategyError, nearest
    from ..plugin.registry import Registry

    registry = Registry.load()
    if kind is not None and kind not in registry.kinds():
        known = nearest(kind, registry.kinds(), called="kinds")
        raise UnknownStrategyError(f"There is no kind called {kind!r}; {known}.")
    entries = [_describe(entry) for entry in registry if kind in {None, entry.strategy.kind}]
    entries.sort(key=lambda entry: registry.kinds().index(entry["kind"]))
    if as_json:
        print_json(entries)
        return
    _print(entries)
    for plugin in registry.plugins.broken:
        text = f"The plug-in {plugin} is broken: {plugin.reason}."
        console(stderr=True).print(text, style="red")


def _print(entries: list[dict[str, Any]]) -> None:
    cells = (
        (entry["kind"], Styled(entry["name"], "bold"), entry["plugin"], _format_summary(entry))
        for entry in entries
    )
    console().table((*_WHOLE, "what it does"), cells, whole=_WHOLE)


def _format_summary(entry: dict[str, Any]) -> str:
    """The strategy's summary; for a model family, also the `model_type`s that it reads."""
    types = ", ".join(entry["model_types"])
    return f"{entry['summary']} Reads model_type {types}." if types else entry["summary"]


def _describe(entry: Any) -> dict[str, Any]:
    import attrs

    from ..models.families.auto import declared_types
    from ..spec.parse import format_value, to_value

    cls = entry.strategy
    options = [
        {
            "name": field.name,
            "type": str(field.type),
            "default": format_value(to_value(field.default)),
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
        "model_types": declared_types(cls),
        "options": options,
    }
