"""The reference says what the code says, and leaves nothing out."""

from __future__ import annotations

import inspect
from pathlib import Path

import attrs
import griffe
import pytest
import typer.main

import visualcrop
from scripts import reference
from scripts.attrs_fields import AttrsFields, is_internal
from visualcrop import Auto, cli, errors, models, pipeline, plugin, testing
from visualcrop.cli.scaffold import KINDS
from visualcrop.models import Family
from visualcrop.plugin import Registry
from visualcrop.plugin import hooks as hookspecs
from visualcrop.plugin import manager as plugins
from visualcrop.spec import parse as spec

DOCS = Path(__file__).parent.parent.parent / "docs"
STRATEGIES, CLI, HOOKS, API, ERRORS, SPEC = (
    (DOCS / "reference" / f"{name}.md").read_text("utf-8")
    for name in ("strategies", "cli", "hooks", "api", "errors", "spec")
)
REGISTRY = Registry.load()
DISTRIBUTIONS = {"visualcrop", *(path.name for path in (DOCS.parent / "plugins").iterdir())}
PUBLIC = (visualcrop, pipeline, plugin, models, testing)
OURS = [entry.strategy for entry in REGISTRY if entry.plugin.distribution in DISTRIBUTIONS]
ERROR_CLASSES = [
    cls
    for cls in vars(errors).values()
    if inspect.isclass(cls) and cls.__module__ == errors.__name__
]


def commands(command, path="visualcrop"):
    """Each command with its path."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


COMMANDS = dict(commands(typer.main.get_command(cli.app)))


class TestGeneratedPages:
    @pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
    def test_are_up_to_date(self, path):
        """A generated page is what `python scripts/reference.py` would write."""
        assert path.read_text("utf-8") == reference.pages()[path]

    def test_a_check_writes_nothing(self, tmp_path, monkeypatch, capsys):
        """`--check` names a page that is out of date, fails, and leaves it alone."""
        page = tmp_path / "page.md"
        page.write_text("old", "utf-8")
        monkeypatch.setattr(reference, "ROOT", tmp_path)
        monkeypatch.setattr(reference, "pages", lambda: {page: "new"})

        assert reference.main(["--check"]) == 1
        assert page.read_text("utf-8") == "old"
        assert capsys.readouterr().out == "page.md is out of date\n"

        assert reference.main([]) == 0
        assert page.read_text("utf-8") == "new"
        assert reference.main(["--check"]) == 0


class TestStrategies:
    @pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.name)
    def test_each_is_there_with_its_options(self, cls):
        """
        Every strategy has a heading, its summary, and a row for each option with its help.

        A family has a link to `auto` for the options that every checkpoint has.
        """
        section = self._section(cls)
        if issubclass(cls, Family):
            assert "(#model-auto)" in section
            section += self._section(Auto)

        assert cls.summary() in section
        for field in attrs.fields(cls):
            assert f"| `{field.name}` |" in section
            assert field.metadata["help"] in section

    def _section(self, cls):
        _, _, section = STRATEGIES.partition(f"### `{cls.name}` {{ #{cls.kind}-{cls.name} }}")
        return section.partition("\n#")[0]


class TestCommandLine:
    @pytest.mark.parametrize("path", COMMANDS)
    def test_each_command_is_there_with_its_options(self, path):
        """Every command has a heading, and each of its options is in its section."""
        _, heading, section = CLI.partition(f"## `{path}`\n")
        section = section.partition("\n#")[0]

        assert heading
        for param in COMMANDS[path].params:
            assert param.help in section
            assert all(f"`{option}`" in section for option in param.opts if "-" in option)

    def test_each_exit_code_has_a_row(self):
        """What each exit code means, and what to do, is in the table of errors."""
        codes = [word for word in (cli.__doc__ or "").replace(",", " ").split() if word.isdigit()]

        assert codes == ["0", "1", "2", "3", "130"]
        assert all(f"\n| {code} | " in ERRORS for code in codes)


class TestHooks:
    @pytest.mark.parametrize("name", [name for name in dir(hookspecs) if "visualcrop_" in name])
    def test_each_is_there_with_its_arguments(self, name):
        """Every hook has a heading with exactly the arguments that it is called with."""
        arguments = inspect.signature(getattr(hookspecs, name)).parameters

        assert f"\n## `{name}({', '.join(arguments)})`\n" in HOOKS

    @pytest.mark.parametrize("variable", [plugins.BLOCK, plugins.STRICT])
    def test_environment_variables_are_explained(self, variable):
        """What steers the loading of plug-ins stands in the guide to them."""
        assert variable in (DOCS / "how-to" / "plugins.md").read_text("utf-8")


class TestErrors:
    @pytest.mark.parametrize("cls", ERROR_CLASSES, ids=lambda cls: cls.__name__)
    def test_each_has_a_row(self, cls):
        """Every error class is in the table, with when it is raised and what to do."""
        assert f"\n| `{cls.__name__}` | " in ERRORS

    def test_tree_is_that_of_the_module(self):
        """The tree on the page is the one in the module's docstring."""
        tree = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2]

        assert f"```text\n{tree}\n```" in ERRORS


class TestSpec:
    def test_grammar_is_that_of_the_module(self):
        """The grammar on the page is the one in the module's docstring."""
        grammar = inspect.cleandoc(spec.__doc__ or "").split("\n\n")[1]

        assert f"```text\n{inspect.cleandoc(grammar)}\n```" in SPEC


class TestPythonApi:
    @pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
    def test_has_every_public_name_and_no_other(self, module):
        """What a module exports is on the page, and what it does not export is not."""
        mark = f"::: {module.__name__}."
        shown = [line.removeprefix(mark) for line in API.splitlines() if line.startswith(mark)]

        assert sorted(name for name in shown if "." not in name) == sorted(
            name for name in module.__all__ if name != "errors"
        )

    def test_shows_the_arguments_of_attrs_classes(self):
        """A class whose `__init__` attrs writes is shown with the arguments that it takes."""
        package = griffe.load("visualcrop", extensions=griffe.load_extensions(AttrsFields))
        named = [
            (f"{module.__name__}.{name}", getattr(module, name))
            for module in PUBLIC
            for name in module.__all__
        ]
        made = [(path, cls) for path, cls in named if inspect.isclass(cls) and attrs.has(cls)]

        assert made
        for path, cls in made:
            shown = [
                parameter.name for parameter in package[path.removeprefix("visualcrop.")].parameters
            ]
            internal = {field.alias for field in attrs.fields(cls) if is_internal(field)}
            wanted = [name for name in inspect.signature(cls).parameters if name not in internal]
            assert shown == ["self", *wanted]

    @pytest.mark.parametrize("name", ["Ledger", "Answer", "models.HuggingFaceModel"])
    def test_lists_no_private_fields(self, name):
        """A field that begins with an underscore is not among a class's attributes."""
        package = griffe.load("visualcrop", extensions=griffe.load_extensions(AttrsFields))

        assert "\n    _" not in package[name].docstring.value


def test_new_plugins_help_names_all_kinds():
    """`visualcrop plugins new --help` names each kind that it can write."""
    (kind,) = (p for p in COMMANDS["visualcrop plugins new"].params if p.name == "kind")

    named = kind.help.partition(": ")[2].rstrip(".").replace(" or ", ", ").split(", ")
    assert named == list(KINDS)
