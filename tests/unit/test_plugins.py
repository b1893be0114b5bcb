"""Plug-ins load one by one, and none takes the host down."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import typer

from tests.unit.refusals import refused
from tests.unit.strangers import Rival, Whole, install, module, offering
from visualcrop import Plugin, Plugins, hookimpl, load_plugins
from visualcrop.errors import PluginError

_FINE = """
import attrs
from visualcrop import ProposalGenerator, hookimpl

@attrs.frozen
class Fine(ProposalGenerator):
    "Propose nothing at all."
    name = "fine"
    def propose(self, relevance): return ()

@hookimpl
def visualcrop_strategies(): return [Fine]
"""


def _raise(error: BaseException) -> object:
    raise error


@hookimpl(specname="visualcrop_strategies")
def _wrong_arguments(register: object) -> list[object]:
    return []


@hookimpl
def _misspelt() -> list[object]:
    return [Whole]


_BROKEN = {
    "it offers <class 'int'>, which is not a Strategy class": offering("broken", Whole, int),
    "it offers the proposals 'whole' twice": offering("broken", Whole, Rival),
    "RuntimeError: no weights": module(
        "broken", visualcrop_strategies=hookimpl(lambda: _raise(RuntimeError("no weights\nhere")))
    ),
    "RuntimeError: it gave no reason": module(
        "broken", visualcrop_strategies=hookimpl(lambda: _raise(RuntimeError()))
    ),
    "SystemExit: 3": module(
        "broken", visualcrop_strategies=hookimpl(lambda: _raise(SystemExit(3)))
    ),
    "TypeError: 'NoneType' object is not iterable": module(
        "broken", visualcrop_strategies=hookimpl(lambda: None)
    ),
    "visualcrop has no hook called 'visualcrop_strategy'": module(
        "broken", visualcrop_strategy=_misspelt
    ),
    "PluginValidationError: Argument(s) {'register'} are declared in the hookimpl "
    "but can not be found in the hookspec": module("broken", anything=_wrong_arguments),
}


def _found(plugins: Plugins, name: str) -> Plugin:
    (plugin,) = (plugin for plugin in plugins if plugin.name == name)
    return plugin


class TestExtra:
    """Modules given to `load_plugins`."""

    def test_a_sound_one_joins(self) -> None:
        """Its strategies are listed after those of the built-ins."""
        plugins = load_plugins(offering("mine", Whole))
        assert next(plugin.name for plugin in plugins) == "builtins"
        assert _found(plugins, "mine") == Plugin("mine", strategies=(Whole,))

    def test_a_module_without_hooks_offers_nothing(self) -> None:
        """No hook is no mistake."""
        assert _found(load_plugins(module("idle")), "idle") == Plugin("idle")

    @pytest.mark.parametrize("reason", _BROKEN)
    def test_a_broken_one_is_listed(self, reason: str) -> None:
        """It is broken for its own reason, offers nothing, and its neighbours are sound."""
        plugins = load_plugins(offering("before", Whole), _BROKEN[reason], offering("after", Whole))
        assert plugins.broken == [Plugin("broken", status="broken", reason=reason)]
        assert _found(plugins, "before").strategies == _found(plugins, "after").strategies

    @pytest.mark.parametrize("reason", _BROKEN)
    def test_a_broken_one_leaves_no_hook(self, reason: str) -> None:
        """None of its hooks is ever called again."""
        manager = load_plugins(_BROKEN[reason]).manager
        assert not manager.has_plugin("broken")
        impls = manager.hook.visualcrop_strategies.get_hookimpls()
        assert "broken" not in {impl.plugin_name for impl in impls}

    def test_control_c_is_no_breakage(self) -> None:
        """An interrupted import stops the host, too."""
        stop = module("s", visualcrop_strategies=hookimpl(lambda: _raise(KeyboardInterrupt())))
        with pytest.raises(KeyboardInterrupt):
            load_plugins(stop)

    def test_two_of_one_name(self) -> None:
        """The first of two plug-ins with one name works, the second is told why not."""
        plugins = load_plugins(offering("mine", Whole), offering("mine", Rival))
        first, second = (plugin for plugin in plugins if plugin.name == "mine")
        assert first.strategies == (Whole,)
        assert second.reason == "its name is also that of 'mine'; uninstall one of the two"
        assert plugins.manager.has_plugin("mine")


class TestStrict:
    """Breakage as an error."""

    def test_raises_with_the_way_out(self) -> None:
        """The message names plug-in, reason, and how to go on without it."""
        message = refused(PluginError, load_plugins, offering("broken", 3), strict=True)
        assert message == (
            "The plug-in 'broken' is broken (it offers 3, which is not a Strategy class); "
            "mend or uninstall it, or set VISUALCROP_BLOCK=broken."
        )

    @pytest.mark.parametrize(("value", "strict"), [("1", True), ("0", False), ("", False)])
    def test_by_environment(
        self, monkeypatch: pytest.MonkeyPatch, value: str, strict: bool
    ) -> None:
        """VISUALCROP_STRICT=1 is strict; 0 and nothing are not."""
        monkeypatch.setenv("VISUALCROP_STRICT", value)
        assert load_plugins().strict is strict


class TestInstalled:
    """Distributions with an entry point."""

    @pytest.fixture
    def site(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder on the path, as if one had installed into it."""
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return tmp_path

    def test_is_found(self, site: Path) -> None:
        """A sound one is listed with distribution and version."""
        install(site, "fine", _FINE)
        plugin = _found(load_plugins(), "fine")
        assert (plugin.status, str(plugin)) == ("ok", "'fine' (stranger_fine 1.2)")
        assert [strategy.name for strategy in plugin.strategies] == ["fine"]

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
            ("def broken(:", "SyntaxError: invalid syntax (stranger_bad.py, line 1)"),
            ("raise SystemExit", "SystemExit: it gave no reason"),
        ],
    )
    def test_a_broken_one_is_listed(self, site: Path, source: str, reason: str) -> None:
        """It has distribution, version and reason, and all others are as they were."""
        before = list(load_plugins())
        install(site, "bad", source)
        plugins = load_plugins()
        assert _found(plugins, "bad") == Plugin("bad", "stranger_bad", "1.2", "broken", reason)
        assert [plugin for plugin in plugins if plugin.name != "bad"] == before

    @pytest.mark.parametrize("blocked", ["bad", "other, bad", "other bad"])
    def test_a_blocked_one_is_not_imported(
        self, site: Path, monkeypatch: pytest.MonkeyPatch, blocked: str
    ) -> None:
        """VISUALCROP_BLOCK takes names with commas or spaces, and says so in the list."""
        install(site, "bad", "raise RuntimeError")
        monkeypatch.setenv("VISUALCROP_BLOCK", blocked)
        plugin = _found(load_plugins(strict=True), "bad")
        assert (plugin.status, plugin.reason) == ("blocked", "VISUALCROP_BLOCK names it")

    def test_argument_beats_environment(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the caller blocks, and how strictly, outweighs what the environment says."""
        install(site, "bad", "raise RuntimeError")
        monkeypatch.setenv("VISUALCROP_BLOCK", "bad")
        monkeypatch.setenv("VISUALCROP_STRICT", "1")
        assert _found(load_plugins(block=(), strict=False), "bad").status == "broken"
        assert _found(load_plugins(block=["bad"]), "bad").status == "blocked"


class TestCommands:
    """The hook for commands."""

    def test_sound_ones_are_added(self) -> None:
        """What the hook adds to the app stays there."""
        app = typer.Typer()
        add = hookimpl(specname="visualcrop_commands")(lambda app: app.command("hello")(print))
        load_plugins(module("mine", add=add)).add_commands(app)
        assert [command.name for command in app.registered_commands] == ["hello"]

    def test_a_failing_one_takes_its_own_back(self) -> None:
        """Commands and groups that it added go, others stay, and it is listed as broken."""

        @hookimpl
        def visualcrop_commands(app: typer.Typer) -> None:
            app.command("half")(print)
            app.add_typer(typer.Typer(), name="group")
            raise RuntimeError("no more")

        app = typer.Typer()
        app.command("mine")(print)
        plugins = load_plugins(module("bad", visualcrop_commands=visualcrop_commands))
        plugins.add_commands(app)
        assert [command.name for command in app.registered_commands] == ["mine"]
        assert app.registered_groups == []
        bad = Plugin("bad", status="broken", reason="RuntimeError: no more")
        assert [plugin for plugin in plugins if plugin.name == "bad"] == [bad]
        assert not plugins.manager.has_plugin("bad")
