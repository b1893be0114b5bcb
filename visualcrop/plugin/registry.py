"""Finds strategies by kind and name, and builds them from specs."""

from __future__ import annotations

import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from ..errors import DuplicateStrategyError, SpecError, UnknownStrategyError, nearest
from ..models.families.auto import Auto, FamilyIndex
from ..models.families.base import Pretrained
from ..spec.coerce import coerce
from ..spec.parse import Spec, Value
from ..strategy.base import Strategy, mark_given, option_paths, option_types
from .manager import BLOCK, Plugin, Plugins, load_plugins

S = TypeVar("S", bound=Strategy)


@attrs.frozen
class Entry:
    """One registered class and the plug-in that brought it."""

    strategy: type[Strategy]
    plugin: Plugin


@attrs.frozen
class Registry:
    """Every strategy on offer, in the order a question meets them."""

    plugins: Plugins
    _entries: dict[tuple[str, str], list[Entry]]

    @classmethod
    def load(cls) -> Registry:
        """Offer what comes with visualcrop and with every installed plug-in."""
        return cls.from_plugins(load_plugins())

    @classmethod
    def from_plugins(cls, plugins: Plugins) -> Registry:
        entries: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
        for plugin in plugins:
            for strategy in plugin.strategies:
                entries[strategy.kind, strategy.name].append(Entry(strategy, plugin))
        registry = cls(plugins, dict(entries))
        if plugins.strict:
            for (kind, name), rivals in entries.items():
                registry._only(kind, name, rivals)
        return registry

    def __iter__(self) -> Iterator[Entry]:
        return (entry for rivals in self._entries.values() for entry in rivals)

    def kinds(self) -> list[str]:
        return list(dict.fromkeys(kind for kind, _ in self._entries))

    def families(self) -> FamilyIndex:
        """Which model family reads a checkpoint, by the `model_type` in its config."""
        return FamilyIndex.of((entry.strategy, entry.plugin.name) for entry in self)

    def entries_for(self, kind: str, name: str) -> list[Entry]:
        """All that is registered under *name* for *kind*; more than one are rivals."""
        return self._entries.get((kind, name), [])

    def get(self, interface: type[S], name: str) -> type[S]:
        """Give the class registered under *name* for *interface*."""
        rivals = self.entries_for(interface.kind, name)
        if not rivals:
            raise UnknownStrategyError(self._explain_unknown(interface.kind, name))
        return typing.cast("type[S]", self._only(interface.kind, name, rivals).strategy)

    def find(self, name: str, kind: str | None = None) -> type[Strategy]:
        """Give the class called *name*; the searcher where several kinds share the name."""
        kinds = [k for k, n in self._entries if n == name and kind in {None, k}]
        if not kinds:
            unknown = self._explain_unknown(kind, name)
            raise UnknownStrategyError(f"{unknown[0].upper()}{unknown[1:]}.")
        best = "searcher" if "searcher" in kinds else kinds[0]
        return self._only(best, name, self._entries[best, name]).strategy

    def build(self, interface: type[S], spec: Spec | str) -> S:
        """Make the strategy that *spec* describes, nested strategies included."""
        if isinstance(spec, str):
            spec = Spec.parse(spec)
        try:
            return typing.cast("S", self._build(interface, spec, spec.name))
        except SpecError as exc:
            shown = str(spec)
            shown = shown if len(shown) <= 100 else shown[:97] + "..."
            raise type(exc)(f"In {shown!r}: {exc}{'' if str(exc).endswith('^') else '.'}") from exc

    def coerce_option(self, cls: type[Strategy], name: str, value: Value) -> typing.Any:
        """Coerce *value* for the option *name* of *cls*, and build nested strategies."""
        return coerce(value, _option_types(cls)[name], f"{cls.name}.{name}", self._build)

    def _build(self, interface: type[Strategy], spec: Spec | str, path: str) -> Strategy:
        try:
            spec = Spec.parse(spec) if isinstance(spec, str) else spec
        except SpecError as exc:
            raise SpecError(f"{path}: {exc}") from None
        try:
            cls = self.get(interface, spec.name)
        except SpecError as exc:
            raise type(exc)(f"{exc} @ {path}") from None
        types = _option_types(cls)
        given = {}
        for key, value in spec.options:
            if key not in types:
                known = nearest(key, types, called="options")
                raise SpecError(f"{spec.name!r} has no option {key!r}; {known} @ {path}")
            given[key] = coerce(value, types[key], f"{path}.{key}", self._build)
        try:
            made = cls(**given)
        except (ValueError, TypeError, SpecError) as exc:  # from the validator of an option
            reason = exc.__cause__ or exc
            raise SpecError(f"{str(reason).rstrip('.')} @ {path}") from reason
        mark_given(made, option_paths(given))
        if isinstance(made, Auto):
            object.__setattr__(made, "_families", self.families())
        return made

    def _only(self, kind: str, name: str, rivals: list[Entry]) -> Entry:
        if len(rivals) == 1:
            return rivals[0]
        names = " and ".join(str(entry.plugin) for entry in rivals)
        raise DuplicateStrategyError(
            f"The plug-ins {names} both offer the {kind} {name!r}; "
            f"uninstall one, or set {BLOCK}={rivals[-1].plugin.name}"
        )

    def _explain_unknown(self, kind: str | None, name: str) -> str:
        names = {n for k, n in self._entries if kind in {None, k}}
        known = nearest(name, names, called="installed")
        others = [k for k, n in self._entries if n == name]
        if others:
            known = f"that is a {' and a '.join(others)}; {known}"
        if broken := self.plugins.broken:
            listed = ", ".join(plugin.name for plugin in broken)
            known += f"; broken plug-ins: {listed}, see 'visualcrop plugins'"
        return f"no {kind or 'strategy'} is called {name!r}; {known}"


def _option_types(cls: type[Strategy]) -> Mapping[str, typing.Any]:
    try:
        return option_types(cls)
    except Exception as exc:  # annotations are evaluated, whoever wrote them
        raise SpecError(
            f"{cls.name!r} cannot be built, for its annotations do not resolve: {exc}"
        ) from exc


Pretrained.load_families = lambda: Registry.load().families()
