"""Finds plug-ins through their entry points; a broken one is listed and takes nothing down."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from ..errors import PluginError
from ..strategy.base import Strategy
from . import builtins as built_in
from . import hooks as hookspecs
from .validation import check_strategy

if TYPE_CHECKING:
    import typer

GROUP = "visualcrop"
STRICT, BLOCK = "VISUALCROP_STRICT", "VISUALCROP_BLOCK"
_IDLE = "it offers nothing; is @hookimpl missing above its visualcrop_strategies?"


@attrs.frozen
class Plugin:
    """One plug-in and what became of it."""

    name: str
    distribution: str = ""
    version: str = ""
    status: str = "ok"  # or broken, or blocked
    reason: str = ""
    strategies: tuple[type[Strategy], ...] = attrs.field(default=(), repr=False)

    def __str__(self) -> str:
        origin = f" ({self.distribution} {self.version})" if self.distribution else ""
        return f"{self.name!r}{origin}"

    def as_broken(self, exc: BaseException) -> Plugin:
        lines = str(exc).strip().splitlines() or ["it gave no reason"]
        reason = lines[-1 if isinstance(exc, pluggy.PluginValidationError) else 0]
        reason = reason if isinstance(exc, PluginError) else f"{type(exc).__name__}: {reason}"
        return attrs.evolve(self, status="broken", reason=reason, strategies=())


@attrs.define
class Plugins:
    """All plug-ins that were found, sound or not, in the order they were met."""

    manager: pluggy.PluginManager
    found: list[Plugin] = attrs.field(factory=list)
    strict: bool = False

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self.found)

    @property
    def broken(self) -> list[Plugin]:
        return [plugin for plugin in self if plugin.status == "broken"]

    def add(self, plugin: Plugin, module: object | EntryPoint) -> None:
        """Load one plug-in, or list it as broken with the reason."""
        try:
            if (rival := next((p for p in self if p.name == plugin.name), None)) is not None:
                raise PluginError(f"its name is also that of {rival}; uninstall one of the two")
            module = module.load() if isinstance(module, EntryPoint) else module
            self.manager.register(module, plugin.name)
            strategies = tuple(self._collect_strategies(plugin.name))
            offered = [(s.kind, s.name) for s in strategies]
            if twice := next((offer for offer in offered if offered.count(offer) > 1), None):
                raise PluginError("it offers the {} {!r} twice".format(*twice))
            idle = "" if self.manager.get_hookcallers(module) else _IDLE
            self.found.append(attrs.evolve(plugin, reason=idle, strategies=strategies))
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - whatever a stranger's import may raise
            self._mark_broken(plugin, exc)

    def add_commands(self, app: typer.Typer, taken: Collection[str] = ()) -> None:
        """
        Let each sound plug-in add its commands; what a broken one added is taken back.

        None gets hold of *app* itself, and none may add a command whose name *app* has, or that
        is *taken*.
        """
        from typer import Typer

        owners = dict.fromkeys((*taken, *command_names(app)), "visualcrop itself")
        for impl in self.manager.hook.visualcrop_commands.get_hookimpls():
            theirs, before = Typer(add_completion=False), _snapshot(app)
            plugin = next(p for p in self if p.name == impl.plugin_name)
            try:
                impl.function(**dict.fromkeys(impl.argnames, theirs))
                _check_commands(theirs, owners, changed=_snapshot(app) != before)
            except KeyboardInterrupt:
                raise
            except BaseException as exc:  # noqa: BLE001 - as above
                _restore(app, before)
                self.found.remove(plugin)
                self._mark_broken(plugin, exc)
            else:
                owners |= dict.fromkeys(command_names(theirs), str(plugin))
                app.registered_commands += theirs.registered_commands
                app.registered_groups += theirs.registered_groups

    def _collect_strategies(self, name: str) -> Iterator[type[Strategy]]:
        module = self.manager.get_plugin(name)
        for caller in self.manager.get_hookcallers(module) or ():
            if not caller.has_spec():
                raise PluginError(f"visualcrop has no hook called {caller.name!r}")
        for impl in self.manager.hook.visualcrop_strategies.get_hookimpls():
            if impl.plugin_name == name:
                offers = impl.function()
                if not isinstance(offers, Iterable):
                    raise PluginError(f"its hook returns {offers!r} instead of a list of classes")
                yield from map(check_strategy, offers)

    def _mark_broken(self, plugin: Plugin, exc: BaseException) -> None:
        broken = plugin.as_broken(exc)
        if self.strict:
            raise PluginError(
                f"The plug-in {broken} is broken ({broken.reason}); "
                f"mend or uninstall it, or set {BLOCK}={plugin.name}."
            ) from exc
        if not any(p.name == plugin.name for p in self) and self.manager.has_plugin(plugin.name):
            self.manager.unregister(name=plugin.name)
        self.found.append(broken)


def load_plugins(
    *extra: object, block: Sequence[str] | None = None, strict: bool | None = None
) -> Plugins:
    """Built-ins, then installed plug-ins one by one, then *extra* modules or objects."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    strict = os.environ.get(STRICT, "") not in {"", "0"} if strict is None else strict
    block = os.environ.get(BLOCK, "").replace(",", " ").split() if block is None else block
    plugins = Plugins(manager, strict=strict)
    plugins.add(Plugin("builtins", *_find_origin(None)), built_in)
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        plugin = Plugin(entry.name, *_find_origin(entry))
        if entry.name in block or plugin.distribution in block:
            reason = f"{BLOCK} names it"
            plugins.found.append(attrs.evolve(plugin, status="blocked", reason=reason))
        else:
            plugins.add(plugin, entry)
    for module in extra:
        plugins.add(Plugin(getattr(module, "__name__", type(module).__name__)), module)
    return plugins


