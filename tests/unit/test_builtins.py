"""What comes with visualcrop is a plug-in like any other."""

from __future__ import annotations

from visualcrop import interfaces
from visualcrop.plugin import Strategy, builtins
from visualcrop.plugin.hooks import hookspec
from visualcrop.plugin.manager import load_plugins
from visualcrop.plugin.validation import check_strategy


class TestBuiltins:
    """The strategies of the package itself."""

    def test_come_through_the_same_door(self) -> None:
        """They are offered by the hook, from the plug-in `builtins`, and each is sound."""
        plugin = next(iter(load_plugins()))
        assert (plugin.name, plugin.distribution, plugin.status) == ("builtins", "visualcrop", "ok")
        assert plugin.strategies == tuple(builtins.visualcrop_strategies())
        assert [check_strategy(cls) for cls in plugin.strategies] == list(plugin.strategies)

    def test_stand_in_pipeline_order(self) -> None:
        """Kinds follow one another as on the page of interfaces, and none comes back."""
        kinds = [cls.kind for cls in builtins.visualcrop_strategies()]
        page = [cls.kind for cls in vars(interfaces).values() if _declared_on_the_page(cls)]
        page = list(dict.fromkeys(page))  # sources of one pass are sources
        assert list(dict.fromkeys(kinds)) == [*page, "model", "dataset", "executor", "judge"]
        assert kinds == sorted(kinds, key=[*page, "model", "dataset", "executor", "judge"].index)

    def test_names_are_told_once(self) -> None:
        """No two of a kind share a name."""
        names = [(cls.kind, cls.name) for cls in builtins.visualcrop_strategies()]
        assert len(set(names)) == len(names)


class TestHooks:
    """What visualcrop calls on its plug-ins."""

    def test_are_two(self) -> None:
        """Strategies and commands, each explained where it is declared."""
        hooks = vars(load_plugins().manager.hook)
        declared = {name: hook for name, hook in hooks.items() if hook.has_spec()}
        assert set(declared) == {"visualcrop_strategies", "visualcrop_commands"}
        assert all(hook.spec.function.__doc__ for hook in declared.values())
        assert hookspec.project_name == "visualcrop"


def _declared_on_the_page(member: object) -> bool:
    return (
        isinstance(member, type)
        and issubclass(member, Strategy)
        and member.__module__ == interfaces.__name__
    )
