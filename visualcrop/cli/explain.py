"""`visualcrop explain`: a spec with everything written out."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.streams import can_encode, say
from ..output.terminal import Styled
from .options import AsJson, ModelSpec, OptionPairs, console, print_json

if TYPE_CHECKING:
    from ..strategy.base import Strategy


def explain(
    spec: Annotated[str, typer.Argument(help="A spec, or a TOML file that holds one.")],
    kind: Annotated[
        str | None, typer.Option(help="Which kind is meant, where two share the name.")
    ] = None,
    model: ModelSpec = None,
    option: OptionPairs = None,
    dataset: Annotated[
        str, typer.Option(metavar="NAME", help="Dataset that settings and defaults are to suit.")
    ] = "",
    toml: Annotated[
        bool, typer.Option("--toml", help="Print a TOML file that holds it all.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a spec becomes: every option, its value, and where that came from."""
    from ..api import family_of
    from ..plugin.configure import configure, read_option, read_spec
    from ..plugin.model_settings import resolve_settings
    from ..plugin.registry import Registry
    from ..spec.parse import Spec
    from ..spec.toml import to_toml
    from ..strategy.base import given_options

    registry, read = Registry.load(), read_spec(spec)
    interface = registry.find(read.name, kind)
    options = [read_option(text) for text in option or ()]
    family = family_of(model)
    settings, notes = family.settings(), family.notes()
    built = configure(
        registry, interface, read, options=options, settings=settings, dataset=dataset
    )
    if toml:
        text = to_toml(Spec.of(built))
        shown = text if can_encode(text) else to_toml(Spec.of(built), ascii_only=True)
        say(shown.rstrip("\n"))
        return
    _, used = resolve_settings(registry, built, settings, dataset)
    rows = [*_list_options(built, given_options(built), used)]
    if as_json:
        found = {"kind": built.kind, "spec": str(Spec.of(built)), "options": rows}
        print_json(found | {"notes": [*notes]})
    else:
        _print(built, rows)
        for note in notes:
            console().print(note)


def _list_options(
    strategy: Strategy, given: Container[str], used: Mapping[str, object], above: str = ""
) -> Iterator[dict[str, Any]]:
    """One row for each option: path, value, and whether it was given or what else decides it."""
    import attrs

    from ..spec.parse import format_value, to_value
    from ..strategy.base import Strategy, dataset_defaults

    own = {f"{above}{name}": how for name, how in dataset_defaults(type(strategy)).items()}
    settings: dict[str, object] = {**own, **used}
    for field in attrs.fields(type(strategy)):
        path, value = f"{above}{field.name}", getattr(strategy, field.name)
        nested = isinstance(value, Strategy)
        yield {
            "path": path,
            "value": value.name if nested else format_value(to_value(value)),
            "origin": "given"
            if path in given
            else _explain_setting(settings[path])
            if path in settings
            else "",
            "help": field.metadata["help"],
        }
        if nested:
            yield from _list_options(value, given, used, f"{path}.")


def _explain_setting(setting: object) -> str:
    """Name the model's setting and the condition it depends on, or what else there is to say."""
    from ..strategy.defaults import ConditionalDefault, DatasetDefault, OwnDefault

    if isinstance(setting, DatasetDefault | OwnDefault):
        return str(setting)
    source = "the model's setting"
    return f"{source}: {setting}" if isinstance(setting, ConditionalDefault) else source


def _print(built: Strategy, rows: list[dict[str, Any]]) -> None:
    out = console()
    out.print(Styled(built.name, "bold"), f" ({built.kind}): {built.summary()}")
    cells = (
        (
            "  " * row["path"].count(".") + row["path"].rpartition(".")[2],
            row["value"],
            row["origin"],
            row["help"],
        )
        for row in rows
    )
    out.table(("option", "value", "from", "what it means"), cells)
