"""Text from outside, in whatever place it stands, is shown as text by every command."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path

import PIL.Image
import pytest
from typer.testing import Result

from tests.support.hostile import (
    TEXTS,
    check_csv,
    check_latex,
    check_markdown,
    check_page,
    file_name,
    id_of,
    unsafe,
    unsafe_on_terminal,
    write_dataset,
)
from tests.support.running import Run
from tests.support.terminals import on_terminal
from visualcrop import Reply
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.selection import Selection
from visualcrop.evaluation.study import Study
from visualcrop.models.toy.model import ToyModel
from visualcrop.spec.parse import format_value
from visualcrop.utils.fields import is_utf8

_SHORT = [text for text in TEXTS.values() if len(text) < 100]
_SOME = {name: TEXTS[name] for name in ("closing more", "markup", "lines", "half", "wide")}
_SOME["all"] = "".join(_SHORT)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one."""
    path = tmp_path_factory.mktemp("picture") / "grey.png"
    PIL.Image.new("RGB", (96, 64), "grey").save(path)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> str:
    """All texts in all places of a dataset, which lies in a folder of such a name."""
    place = tmp_path_factory.mktemp("data") / file_name(TEXTS["sgr"] + TEXTS["html"])
    return f"folder(path={format_value(str(write_dataset(place, picture, TEXTS)))})"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, dataset: str) -> Path:
    """A run of it, with a variant called by each text, in a folder of such a name."""
    labels = dict.fromkeys((text for text in TEXTS.values() if is_utf8(text)), "direct")
    study = Study(dataset, "toy", {"direct": "direct", **labels})
    folder = tmp_path_factory.mktemp("runs") / file_name(_SOME["all"])
    with pytest.MonkeyPatch.context() as patch:
        said = cycle([*TEXTS.values(), "A", "B"])
        patch.setattr(ToyModel, "generate", lambda *_, **__: [Reply(next(said))])
        run_study(study, folder, selection=Selection(limit=len(TEXTS)))
    return folder


def _passes(done: Result, *codes: int) -> str:
    """All that was printed, of a command that ended as it should."""
    assert done.exit_code in (codes or (0,)), done.output[-2000:]
    assert not unsafe(done.output)
    return done.output


class TestDatasets:
    """`visualcrop data`."""

    @pytest.mark.parametrize("words", [("check",), ("check", "--pixels"), ("stats",)])
    def test_what_a_dataset_holds_is_shown(self, run: Run, dataset: str, words) -> None:
        """Categories, ids and reasons, each on a line of its own; as JSON, too."""
        command = ("data", words[0], dataset, *words[1:])
        assert "forged" not in {line.strip() for line in _passes(run(*command), 0, 1).splitlines()}
        json.loads(run(*command, "--json").stdout)

    def test_what_is_written_is_told(self, run: Run, dataset: str) -> None:
        """Of an import and an export, with what was left out."""
        for command in ("import", "export"):
            _passes(run("data", command, dataset, "--to", command), 0, 1)
        json.loads(run("data", "import", dataset, "--to", "again", "--json").stdout)


