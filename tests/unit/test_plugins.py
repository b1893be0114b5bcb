"""Plug-ins load one by one, and none takes the host down."""

from __future__ import annotations

import pytest

from tests.support.refusals import refused
from tests.support.strangers import Rival, Whole, failing, found, module, offering
from visualcrop.errors import PluginError
from visualcrop.plugin import Plugin, hookimpl, load_plugins


@hookimpl(specname="visualcrop_strategies")
def _wrong_arguments(register: object) -> list[object]:
    return []


@hookimpl
def _misspelt() -> list[object]:
    return [Whole]


_BROKEN = {
    "it offers <class 'int'>, which is not a Strategy class": offering("broken", Whole, int),
    "it offers the proposals 'whole' twice": offering("broken", Whole, Rival),
    "RuntimeError: no weights": module("broken", hook=failing(RuntimeError("no weights\nhere"))),
    "RuntimeError: it gave no reason": module("broken", hook=failing(RuntimeError())),
    "SystemExit: 3": module("broken", hook=failing(SystemExit(3))),
    "its hook returns None instead of a list of classes": module(
        "broken", visualcrop_strategies=hookimpl(lambda: None)
    ),
    f"its hook returns {Whole} instead of a list of classes": module(
        "broken", visualcrop_strategies=hookimpl(lambda: Whole)
    ),
    "visualcrop has no hook called 'visualcrop_strategy'": module(
        "broken", visualcrop_strategy=_misspelt
    ),
    "PluginValidationError: Argument(s) {'register'} are declared in the hookimpl "
    "but can not be found in the hookspec": module("broken", anything=_wrong_arguments),
}


class TestExtra:
    """Modules given to `load_plugins`."""

    def test_a_sound_one_joins(self) -> None:
        """Its strategies are listed after those of the built-ins."""
        plugins = load_plugins(offering("mine", Whole))
        assert next(plugin.name for plugin in plugins) == "builtins"
        assert found(plugins, "mine") == Plugin("mine", strategies=(Whole,))

    def test_a_module_without_hooks_offers_nothing(self) -> None:
        """No hook is no breakage, but what may be missing is said."""
        idle = found(load_plugins(module("idle", visualcrop_strategies=list)), "idle")
        reason = "it offers nothing; is @hookimpl missing above its visualcrop_strategies?"
        assert idle == Plugin("idle", reason=reason)

    @pytest.mark.parametrize("reason", _BROKEN)
    def test_a_broken_one_is_listed(self, reason: str) -> None:
        """It is broken for its own reason, offers nothing, and its neighbours are sound."""
        plugins = load_plugins(offering("before", Whole), _BROKEN[reason], offering("after", Whole))
        assert plugins.broken == [Plugin("broken", status="broken", reason=reason)]
        assert found(plugins, "before").strategies == found(plugins, "after").strategies

    @pytest.mark.parametrize("reason", _BROKEN)
    def test_a_broken_one_leaves_no_hook(self, reason: str) -> None:
        """None of its hooks is ever called again."""
        manager = load_plugins(_BROKEN[reason]).manager
        assert not manager.has_plugin("broken")
        impls = manager.hook.visualcrop_strategies.get_hookimpls()
        assert "broken" not in {impl.plugin_name for impl in impls}

    def test_control_c_is_no_breakage(self) -> None:
        """An interrupted import stops the host, too."""
        stop = module("s", hook=failing(KeyboardInterrupt()))
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
