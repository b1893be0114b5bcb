"""`visualcrop explain`: a spec with everything written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.streams import is_sayable, say
from ..output.terminal import Styled
from .options import AsJson, ModelSpec, OptionPairs, console, print_json

if TYPE_CHECKING:
    from ..strategy import Strategy


def explain(
    spec: Annotated[str, typer.Argument(help="A spec, or a TOML file that holds one.")],
    kind: Annotated[
        str | None, typer.Option(help="Which kind is meant, where two share the name.")
    ] = None,
    model: ModelSpec = None,
    option: OptionPairs = None,
    dataset: Annotated[
        str, typer.Option(metavar="NAME", help="Dataset that the model's settings are to suit.")
    ] = "",
    toml: Annotated[
        bool, typer.Option("--toml", help="Print a TOML file that holds it all.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a spec becomes: every option, its value, and where that came from."""
    from ..configure import configure, given_paths, read_option, read_spec
    from ..looker import family_of
    from ..registry import Registry
    from ..spec import Spec
    from ..spec_toml import to_toml

    registry, given = Registry.load(), read_spec(spec)
    interface = registry.named(given.name, kind)
    options = [read_option(text) for text in option or ()]
    settings = family_of(model).settings()
    built = configure(
        registry, interface, given, options=options, settings=settings, dataset=dataset
    )
    plain = configure(registry, interface, given, options=options)
    if toml:
        text = to_toml(Spec.of(built))
        said = text if is_sayable(text) else to_toml(Spec.of(built), ascii_only=True)
        say(said.rstrip("\n"))
        return
    rules = _rules(settings.get(given.name, {}), given_paths(given, options))
    rows = [
        {**row, "origin": rules.get(row["path"], row["origin"])}
        for row in _rows(built, plain, type(built)())
    ]
    if as_json:
        print_json({"kind": built.kind, "spec": str(Spec.of(built)), "options": rows})
    else:
        _print(built, rows)


def _rules(settings: Mapping[str, object], given: set[str]) -> dict[str, str]:
    """What there is to say of settings with exceptions, where nothing was given."""
    from ..settings import Usually

    rules = {p: v for p, v in settings.items() if isinstance(v, Usually) and p not in given}
    return {path: f"the model's setting: {rule}" for path, rule in rules.items()}


def _rows(built: Any, plain: Any, default: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """One row an option; *plain* is without the model's settings, *default* without the user's."""
    import attrs

    from ..spec import plain as plainly
    from ..spec import written
    from ..strategy import Strategy

    for field in attrs.fields(type(built)):
        values = [getattr(strategy, field.name, None) for strategy in (built, plain, default)]
        value, ours, theirs = values
        nested = isinstance(value, Strategy)
        shown = [getattr(v, "name", None) for v in values] if nested else values
        setting, given = shown[0] != shown[1], shown[0] != shown[2]
        yield {
            "path": path + field.name,
            "value": shown[0] if nested else written(plainly(value)),
            "origin": "the model's setting" if setting else "given" if given else "",
            "help": field.metadata["help"],
        }
        if nested:
            yield from _rows(value, ours, theirs, f"{path}{field.name}.")


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
