"""Plug-ins add commands, and replace none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import typer
from typer.testing import CliRunner

from tests.support.refusals import refused
from tests.support.strangers import found, module
from visualcrop.cli import BUILT_IN, app
from visualcrop.cli.ask import ask
from visualcrop.cli.data import app as data
from visualcrop.cli.group import Group
from visualcrop.errors import PluginError
from visualcrop.plugin import hookimpl, load_plugins

Add = Callable[[typer.Typer], object]


def _plugin(name: str, add: Add) -> object:
    @hookimpl
    def visualcrop_commands(app: typer.Typer) -> None:
        add(app)

    return module(name, visualcrop_commands=visualcrop_commands)


@pytest.fixture(autouse=True)
def _unchanged() -> Iterator[None]:
    """Whatever is tried, visualcrop's own commands are what they were."""
    before = [(command, command.callback, command.name) for command in app.registered_commands]
    callback, cls, groups = app.registered_callback, app.info.cls, [*app.registered_groups]
    yield
    after = [(command, command.callback, command.name) for command in app.registered_commands]
    assert after[: len(before)] == before
    assert (app.registered_callback, app.info.cls) == (callback, cls)
    assert app.registered_groups[: len(groups)] == groups
    del app.registered_commands[len(before) :], app.registered_groups[len(groups) :]


def _grouped(name: str | None) -> Add:
    inner = typer.Typer(name=name)
    inner.command("ask")(print)
    inner.command("other")(print)
    return lambda theirs: theirs.add_typer(inner)


def _ours(change: Callable[[], object]) -> Add:
    return lambda _: change()


_CASES: dict[str, tuple[Add, str]] = {
    "ask": (lambda a: a.command("ask")(print), "its command 'ask' is also that of visualcrop"),
    "by its function": (
        lambda a: a.command()(ask),
        "its command 'ask' is also that of visualcrop itself",
    ),
    "a group": (_grouped("data"), "its command 'data' is also that of visualcrop itself"),
    "a group without a name": (_grouped(None), "its command 'ask' is also that of visualcrop"),
    "twice": (
        lambda a: (a.command("x")(print), a.command("x")(len)),
        "it adds the command 'x' twice",
    ),
    "a callback": (lambda a: a.callback()(print), "it sets a callback"),
    "the class": (lambda a: setattr(a.info, "cls", Group), "or how it is run"),
    "all commands": (_ours(app.registered_commands.clear), "it changes the commands"),
    "one command": (
        _ours(lambda: setattr(app.registered_commands[0], "callback", print)),
        "it changes the commands",
    ),
    "a command of a group": (
        _ours(data.registered_commands.clear),
        "it changes the commands",
    ),
    "its own callback": (_ours(lambda: app.callback()(print)), "it changes the commands"),
    "its class": (_ours(lambda: setattr(app.info, "cls", None)), "it changes the commands"),
    "added to ours": (_ours(lambda: app.command("y")(print)), "it changes the commands"),
}


@pytest.mark.parametrize("case", _CASES)
def test_none_is_replaced(case: str) -> None:
    """The plug-in is broken for the reason, and nothing of it is left; its neighbour's is."""
    add, reason = _CASES[case]
    neighbour = _plugin("sound", lambda a: a.command("hello")(lambda: typer.echo("hello")))
    plugins = load_plugins(_plugin("bad", add), neighbour)
    plugins.add_commands(app)
    broken = found(plugins, "bad")
    assert broken.status == "broken"
    assert reason in broken.reason
    assert found(plugins, "sound").status == "ok"
    assert CliRunner().invoke(app, ["hello"]).output == "hello\n"
    assert "asks" not in CliRunner().invoke(app, ["ask", "--help"]).stderr


def test_nor_is_another_plugins() -> None:
    """The first one's stays."""
    one = _plugin("one", lambda a: a.command("hello")(lambda: typer.echo("one")))
    two = _plugin("two", lambda a: a.command("hello")(lambda: typer.echo("two")))
    plugins = load_plugins(one, two)
    plugins.add_commands(app)
    assert "its command 'hello' is also that of 'one'" in found(plugins, "two").reason
    assert CliRunner().invoke(app, ["hello"]).output == "one\n"


def test_the_names_of_built_ins_are_known() -> None:
    """Also where there are no commands, as in the list of plug-ins."""
    assert {"ask", "evaluate", "data", "plugins", "doctor"} <= BUILT_IN
    plugins = load_plugins(_plugin("bad", lambda a: a.command("ask")(print)))
    plugins.add_commands(typer.Typer(), taken=BUILT_IN)
    assert found(plugins, "bad").status == "broken"


def test_strict_says_so_at_once() -> None:
    """With the way out."""
    bad = load_plugins(_plugin("bad", lambda a: a.command("ask")(print)), strict=True)
    message = refused(PluginError, bad.add_commands, app)
    assert "set VISUALCROP_BLOCK=bad" in message
