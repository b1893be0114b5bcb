"""
A model's settings: values for options that the user leaves open.

    {
        "targets": "rules",  # every option of that kind of stage, of whatever searcher
        "proposals.s_max": 3,  # an option of every strategy of that kind that has it
        "focus": {"steps": 4, "answer.cell": 224},  # options of the one strategy of that name
    }

A strategy that is given in a setting's place, and holds one of its own kind, hands the setting down
to that: `answer=count` has the model's composer as `otherwise`.

The nearest wins: a path from an outer strategy's name, the strategy's own name, its kind. What the
user gave wins over all. Where neither says anything, an option may have a default by dataset.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar, cast, get_args

import attrs

from ..errors import PluginError, SpecError
from ..spec.parse import Value, format_value, read_value
from ..strategy.base import (
    Strategy,
    dataset_defaults,
    given_options,
    mark_given,
    option_types,
)
from ..strategy.defaults import DatasetDefault, Default
from .registry import Registry

S = TypeVar("S", bound=Strategy)
Settings: TypeAlias = Mapping[str, object]


def apply_settings(registry: Registry, strategy: S, settings: Settings, dataset: str = "") -> S:
    """*strategy*, its open options filled from a model's *settings* for the *dataset* searched."""
    return resolve_settings(registry, strategy, settings, dataset)[0]


def resolve_settings(
    registry: Registry, strategy: S, settings: Settings, dataset: str = ""
) -> tuple[S, Mapping[str, object]]:
    """The same as `apply_settings`, and each setting that was used, by the path of its option."""
    if not isinstance(settings, Mapping):
        raise PluginError(
            f"A model's settings are {settings!r}, which is no dict; mend its settings()."
        )
    given, used = given_options(strategy), {}
    for _ in range(2):  # a conditional default may depend on an option that was itself filled
        resolver = _SettingsResolver(registry, settings, dataset, strategy, given)
        strategy, used = cast("S", resolver.resolve(strategy)), resolver.used
    mark_given(strategy, given)
    return strategy, used


@attrs.frozen
class _SettingsResolver:
    registry: Registry
    settings: Settings
    dataset: str
    root: Strategy  # the outermost, whose options conditional defaults depend on
    given: frozenset[str]
    used: dict[str, object] = attrs.field(factory=dict)

    def resolve(
        self,
        strategy: Strategy,
        outer: Settings | None = None,
        path: str = "",
        within: frozenset[object] = frozenset(),
    ) -> Strategy:
        """
        *strategy* with its options filled.

        Args:
            strategy: What has open options.
            outer: Settings by path from outer strategies.
            path: From the outermost one to this.
            within: Settings that put a strategy around this one in its place. None is used again:
                `answer=count` would nest without end.
        """
        own = {**self._settings_of(strategy), **(outer or {})}
        changes: dict[str, object] = {}
        defaults = dataset_defaults(type(strategy))
        for name, wanted in option_types(type(strategy)).items():
            at, value = f"{path}{name}", getattr(strategy, name)
            kind = _kind(wanted)
            source: object = (type(strategy), name) if name in own else kind
            setting = own.get(name, self.settings.get(kind, defaults.get(name)))
            if source in within:
                setting = None
            if setting is not None and not isinstance(setting, Mapping) and at not in self.given:
                if not isinstance(setting, DatasetDefault):  # which is the option's own
                    self.used[at] = setting
                value = self._keep_given(value, self._read(strategy, name, setting), f"{at}.")
            if isinstance(value, Strategy):
                below = {p[len(name) + 1 :]: v for p, v in own.items() if p.startswith(f"{name}.")}
                if at in self.given and isinstance(setting, str | Strategy | Default):
                    below = {**self._hand_down(value, setting, below), **below}
                is_new = setting is not None and (source == kind or at not in self.given)
                value = self.resolve(
                    value, below, f"{at}.", within | {source} if is_new else within
                )
            if value is not getattr(strategy, name):
                changes[name] = value
        return attrs.evolve(strategy, **changes) if changes else strategy

    def _hand_down(self, given: Strategy, setting: object, below: Settings) -> Mapping[str, object]:
        """
        What *given* leaves of the *setting* whose place it took, for a part of its own kind.

        So `answer=count` counts, and answers all else as the model's own composer would.
        """
        wanted = option_types(type(given)).items()
        inner = [name for name, wanted in wanted if _kind(wanted) == given.kind]
        return {
            **{f"{name}.{path}": value for name in inner for path, value in below.items()},
            **dict.fromkeys(inner, setting),
        }

    def _keep_given(self, old: Any, new: Any, path: str) -> Any:
        """*new* with what was given to *old*, where that is the same strategy."""
        if type(new) is not type(old) or not isinstance(new, Strategy):
            return new
        kept = {p.removeprefix(path).partition(".")[0] for p in self.given if p.startswith(path)}
        return attrs.evolve(new, **{name: getattr(old, name) for name in kept})

    def _settings_of(self, strategy: Strategy) -> Settings:
        """Settings for all strategies of its kind, and for those of its name."""
        kind, named = f"{strategy.kind}.", self.settings.get(strategy.name)
        ofkind = {p[len(kind) :]: v for p, v in self.settings.items() if p.startswith(kind)}
        return {**ofkind, **named} if isinstance(named, Mapping) else ofkind

    def _read(self, strategy: Strategy, name: str, setting: object) -> Any:
        if isinstance(setting, Default):
            setting = setting.where(self._option_at, self.dataset)
        if isinstance(setting, Strategy):
            return setting
        value = read_value(setting) if isinstance(setting, str) else cast("Value", setting)
        try:
            return self.registry.coerce_option(type(strategy), name, value)
        except SpecError as exc:
            shown = f"{strategy.name}.{name}={format_value(value)}"
            raise PluginError(f"The model's setting {shown} does not fit: {exc}.") from exc

    def _option_at(self, path: str) -> object:
        """The outermost strategy's option at a dotted *path*; none if there is none."""
        found: object = self.root
        for name in path.split("."):
            found = getattr(found, name, None) if isinstance(found, Strategy) else None
        return found


def _kind(wanted: Any) -> str:
    """The kind of strategy that an option holds, if it holds any."""
    return next((part.kind for part in _parts(wanted)), "")


def _parts(wanted: Any) -> Iterator[type[Strategy]]:
    for part in (wanted, *get_args(wanted)):
        if inspect.isclass(part) and issubclass(part, Strategy):
            yield part