class Hub(BaseHTTPRequestHandler):
    """Lists one file for each text, and sends something else."""

    def do_GET(self) -> None:
        """Answer."""
        names = [f"direct_attributes/{file_name(text)}" for text in _SHORT if "\ud800" not in text]
        told = json.dumps([{"type": "file", "path": name, "size": 9} for name in names])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(told.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_fetching_from_a_hostile_hub(run: Run, monkeypatch) -> None:
    """The names of files that it lists."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "*")
    done = run("data", "fetch", "vstar", "--to", TEXTS["sgr"] + TEXTS["closing"], "--yes")
    server.shutdown()
    server.server_close()
    thread.join()
    assert done.exit_code == 1, done.output[-600:]
    assert not unsafe(done.output)
    assert "\nError: forged" not in done.output


class TestRuns:
    """`evaluate`, `sweep`, `compare`, `report` and `show`."""

    def test_evaluate(self, run: Run, dataset: str) -> None:
        """Labels, and what went wrong."""
        label = TEXTS["sgr"] + TEXTS["closing"] + TEXTS["lines"]
        words = ("evaluate", dataset, "--limit", "3", "-s", f"{label}=direct", "--out", label[:9])
        _passes(run(*words))
        json.loads(run(*words, "--json").stdout)

    def test_sweep(self, run: Run, dataset: str) -> None:
        """Of the same dataset."""
        words = ("sweep", dataset, "-s", "focus", "--set", "steps=1,2", "--limit", "2")
        _passes(run(*words, "--out", TEXTS["closing more"].replace("/", "")))

    def test_compare(self, run: Run, ran: Path) -> None:
        """Each category and each label is there, and is only text."""
        printed = _passes(run("compare", ran, "--by-category", "--baseline", TEXTS["closing"]))
        assert "\n[/]#\n" in printed
        assert "\n[bold]fat[/bold] [link=http://evil.test]x[/link] [@click=x]y[/]#\n" in printed
        assert ":smile:" in printed
        assert "\nError: forged" not in printed
        assert len(json.loads(run("compare", ran, "--by-category", "--json").stdout)) == len(TEXTS)

    def test_compare_does_not_know_a_label(self, run: Run, ran: Path) -> None:
        """The sentence names all there are, and is one line."""
        done = run("compare", ran, "--baseline", TEXTS["lines"] + "?")
        assert "\nError" not in _passes(done, 1)

    def test_report(self, run: Run, ran: Path, tmp_path: Path) -> None:
        """Page, CSV, Markdown and LaTeX hold all labels and nothing that they bring along."""
        _passes(run("report", ran, "--out", "report"))
        rows = len(TEXTS) + 1  # a heading and `direct`, but no half of a letter
        check_page(tmp_path / "report/index.html")
        check_csv((tmp_path / "report/results.csv").read_text("utf-8"), rows)
        check_markdown((tmp_path / "report/results.md").read_text("utf-8"), rows)
        check_markdown((tmp_path / "report/summary.md").read_text("utf-8"), rows + 1)
        check_latex((tmp_path / "report/results.tex").read_text("utf-8"), rows)
        pages = [*(tmp_path / "report/questions").glob("*.html")]
        for page in pages:
            check_page(page)
        assert len(pages) == 12

    @pytest.mark.parametrize("name", ["sgr", "closing more", "lines", "cdata", "wide"])
    def test_show(self, run: Run, ran: Path, tmp_path: Path, name: str) -> None:
        """The question, its answers and what each variant said."""
        _passes(run("show", ran, id_of(name), "--page", "page.html"))
        check_page(tmp_path / "page.html")

    def test_show_does_not_know_an_id(self, run: Run, ran: Path) -> None:
        """However it is spelt."""
        assert "\nError" not in _passes(run("show", ran, "\x1b[35;5m\nError: x"), 1)


@pytest.mark.parametrize("text", _SOME.values(), ids=_SOME)
class TestAnswers:
    """Of the commands that put one question."""

    def test_ask(self, run: Run, picture: Path, tmp_path: Path, monkeypatch, text: str) -> None:
        """The reply, the choices and the target may be anything."""
        monkeypatch.setattr(ToyModel, "generate", lambda *_, **__: [Reply(text)])
        asked = text.encode("utf-8", "ignore").decode()
        words = ("ask", picture, f"What? {asked}", "-s", "direct")
        shown = _passes(run(*words, "--page", "page.html"))
        assert len(text) > 160 or len(shown.splitlines()) == 5
        check_page(tmp_path / "page.html")
        assert json.loads(run(*words, "--json").stdout)["answer"] == text.strip()

    def test_look(self, run: Run, picture: Path, text: str) -> None:
        """The target and the file's name."""
        target = text.encode("utf-8", "replace").decode()
        _passes(run("look", picture, f"mug {target}", "--out", f"{file_name(text)}.png"))

    def test_wrong_words_are_quoted(self, run: Run, picture: Path, text: str) -> None:
        """In sentences of ours and in those about the command line, whose lines are our own."""
        text = text[:200]
        for words in (
            ("ask", picture, "What?", "-s", text),
            ("ask", picture, "What?", "-o", text),
            ("ask", f"{file_name(text)}.png", "What?"),
            ("evaluate", text),
            ("evaluate", "toy", "--protocol", text),
            ("compare", text),
            ("report", text),
            ("data", "check", text),
            ("data", "fetch", text),
            ("strategies", text),
            ("explain", text),
            ("paper", text),
            (text,),
            (f"--{text}",),
            ("data", text),
            ("ask", f"--{text}"),
            ("plugins", "new", text, text),
        ):
            done = run(*words)
            assert done.exit_code in {1, 2}, (words, done.output[-1000:])
            assert not unsafe(done.output), words
            assert "\nError: forged" not in done.output


def test_a_terminal_is_sent_only_our_own_styles(tmp_path: Path, picture: Path) -> None:
    """Also by bars and spinners, which rich draws with controls of its own; and by a traceback."""
    sent: dict[str, list[str]] = {}
    for name, text in (("clean", "x"), ("hostile", re.sub("[\ud800\udcff\x00]", "", _SOME["all"]))):
        folder = tmp_path / name
        dataset = write_dataset(folder / "data", picture, {"a": text, "b": f"{text}b"})
        label = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        spec = json.dumps(f"folder(path={format_value(str(dataset))})")
        (folder / "study.toml").write_text(
            f'dataset = {spec}\nmodel = "toy"\n[searchers]\n{label} = "direct"\n', "utf-8"
        )
        for words in (
            ("evaluate", "study.toml", "--out", "run"),
            ("compare", "run", "--by-category"),
            ("show", "run", f"{text}/0"),
            ("ask", f"{text[:9]}.png", "What?", "--debug"),
        ):
            code, told = on_terminal([*words], folder, VISUALCROP_MODEL="toy")
            assert code == int("--debug" in words), told[-500:]
            sent.setdefault(name, []).append(told)
    for clean, hostile in zip(sent["clean"], sent["hostile"], strict=True):
        assert not unsafe_on_terminal(hostile, clean), hostile
    assert "Traceback" in sent["hostile"][-1]