def command_names(app: typer.Typer) -> list[str]:
    """What the commands of *app* are called, and its groups of commands."""
    from typer.main import get_command_name

    named = [
        command.name or get_command_name(getattr(command.callback, "__name__", ""))
        for command in app.registered_commands
    ]
    for group in app.registered_groups:
        inner = group.typer_instance
        given = (group.name, inner.info.name if inner else None)
        name = next((name for name in given if isinstance(name, str) and name), None)
        named += (
            [name] if name else command_names(inner) if inner else []
        )  # unnamed, it is merged in
    return named


def _check_commands(theirs: typer.Typer, owners: Mapping[str, str], *, changed: bool) -> None:
    """Refuse what would change a command that is somebody else's, or all of them."""
    if changed:
        raise PluginError("it changes the commands of visualcrop itself")
    if theirs.registered_callback is not None:
        raise PluginError("it sets a callback, which would run before every command")
    if vars(theirs.info) != vars(type(theirs)(add_completion=False).info):
        raise PluginError("it changes what visualcrop itself is called, or how it is run")
    names = command_names(theirs)
    for name in names:
        if name in owners:
            raise PluginError(f"its command {name!r} is also that of {owners[name]}")
        if names.count(name) > 1:
            raise PluginError(f"it adds the command {name!r} twice")


def _snapshot(app: typer.Typer) -> tuple[Any, ...]:
    """What could be changed of it, down to each command's own."""
    parts = (app.info, *app.registered_commands, *app.registered_groups)
    inner = tuple(_snapshot(g.typer_instance) for g in app.registered_groups if g.typer_instance)
    callback = app.registered_callback
    lists = [*app.registered_commands], [*app.registered_groups]
    return (*lists, callback, [dict(vars(part)) for part in parts], inner)


def _restore(app: typer.Typer, state: tuple[Any, ...]) -> None:
    commands, groups, callback, values, inner = state
    app.registered_commands[:], app.registered_groups[:] = commands, groups
    app.registered_callback = callback
    for part, saved in zip((app.info, *commands, *groups), values, strict=True):
        vars(part).update(saved)
    for group, within in zip([g for g in groups if g.typer_instance], inner, strict=True):
        _restore(group.typer_instance, within)


def _find_origin(entry: EntryPoint | None) -> tuple[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    if entry is not None:
        return (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    try:
        return "visualcrop", version("visualcrop")
    except PackageNotFoundError:
        return "visualcrop", "not installed"
