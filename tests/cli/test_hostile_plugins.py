"""What a plug-in writes of itself is shown as text, also on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hostile import TEXTS, unsafe, unsafe_on_terminal
from tests.support.running import Run
from tests.support.strangers import install
from tests.support.terminals import on_terminal

_CODE = """
from typing import Annotated
import attrs, typer
from visualcrop import Proposal
from visualcrop.plugin import ProposalGenerator, hookimpl, option, say

TEXT = {text!r}

@attrs.frozen
class Stranger(ProposalGenerator):
    name = "stranger"
    number: int = option(1, help=TEXT)
    word: str = option(TEXT, help="a text")
    def propose(self, relevance):
        raise ValueError(TEXT)

Stranger.__doc__ = TEXT.replace("\\n", " ") + " it does."

@hookimpl
def visualcrop_strategies():
    return [Stranger]

@hookimpl
def visualcrop_commands(app):
    def foreign(word: Annotated[str, typer.Option(help=TEXT, metavar=TEXT)] = ""):
        say(TEXT)
    foreign.__doc__ = TEXT
    app.command()(foreign)
"""
_BROKEN = "raise ImportError({text!r})"
_COMMANDS = (
    ["strategies"],
    ["strategies", "proposals", "--json"],
    ["plugins"],
    ["doctor"],
    ["explain", "stranger"],
    ["explain", "stranger", "--toml"],
    ["explain", "focus(proposals=stranger)", "--json"],
    ["explain", "stranger(number=x)"],
    ["ask", "scene.png", "What colour is the mug?", "-o", "proposals=stranger"],
)
_ON_TERMINAL = (["--help"], ["foreign", "--help"], ["foreign"], ["strategies"], ["plugins"])
_ALL = "".join(text for text in TEXTS.values() if len(text) < 100 and "\ud800" not in text)
_TEXTS = {"all": _ALL, "closing": "[/]", "open": "[bold][link=x]", "long": "w" * 10_000}


def _site(folder: Path, name: str, text: str) -> str:
    """A folder with a plug-in that works and one that does not."""
    folder.mkdir()
    for place, code in ((f"good{name}", _CODE), (f"bad{name}", _BROKEN)):
        install(folder, place, code.format(text=text))
    about = next(folder.glob("stranger_bad*/METADATA"))
    about.write_text("Metadata-Version: 2.1\nName: x\x1b[35;5m[/]\nVersion: [/]\x9b31m\n")
    entries = next(folder.glob("stranger_good*/entry_points.txt"))
    entries.write_text(f"[visualcrop]\ngood\x1b[35;5m[/] = stranger_good{name}\n")
    return str(folder)


@pytest.mark.parametrize("name", _TEXTS)
def test_a_plug_in_is_described_as_text(
    run: Run, tmp_path: Path, scene_file: Path, monkeypatch, name: str
) -> None:
    """Docstring, help, options, what it raises, its name and version; a broken one's reason."""
    (tmp_path / "scene.png").hardlink_to(scene_file)
    monkeypatch.syspath_prepend(_site(tmp_path / "site", name, _TEXTS[name]))
    printed = ""
    for words in _COMMANDS:
        done = run(*words)
        assert "has a bug" not in done.output
        assert not unsafe(done.output), words
        printed += done.output
    assert "[/]" in printed
    assert run("explain", "stranger", "--toml").exit_code == 0


def test_a_plug_in_cannot_style_a_terminal(tmp_path: Path) -> None:
    """Nor by its command's help, nor by what it prints with `say`."""
    site, clean = (_site(tmp_path / name, name, text) for name, text in (("a", _ALL), ("b", "x")))
    for words in _ON_TERMINAL:
        code, harmless = on_terminal(words, tmp_path, PYTHONPATH=clean)
        assert code == 0
        code, sent = on_terminal(words, tmp_path, PYTHONPATH=site)
        assert (code, unsafe_on_terminal(sent, harmless)) == (0, set()), words
        assert "[/]" in sent
