"""
Which searcher a request gets: one of the server's own, or what its spec says, within bounds.

A spec comes from a stranger. It may put stages together and set their numbers. It may not name a
file, load another model, or ask for sizes that no search needs: who wants that, starts the server
with such a searcher (`-s`), and requests name it.
"""

from __future__ import annotations

import threading
import typing
from collections.abc import Iterator, Sequence

import attrs

from visualcrop import VisualSearch
from visualcrop.errors import SpecError
from visualcrop.plugin import Registry, Searcher, Spec, Strategy

from .errors import RequestError, invalid

_KINDS = {"targets", "relevance", "proposals", "verification", "answer", "searcher", "locator"}
_TEXTS = {  # options whose text is only read to the model, by kind and option
    *(("targets", "names"), ("relevance", "prompt"), ("relevance", "null")),
    *(("relevance", "wording"), ("relevance", "general"), ("relevance", "others")),
    *(("verification", "prompt"), ("verification", "yes"), ("verification", "no")),
}
_LONGEST_SPEC = 2000  # characters
_LONGEST_TEXT = 500
_LEAST_BOUND = 64  # a number may be so large whatever its default, or
_TIMES = 4  # so many times as large as its default, or,
_OPEN_BOUND = 4096  # where it has none, as large as this
_MOST_KEPT = 128


class Searchers:
    """The searchers of one server, built once for each spec."""

    def __init__(self, search: VisualSearch, specs: Sequence[str], *, fixed: bool) -> None:
        self.registry, self.model, self.fixed = Registry.load(), search, fixed
        self._lock = threading.Lock()
        self._kept: dict[str, VisualSearch] = {}  # of requests, the oldest first
        self.own: dict[str, VisualSearch] = {}
        for text in specs:
            built = search.with_searcher(text)
            self.own[text] = built
            self.own.setdefault(built.searcher.name, built)
        self.default = self.own[specs[0]]

    def get(self, spec: str | None, param: str) -> VisualSearch:
        """The searcher of a request's *spec*; without one, the server's first."""
        if spec is None:
            return self.default
        spec = spec.strip()
        if found := self.own.get(spec) or self._kept.get(spec):
            return found
        if self.fixed:
            listed = ", ".join(self.own)
            raise RequestError(
                404,
                f"This server searches with {listed} only; name one of them.",
                code="model_not_found",
                param=param,
            )
        if len(spec) > _LONGEST_SPEC:
            raise invalid(
                f"The searcher's spec has {len(spec):,} characters, over the limit of "
                f"{_LONGEST_SPEC:,}.",
                param,
            )
        built = self._build(spec, param)
        with self._lock:
            self._kept[spec] = built
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return built

    def _build(self, spec: str, param: str) -> VisualSearch:
        try:
            # never by `with_searcher(spec)`, which reads a spec that ends in .toml from a file
            searcher = self.registry.build(Searcher, Spec.parse(spec))
            check_untrusted(searcher)
            return self.model.with_searcher(searcher)
        except SpecError as exc:
            sentence = str(exc)
            raise invalid(sentence, param, code="invalid_searcher") from exc

    def names(self) -> Iterator[str]:
        """Specs to list: the server's own, then every installed searcher as it is by default."""
        yield from self.own
        for entry in () if self.fixed else self.registry:
            cls = entry.strategy
            if cls.kind == "searcher" and not cls.is_control and cls.name not in self.own:
                try:
                    self.get(cls.name, "")
                except RequestError:
                    continue
                yield cls.name


def check_untrusted(strategy: Strategy, path: str = "") -> None:
    """Refuse with a `SpecError` what a request may not ask for; *path* is where it stands."""
    if strategy.kind not in _KINDS:
        raise SpecError(
            f"A request may not bring along a {strategy.kind}, as {path.rstrip('.')} does; start "
            "the server with a searcher that has it (-s)."
        )
    fields = attrs.fields_dict(type(strategy))
    if "checkpoint" in fields:
        raise SpecError(
            f"A request may not load another network, as {strategy.name} does; start the server "
            "with a searcher that has it (-s)."
        )
    for name, field in fields.items():
        _check_value(strategy, field, getattr(strategy, name), f"{path}{name}")


def _check_value(
    strategy: Strategy, field: attrs.Attribute[object], value: object, path: str
) -> None:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, Strategy):
            check_untrusted(each, f"{path}.")
        elif isinstance(each, str) and value != field.default:
            _check_text(strategy, field, each, path)
        elif isinstance(each, int | float) and value != field.default:
            _check_number(field, each, path)


def _check_text(strategy: Strategy, field: attrs.Attribute[object], text: str, path: str) -> None:
    if (strategy.kind, field.name) in _TEXTS:
        if len(text) <= _LONGEST_TEXT:
            return
        raise SpecError(f"{path} has over {_LONGEST_TEXT} characters; write a shorter text.")
    if text not in _words(typing.get_type_hints(type(strategy))[field.name]):
        raise SpecError(
            f"A request may not set {path}, which may name a file or a model; start the server "
            "with a searcher that has it set (-s)."
        )


def may_set_text(cls: type[Strategy], name: str) -> bool:
    """Whether a request may set the option *name* of *cls* to any text, or to one of some words."""
    return (cls.kind, name) in _TEXTS or bool(_words(typing.get_type_hints(cls)[name]))


def _words(wanted: object) -> set[object]:
    """The words that an annotation lists, as `Literal["a", "b"] | int` does."""
    inner = typing.get_args(wanted)
    if typing.get_origin(wanted) is typing.Literal:
        return {*inner}
    return {word for part in inner for word in _words(part)}


def _check_number(field: attrs.Attribute[object], number: float, path: str) -> None:
    default = field.default
    known = isinstance(default, int | float) and not isinstance(default, bool)
    bound = max(_LEAST_BOUND, _TIMES * abs(default)) if known else _OPEN_BOUND  # type: ignore[arg-type]
    if not abs(number) <= bound:
        raise SpecError(
            f"A request may set {path} up to {bound:g}, not to {str(number)[:20]}; start the "
            "server with a searcher that has more (-s)."
        )
