"""Write the reference pages that the code knows best; with `--check`, only compare them."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
import typer.main

from visualcrop import Auto, cli
from visualcrop.models import Family
from visualcrop.plugin import Registry, Spec, Strategy
from visualcrop.spec.parse import format_value

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Written by scripts/reference.py from the code: change that, and run it again. -->\n"
WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def main(arguments: list[str]) -> int:
    """Write the pages that are out of date, or only name them; 1 if one was named."""
    check = "--check" in arguments
    stale = {p: t for p, t in pages().items() if not p.is_file() or p.read_text("utf-8") != t}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)} {'is out of date' if check else 'written'}")
        if not check:
            path.write_text(text, "utf-8")
    return int(check and bool(stale))


def pages() -> dict[Path, str]:
    """What each page has to say."""
    folder, app = ROOT / "docs" / "reference", typer.main.get_command(cli.app)
    return {
        folder / "strategies.md": "\n".join(strategies(Registry.load())),
        folder / "cli.md": "\n".join(commands(app)),
    }


def strategies(registry: Registry) -> Iterator[str]:
    """Every strategy of this repository, kind by kind, as a question meets them."""
    ours = {"visualcrop", *(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))}
    yield f"{NOTE}\n# Strategies\n\nEverything that a [spec](spec.md) can name, in the order in"
    yield "which a question meets it. `visualcrop strategies` lists what is installed.\n"
    for kind in registry.kinds():
        mine = [e for e in registry if e.strategy.kind == kind and e.plugin.distribution in ours]
        interface = next(cls for cls in mine[0].strategy.__mro__ if "kind" in vars(cls))
        yield f"## {kind.capitalize()}\n\n{str(inspect.getdoc(interface)).replace('->', '→')}\n"
        for cls, origin in ((entry.strategy, entry.plugin.distribution) for entry in mine):
            yield f"### `{cls.name}` {{ #{kind}-{cls.name} }}\n\n{cls.summary()}\n"
            known = attrs.fields_dict(Auto) if issubclass(cls, Family) else {}
            more = " Has the options of [`auto`](#model-auto)" if known else ""
            own = [field for field in attrs.fields(cls) if not _same(field, known.get(field.name))]
            more += " and:" if known and own else "." * bool(known)
            yield f"Comes with `{origin}`.{more if own or known else ' No options.'}\n"
            yield from _table("option | type | default | meaning", _options(cls, own))


def _same(field: attrs.Attribute[Any], other: attrs.Attribute[Any] | None) -> bool:
    """Whether two options read the same."""
    return other is not None and (field.default, field.metadata) == (other.default, other.metadata)


def _options(
    cls: type[Strategy], fields: Iterable[attrs.Attribute[Any]]
) -> Iterator[tuple[str, ...]]:
    hints, default = get_type_hints(cls), Spec.of(cls())
    for field in fields:
        value = default.get(field.name)
        shown = value.name if isinstance(value, Spec) else format_value(value)
        yield f"`{field.name}`", _type(hints[field.name]), f"`{shown}`", field.metadata["help"]


def _type(hint: Any) -> str:
    """A type in the words of a spec."""
    origin, members = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return " or ".join(map(_type, members))
    if origin is Literal:
        return " or ".join(f"`{member}`" for member in members)
    if origin is tuple:
        return f"list of {'' if members[-1] is ... else f'{len(members)} × '}{_type(members[0])}"
    if inspect.isclass(hint) and issubclass(hint, Strategy):
        return f"[{hint.kind}](#{hint.kind})"
    return WORDS.get(hint, "none")


def commands(app: Any) -> Iterator[str]:
    """Every command, in the order of `--help`."""
    yield f"{NOTE}\n# Command line\n\n{(cli.__doc__ or '').partition('.')[2].strip()}"
    yield "[Errors](errors.md#exit-codes) says what to do about each of them.\n"
    yield from _command("visualcrop", app)


def _command(path: str, command: Any) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    inner = getattr(command, "commands", {})
    places = [_value(p) if p.required else f"[{_value(p)}]" for p in arguments]
    usage = " ".join([path, *places, "[OPTIONS]", *["COMMAND ..."] * bool(inner)])
    yield f"## `{path}`\n\n{command.help}\n\n```text\n{usage}\n```\n"
    yield from _table("  | meaning | default", map(_parameter, command.params))
    for name, child in inner.items():
        yield from _command(f"{path} {name}", child)


def _parameter(param: Any) -> tuple[str, ...]:
    named = param.param_type_name == "option"
    takes = "" if named and param.is_flag else f" `{_value(param)}`"
    again = " May be given several times." if param.multiple else ""
    default = "" if param.default in {None, False} else f"`{param.default}`"
    return ", ".join(f"`{o}`" for o in param.opts if named) + takes, param.help + again, default


def _value(param: Any) -> str:
    """What stands for the value of an argument or an option."""
    return str(param.metavar or param.name.upper().replace("_", "-"))


def _table(headings: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if lines:
        yield f"| {headings} |\n{'|---' * (headings.count('|') + 1)}|"
        yield from [*lines, ""]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
