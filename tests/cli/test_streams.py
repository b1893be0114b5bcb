"""Standard output that is full, closed, or cannot have every letter: a sentence, never a bug."""

from __future__ import annotations

import json
from pathlib import Path

import PIL.Image
import pytest

from tests.support.hostile import TEXTS, write_dataset
from tests.support.terminals import each, shell
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.study import Study

_COMMANDS = [
    ["--help"],
    ["--version"],
    ["ask", "grey.png", "What is that?"],
    ["ask", "grey.png", "What is that?", "--json"],
    ["look", "grey.png", "café", "--out", "map.png"],
    ["look", "grey.png", "日本", "--out", "map.png", "--json"],
    ["demo", "-m", "toy"],
    ["evaluate", "toy(scenes=1)", "--out", "évaluated", "-s", "naïve=direct"],
    ["evaluate", "toy(scenes=1)", "--out", "évaluated", "-s", "naïve=direct", "--json"],
    ["sweep", "toy(scenes=1)", "--out", "swept", "--set", "steps=1,2"],
    ["compare", "run", "--by-category"],
    ["compare", "run", "--by-category", "--json"],
    ["report", "run"],
    ["show", "run", f"{TEXTS['sgr']}/0"],
    ["strategies"],
    ["strategies", "--json"],
    ["explain", "focus"],
    ["explain", 'focus(targets=given(names=["café"]))', "--toml"],
    ["explain", "focus", "--json"],
    ["plugins"],
    ["plugins", "list", "--json"],
    ["plugins", "new", "judge", "my-judge"],
    ["check", "toy"],
    ["doctor"],
    ["doctor", "--json"],
    ["paper"],
    ["paper", "10"],
    ["paper", "--json"],
    ["data", "list"],
    ["data", "list", "--json"],
    ["data", "stats", "folder(path=data)"],
    ["data", "stats", "folder(path=data)", "--json"],
    ["data", "check", "folder(path=data)"],
    ["data", "check", "folder(path=data)", "--json"],
    ["data", "import", "folder(path=data)", "--to", "imported"],
    ["data", "export", "folder(path=some)", "--to", "exported", "--json"],
    ["data", "--help"],
    ["ask", "--help"],
]
_SETTINGS = {"VISUALCROP_MODEL": "toy", "HF_HUB_OFFLINE": "1"}
_SENTENCE = "Error: Standard output cannot be written (No space left on device); "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, a dataset and a run of it."""
    PIL.Image.new("RGB", (96, 64), "grey").save(tmp_path / "grey.png")
    texts = {name: TEXTS[name] for name in ("sgr", "half", "wide")}
    dataset = write_dataset(tmp_path / "data", tmp_path / "grey.png", texts)
    write_dataset(tmp_path / "some", tmp_path / "grey.png", {"sgr": TEXTS["sgr"]})
    spec = f"folder(path={json.dumps(str(dataset))})"
    run_study(Study(spec, "toy", {"direct": "direct", "café": "direct"}), tmp_path / "run")
    return tmp_path


class TestFailing:
    """Each command, in a process with real streams."""

    def test_full(self, folder: Path) -> None:
        """One sentence and 1."""
        ended, told = each(_COMMANDS, folder, "full", **_SETTINGS)
        for words, code, said in zip(_COMMANDS, ended, told, strict=True):
            assert (code, said.count(_SENTENCE), "Traceback" in said) == (1, 1, False), (
                words,
                said,
            )

    def test_closed(self, folder: Path) -> None:
        """Nobody reads on, as in `... | head`: nothing is said."""
        ended, told = each(_COMMANDS, folder, "closed", **_SETTINGS)
        for words, code, said in zip(_COMMANDS, ended, told, strict=True):
            assert code == 1, (words, said)
            assert "Error" not in said, words
            assert "Broken" not in said, words

    def test_ascii(self, folder: Path) -> None:
        """Letters that are not there are replaced; JSON and TOML escape them."""
        ended, told = each(_COMMANDS, folder, "file", "ascii", **_SETTINGS)
        for number, words in enumerate(_COMMANDS):
            assert ended[number] == int(words[1:2] in (["check"], ["import"])), (
                words,
                told[number],
            )
            printed = (folder / f"{number}.txt").read_text("ascii")
            if "--json" in words:
                json.loads(printed)
            if "--toml" in words:
                assert "caf\\U000000E9" in printed
        assert "caf?" in (folder / "10.txt").read_text("ascii")
        look = json.loads((folder / "5.txt").read_text("ascii"))
        assert look["target"] == "日本"


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        ("$python -m visualcrop strategies > /dev/full", 1, _SENTENCE),
        ("$python -m visualcrop strategies --json > /dev/full", 1, _SENTENCE),
        ("$python -m visualcrop --help > /dev/full", 1, _SENTENCE),
        ("$python -m visualcrop strategies >&-", 0, ""),
        ("$python -m visualcrop explain nothing >&- 2>&-", 1, ""),
        ("$python -m visualcrop explain nothing 2> /dev/full", 1, ""),
        ("$python -m training.measure --model nothing > /dev/full", 1, "no model"),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $python -m visualcrop strategies", 0, ""),
    ],
)
def test_python_ends_quietly(tmp_path: Path, line: str, code: int, sentence: str) -> None:
    """A process of its own, whose interpreter finds nothing left to write as it ends."""
    ended, _, said = shell(line, tmp_path)
    assert ended == code, said
    assert (said.startswith(sentence) or sentence in said) if sentence else not said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
