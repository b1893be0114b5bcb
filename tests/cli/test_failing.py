"""What goes wrong is said in one sentence, with an exit code of its own."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.mangled import encoded, picture
from tests.support.running import Run
from visualcrop.models.toy.model import ToyModel
from visualcrop_attention import Attention

_WRONG = {
    "no image": (("ask", "nope.png", "Why?"), "There is no image at 'nope.png'"),
    "no question": (("ask", "{scene}", " "), "The question is empty"),
    "one choice": (("ask", "{scene}", "Why?", "-c", "x"), "no choices or 2 to 26"),
    "equal choices": (("ask", "{scene}", "Why?", "-c", "x", "-c", "x"), "a text of its own"),
    "crop without an ending": (
        ("ask", "{scene}", "Why?", "-m", "toi", "--save-crop", "crop"),
        "does not end in .png",
    ),
    "page in a folder's place": (("ask", "{scene}", "Why?", "--page", "/"), "'/' is a folder"),
    "no such searcher": (("ask", "{scene}", "Why?", "-s", "fokus"), "did you mean 'focus'?"),
    "no such option": (("ask", "{scene}", "Why?", "-o", "step=3"), "did you mean 'steps'?"),
    "inexact option": (("ask", "{scene}", "Why?", "-o", "steps=4.7"), "4.7 is not a whole number"),
    "no pair": (("ask", "{scene}", "Why?", "-o", "steps"), "is not path=value"),
    "no such model": (("ask", "{scene}", "Why?", "-m", "toi"), "did you mean 'toy'?"),
    "no such file": (("ask", "{scene}", "Why?", "-s", "no.toml"), "cannot be read"),
    "too large": (("ask", "{scene}", "Why?", "--max-bytes", "1000"), "limit of 1,000;"),
    "layers": (("ask", "{scene}", "A mug?", "-o", "relevance.layers=[1, 9]"), "4 layers"),
    "no such kind": (("strategies", "relevanse"), "did you mean 'relevance'?"),
    "nothing to explain": (("explain", "focuss"), "did you mean 'focus'?"),
    "no target": (("look", "{scene}", " "), "The target is empty; name something"),
    "the root": (("look", "/", "mug"), "'/' is a folder, not an image"),
    "bad ending": (("look", "{scene}", "mug", "--out", "map.doc"), "does not end in .png"),
    "long plug-in name": (("plugins", "new", "model", "a" * 300), "File name too long"),
    "no place for a plug-in": (("plugins", "new", "model", "mine", "--to", "\0"), "a null byte"),
    "bad plug-in name": (("plugins", "new", "relevance", "My Source"), "'my-source'"),
    "taken plug-in name": (
        ("plugins", "new", "relevance", "vv"),
        "taken by the plug-in 'builtins'",
    ),
    "bad plug-in kind": (("plugins", "new", "relevanc", "mine"), "did you mean 'relevance'?"),
    "no such folder": (("evaluate", "./nodir"), "There is no folder './nodir'"),
    "no such study": (("evaluate", "no.toml", "-s", "focus"), "'no.toml' cannot be read: No such"),
    "no such examples": (
        ("ask", "{scene}", "A mug?", "-o", "targets.examples=vstat"),
        "did you mean 'vstar'?",
    ),
}


class TestFailing:
    """Of every command."""

    @pytest.mark.parametrize(("words", "sentence"), _WRONG.values(), ids=_WRONG)
    def test_wrong_input_is_a_sentence(
        self, run: Run, scene_file: Path, words: tuple[str, ...], sentence: str
    ) -> None:
        """Exit code 1, one sentence on the error stream, nothing else."""
        done = run(*(word.format(scene=scene_file) for word in words))
        assert done.exit_code == 1
        assert sentence in done.stderr
        assert done.stderr.startswith("Error: ")
        assert done.stderr.endswith(".\n")
        assert done.stderr.count("\n") == 1
        assert not done.stdout

    def test_a_caret_points_at_wrong_syntax(self, run: Run) -> None:
        """The caret stands under the first character that cannot be."""
        shown = "  focus(steps==4)\n" + " " * 14 + "^\n"
        assert run("explain", "focus(steps==4)").stderr.endswith(shown)

    def test_a_wrong_command_line_exits_with_2(self, run: Run) -> None:
        """An option that does not exist is typer's business."""
        assert run("ask", "--bugdet", "3").exit_code == 2

    def test_debug_shows_the_traceback(self, run: Run) -> None:
        """`--debug`, wherever it stands, lets the exception out."""
        done = run("ask", "nope.png", "Why?", "--debug")
        assert "There is no image" in str(done.exception)

    def test_a_bug_is_called_a_bug(
        self, run: Run, scene_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An exception that nobody raised on purpose exits with 3 and asks for a report."""
        monkeypatch.setattr(ToyModel, "generate", lambda *_, **__: 1 / 0)
        done = run("ask", scene_file, "What colour is the mug?")
        assert done.exit_code == 3
        assert "has a bug (ZeroDivisionError" in done.stderr

    def test_a_plug_ins_bug_is_told_with_its_name(
        self, run: Run, scene_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And with file and line, which whoever wrote it wants first."""
        monkeypatch.setattr(Attention, "read", lambda self, *_: 1 / 0)  # a frame with that self
        done = run("ask", scene_file, "What colour is the mug?", "-o", "relevance=attention")
        assert done.exit_code == 3
        assert "attention (test_failing.py:" in done.stderr
        assert "raised ZeroDivisionError: division by zero; run it again" in done.stderr

    def test_interrupting_is_no_error(
        self, run: Run, scene_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Ctrl-C exits with 130."""

        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(ToyModel, "generate", interrupt)
        done = run("ask", scene_file, "What colour is the mug?")
        assert (done.exit_code, done.stderr) == (130, "Interrupted.\n")
        done = run("evaluate", "toy(scenes=1)", "--out", "here")
        assert done.exit_code == 130
        assert done.stderr.endswith(": the same command resumes it.\n")
        assert done.stderr.count("Interrupted.") == 1

    def test_a_reader_who_has_seen_enough_is_no_error(
        self, run: Run, scene_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in `visualcrop ... | head`, which closes the pipe: it ends quietly."""

        def closed(*_: object, **__: object) -> None:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        monkeypatch.setattr(ToyModel, "generate", closed)
        done = run("ask", scene_file, "What colour is the mug?")
        assert done.exit_code == 1
        assert not done.stderr


def test_warnings_of_pillow_are_not_shown(tmp_path: Path) -> None:
    """A picture whose metadata is wrong is opened, and the terminal shows the answer alone."""
    icon = bytearray(encoded(picture(48, 32), "ICO", sizes=[(48, 32)]))
    icon[6] = 16  # so wide, it says
    path = tmp_path / "icon.ico"
    path.write_bytes(icon)
    command = [sys.executable, "-m", "visualcrop", "ask", str(path), "What is it?", "-m", "toy"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert "Warning" not in done.stderr
