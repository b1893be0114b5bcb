"""From what the user typed to a strategy: the spec, the model's settings, single options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from .errors import SpecError
from .registry import Registry
from .settings import Usually
from .spec import Spec, Value, read_value
from .spec_toml import load_spec
from .strategy import Strategy

S = TypeVar("S", bound=Strategy)
Options = Sequence[tuple[str, Value]]


def configure(
    registry: Registry,
    interface: type[S],
    spec: Spec | str,
    *,
    options: Options = (),
    settings: Mapping[str, Mapping[str, object]] | None = None,
    dataset: str = "",
) -> S:
    """
    Build *spec* with *options* set one by one and the model's *settings* under both.

    What the spec or an option gives explicitly always wins over a setting. *dataset* names what
    is searched, for settings that differ by it.
    """
    spec = read_spec(spec) if isinstance(spec, str) else spec
    given = given_paths(spec, options)
    wanted = {p: v for p, v in (settings or {}).get(spec.name, {}).items() if p not in given}
    spec = _settled(Spec.of(registry.build(interface, spec)), wanted, dataset)
    spec = Spec.of(registry.build(interface, spec))  # with the options of what was put in
    for path, value in options:
        spec = spec.with_option(path, value)
        if _as_spec(value) is not None:  # its own options have to be there to be set
            spec = Spec.of(registry.build(interface, spec))
    again = {p: v for p, v in wanted.items() if "." in p or isinstance(v, Usually)}
    return registry.build(interface, _settled(spec, again, dataset))


def given_paths(spec: Spec, options: Options = ()) -> set[str]:
    """Every option that *spec* or one of *options* sets, as a dotted path."""
    return {*_paths(spec), *_paths(Spec("", tuple(options)))}


def read_spec(text: str) -> Spec:
    """Read a spec from text, or from the TOML file that the text names."""
    return load_spec(Path(text)) if text.endswith(".toml") else Spec.parse(text)


def read_model(text: str) -> Spec:
    """Read a model's spec; a folder, or a name with a slash as on the hub, is a checkpoint."""
    if "(" not in text and not text.endswith(".toml") and ("/" in text or Path(text).is_dir()):
        return Spec("auto", (("checkpoint", text),))
    return read_spec(text)


def read_dataset(text: str) -> Spec:
    """Read a dataset's spec; a folder is one in the common form."""
    if "(" not in text and not text.endswith(".toml") and Path(text).expanduser().is_dir():
        return Spec("folder", (("path", text),))
    return read_spec(text)


def read_option(text: str) -> tuple[str, Value]:
    """Read `path=value`, as given to `-o`."""
    path, equals, value = text.partition("=")
    if not (path.strip() and equals and value.strip()):
        raise SpecError(
            f"The option {text!r} is not path=value; write, say, relevance.layers=[8, 14]."
        )
    return path.strip(), read_value(value)


def _paths(spec: Spec) -> Iterator[str]:
    for key, value in spec.options:
        yield key
        if (inner := _as_spec(value)) is not None:
            yield from (f"{key}.{path}" for path in _paths(inner))


def _as_spec(value: Value) -> Spec | None:
    """The spec that *value* is, or holds in quotes."""
    if isinstance(value, str):
        with suppress(SpecError):
            return Spec.parse(value)
    return value if isinstance(value, Spec) else None


def _settled(spec: Spec, settings: Mapping[str, object], dataset: str) -> Spec:
    for path, suited in settings.items():
        if _has(spec, path):
            if isinstance(suited, Usually):
                suited = suited.where(partial(_at, spec), dataset)  # noqa: PLW2901
            setting = read_value(suited) if isinstance(suited, str) else suited
            spec = spec.with_option(path, cast("Value", setting))
    return spec


def _at(spec: Value, path: str) -> Value:
    """What stands at a dotted path; none where there is no such option."""
    for key in path.split("."):
        spec = spec.get(key) if isinstance(spec, Spec) else None
    return spec


def _has(spec: Value, path: str) -> bool:
    key, _, rest = path.partition(".")
    if not isinstance(spec, Spec) or key not in dict(spec.options):
        return False
    return _has(spec.get(key), rest) if rest else True
