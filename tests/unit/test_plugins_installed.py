"""Distributions with an entry point, and the commands that plug-ins add."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import typer

from tests.support.strangers import failing, found, install, module
from visualcrop.plugin import Plugin, hookimpl, load_plugins

_FINE = """
import attrs
from visualcrop.plugin import ProposalGenerator, hookimpl

@attrs.frozen
class Fine(ProposalGenerator):
    "Propose nothing at all."
    name = "fine"
    def propose(self, relevance): return ()

@hookimpl
def visualcrop_strategies(): return [Fine]
"""


class TestInstalled:
    """Distributions with an entry point."""

    @pytest.fixture
    def site(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder on the path, as if one had installed into it."""
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return tmp_path

    def test_isfound(self, site: Path) -> None:
        """A sound one is listed with distribution and version."""
        install(site, "fine", _FINE)
        plugin = found(load_plugins(), "fine")
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
        assert found(plugins, "bad") == Plugin("bad", "stranger_bad", "1.2", "broken", reason)
        assert [plugin for plugin in plugins if plugin.name != "bad"] == before

    @pytest.mark.parametrize("blocked", ["bad", "other, bad", "other bad"])
    def test_a_blocked_one_is_not_imported(
        self, site: Path, monkeypatch: pytest.MonkeyPatch, blocked: str
    ) -> None:
        """VISUALCROP_BLOCK takes names with commas or spaces, and says so in the list."""
        install(site, "bad", "raise RuntimeError")
        monkeypatch.setenv("VISUALCROP_BLOCK", blocked)
        plugin = found(load_plugins(strict=True), "bad")
        assert (plugin.status, plugin.reason) == ("blocked", "VISUALCROP_BLOCK names it")

    def test_argument_beats_environment(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the caller blocks, and how strictly, outweighs what the environment says."""
        install(site, "bad", "raise RuntimeError")
        monkeypatch.setenv("VISUALCROP_BLOCK", "bad")
        monkeypatch.setenv("VISUALCROP_STRICT", "1")
        assert found(load_plugins(block=(), strict=False), "bad").status == "broken"
        assert found(load_plugins(block=["bad"]), "bad").status == "blocked"


def _names(app: typer.Typer) -> list[str | None]:
    """Names of commands; those of installed plug-ins are among them."""
    return [command.name for command in app.registered_commands]


class TestCommands:
    """The hook for commands."""

    def test_sound_ones_are_added(self) -> None:
        """What the hook adds to the app stays there."""
        app = typer.Typer()
        add = hookimpl(specname="visualcrop_commands")(lambda app: app.command("hello")(print))
        load_plugins(module("mine", add=add)).add_commands(app)
        assert _names(app)[-1] == "hello"

    def test_control_c_stops_the_host(self) -> None:
        """An interrupt in a hook is no breakage; a hook may leave out the app."""
        stop = failing(KeyboardInterrupt(), "visualcrop_commands")
        plugins = load_plugins(module("mine", stop=stop))
        with pytest.raises(KeyboardInterrupt):
            plugins.add_commands(typer.Typer())

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
        assert {"half", "mine"} & {*_names(app)} == {"mine"}
        assert app.registered_groups == []
        bad = Plugin("bad", status="broken", reason="RuntimeError: no more")
        assert [plugin for plugin in plugins if plugin.name == "bad"] == [bad]
        assert not plugins.manager.has_plugin("bad")
