"""From what the user typed to a strategy: the spec, the model's settings, single options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ..errors import DatasetError, SpecError
from ..spec.parse import Spec, Value, format_value, read_value
from ..spec.toml import load_spec
from ..strategy.base import Strategy, mark_given
from ..utils.paths import expand_path
from .model_settings import Settings, apply_settings
from .registry import Registry

S = TypeVar("S", bound=Strategy)
Options = Sequence[tuple[str, Value]]


def configure(
    registry: Registry,
    interface: type[S],
    spec: Spec | str,
    *,
    options: Options = (),
    settings: Settings | None = None,
    dataset: str = "",
) -> S:
    """
    Build *spec* with *options* set one by one and the model's *settings* under both.

    What the spec or an option gives explicitly always wins over a setting. *dataset* names what
    is searched, for settings that differ by it.
    """
    spec = spec if isinstance(spec, Spec) else read_spec(spec)
    given = given_paths(spec, options)

    def build(spec: Spec) -> S:
        built = registry.build(interface, spec)
        mark_given(built, given)
        return apply_settings(registry, built, {} if settings is None else settings, dataset)

    spec = whole = Spec.of(build(spec))  # with the options of what was put in
    try:
        for path, value in options:
            spec = spec.with_option(path, value)
            if _parse_nested(value) is not None:  # its own options have to be there to be set
                spec = Spec.of(registry.build(interface, spec))
        return build(spec)
    except SpecError:
        _find_faulty_option(registry, interface, whole, options)
        raise


def _find_faulty_option(
    registry: Registry, interface: type[S], spec: Spec, options: Options
) -> None:
    """Raise the error of the first of *options* that cannot be set, with the user's own text."""
    for path, value in options:
        try:
            spec = Spec.of(registry.build(interface, spec.with_option(path, value)))
        except SpecError as exc:
            if exc.__cause__ is None:  # it names the path already
                raise
            given, reason = f"{path}={format_value(value)}", str(exc.__cause__)
            end = "" if reason.endswith("^") else "."
            raise type(exc)(f"In the option {given!r}: {reason}{end}") from exc


def given_paths(spec: Spec, options: Options = ()) -> set[str]:
    """Every option that *spec* or one of *options* sets, as a dotted path."""
    given = {*_option_paths(spec)}
    for path, value in options:  # replacing a strategy drops what was given for the old one
        given = {other for other in given if not other.startswith(f"{path}.")}
        given |= {*_option_paths(Spec("", ((path, value),)))}
    return given


def read_spec(text: str) -> Spec:
    """Read a spec from text, or from the TOML file that the text names."""
    if not isinstance(text, str):
        raise SpecError(f"A spec is text, such as focus(steps=4), not {type(text).__name__}.")
    return load_spec(Path(text)) if text.endswith(".toml") else Spec.parse(text)


def read_model(registry: Registry, text: str) -> Spec:
    """Read a model's spec; a folder, or a name with a slash as on the hub, is a checkpoint."""
    if _may_be_folder(registry, "model", text) and ("/" in text or expand_path(text).is_dir()):
        return Spec("auto", (("checkpoint", text),))
    return read_spec(text)


def read_dataset(registry: Registry, text: str) -> Spec:
    """Read a dataset's spec; a folder is one in the common form."""
    if _may_be_folder(registry, "dataset", text):
        if expand_path(text).is_dir():
            return Spec("folder", (("path", text),))
        if "/" in text:
            raise DatasetError(
                f"There is no folder {text!r}; give one that holds a dataset, or a dataset's spec."
            )
    return read_spec(text)


def _may_be_folder(registry: Registry, kind: str, text: str) -> bool:
    """Whether *text* may name a folder: what is installed under its name goes before."""
    if not isinstance(text, str) or "(" in text or text.endswith(".toml"):
        return False
    return not registry.entries_for(kind, text)


def read_option(text: str) -> tuple[str, Value]:
    """Read `path=value`, as given to `-o`."""
    path, equals, value = text.partition("=")
    if not (path.strip() and equals and value.strip()):
        raise SpecError(
            f"The option {text!r} is not path=value; write, say, relevance.layers=[8, 14]."
        )
    return path.strip(), read_value(value)


def _option_paths(spec: Spec) -> Iterator[str]:
    for key, value in spec.options:
        yield key
        if (inner := _parse_nested(value)) is not None:
            yield from (f"{key}.{path}" for path in _option_paths(inner))


def _parse_nested(value: Value) -> Spec | None:
    """The spec that *value* is, or holds in quotes."""
    if isinstance(value, str):
        with suppress(SpecError):
            return Spec.parse(value)
    return value if isinstance(value, Spec) else None
