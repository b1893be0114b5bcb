"""Attacks by command lines: every command and option there is, with values good and hostile."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import typer

from tests.attack.guarding import BREACH
from tests.attack.siege import Attack, Attempt, End, Server
from tests.support import shipped
from tests.support.random_specs import random_options, random_specs
from visualcrop.cli import app
from visualcrop.plugin import Registry

HOSTILE = (
    *("", " ", "-", "--", "---", "-x", "--nonsense", "=", "0", "-1", "1.5", "NaN", "inf", "1e999"),
    *(
        "9" * 25,
        "9" * 5000,
        "1/0",
        "0/1",
        "2/1",
        "1/999999999",
        "\N{SUPERSCRIPT TWO}",
        "true",
        "none",
    ),
    *(
        "~",
        "~nouser",
        "~nouser/x",
        ".",
        "..",
        "/",
        "//",
        "/dev/null",
        "/dev/zero",
        "gone",
        "gone/x",
    ),
    *(
        "n" * 300,
        "n/" * 2500,
        "a\0b",
        "\x1b[31mred",
        "\x1b]0;t\x07",
        "\u202egnp",
        "\r",
        "a\nb",
        "\t",
    ),
    *(
        "\udcff\udcfe",
        "\ud800",
        "\N{GRINNING FACE}",
        "e\u0301",
        "\u00a0",
        "[/]",
        "[bold]",
        "[link=x]y",
    ),
    *("<img src=x>", "=1+1|cmd", "{{7*7}}", "%s%n", "'; rm -rf x;", "$(touch x)", "\\", '"', "'"),
    *("file:///etc/passwd", "https://127.0.0.1:1/x.png", "http://[", "s3://x", "C:\\x", "\\\\h\\s"),
    *(
        "(",
        "focus(",
        "focus)",
        "focus(steps=)",
        "focus(steps=1, steps=2)",
        "a=b=c",
        "x=focus",
        "=focus",
    ),
    "focus(" * 400,
    "[" * 3000,
    "focus(proposals=" * 300 + "x" + ")" * 300,
)
# By the name of a parameter, in the folder that `Lines` prepares.
GOOD: dict[str, tuple[str, ...]] = {
    "image": ("image.png", "photo.jpg", "gone.png", "dir", "text.png", "loop.png"),
    "question": ("What colour is the mug?", "How many?", "x" * 5000, "Where is the 'red key'?"),
    "target": ("red mug", "mug", "\x1b[31mmug"),
    "dataset": ('folder(path="data")', "data", "toy(scenes=1)", "study.toml", "vstar(path=vstar)"),
    "datasets": ('folder(path="data")', "data", "toy(scenes=1)", "vstar(path=vstar)"),
    "run": ("run", "run", "run", "other", "data", "gone"),
    "model": ("toy", "toy", "toy", "gone", "auto(checkpoint=data)", "./data", "model.toml"),
    "searcher": ("focus", "direct", "a=focus(steps=1)", "zoomeye", "search.toml", "nobody"),
    "relevance": ("vv", "attention", "vv(layers=[1])", "random", "rel-att"),
    "choice": ("red", "blue", "red"),
    "out": ("out", "out/deep/er", "run", "image.png", "dir"),
    "to": ("out", "made", "image.png", "data"),
    "source": ("data", "vstar", "gone"),
    "only": ("x", "json"),
    "page": ("page.html", "out/page.html", "dir"),
    "save_crop": ("crop.png", "crop.webp", "crop.txt", "dir.png"),
    "picture": ("areas.svg", "dir"),
    "shard": ("1/1", "1/2", "2/2", "3/2", "x/y"),
    "executor": ("local", "local(concurrency=2)", "local(concurrency=0)", "nobody"),
    "protocol": ("paper", "zoomeye", "hr-bench", "lmms-eval", "vlmevalkit", "nobody"),
    "inference": ("generate", "letter-logits", "option-logits", "nobody"),
    "weigh": ("auto", "sentences", "choices", "nobody"),
    "budget": ("0", "1", "20"),
    "limit": ("1", "2"),
    "draws": ("1", "3"),
    "pages": ("0", "1"),
    "concurrency": ("1", "2"),
    "max_bytes": ("1", "100000", "100000000"),
    "kind": ("relevance", "searcher", "model", "dataset", "nobody"),
    "name": ("mine", "Mine!", "../mine", "focus", "vstar", "class"),
    "id": ("a", "0-count", "nobody"),
    "number": ("1", "2", "7", "99"),
    "spec": ("focus", "toy", "vv", "folder", "search.toml", "nobody"),
    "category": ("count", "colour"),
    "baseline": ("direct", "focus", "nobody"),
    "axis": ("steps=1,2", "steps=", "relevance.pool=1,2,3", "=", "steps=1,1"),
    "draw": ("steps=1:4", "steps=4:1", "t_type1=-1:1", "steps=:", "x=1:2"),
    "judge": ("llm", "nobody"),
}
_ENDLESS = re.compile("shapes|scenes")  # as many questions as one likes: long, and rightly so
_ELSEWHERE = {"/", "//", ".."}  # who names such a folder wants files there
_LONG = {"demo"}  # asks several questions by several searches, of a scene that it draws
_NUMBERS = {"budget", "limit", "seconds", "draws", "seed", "pages", "concurrency", "max_bytes"}


class Lines(Attack):
    """A folder with a run, a dataset and images, and command lines that nobody would type."""

    name = "lines"
    memory = 2 << 30

    def __init__(self) -> None:
        self._commands: list[tuple[tuple[str, ...], list[Any]]] = []
        self._specs: list[str] = []

    def prepare(self, sound: Path, server: Server) -> None:
        shipped.folder(sound / "data")
        shipped.vstar(sound / "vstar")
        (sound / "dir.png").mkdir()
        (sound / "dir").mkdir()
        (sound / "loop.png").symlink_to("loop.png")
        for name, text in _TEXTS.items():
            (sound / name).write_text(text, "utf-8")
        lines = (
            ("evaluate", "toy(scenes=1)", "-m", "toy", "--out", "run"),
            ("evaluate", "toy(scenes=1)", "-m", "toy", "-s", "a=focus(steps=1)", "--out", "other"),
            ("demo", "-m", "toy", "--out", "demo"),
        )
        for words in lines:
            end = server.line(words, sound)
            assert end.code == 0, end
        shutil.move(next((sound / "demo").glob("*.png")), sound / "image.png")
        (sound / "photo.jpg").write_bytes(shipped.jpeg(size=(640, 480)))

    def attempt(self, rng: Random, sound: Path, scratch: Path) -> Attempt:
        self._learn()
        shutil.copytree(sound, scratch / "cwd", symlinks=True)
        path, params = rng.choices(self._commands, [len(each[1]) for each in self._commands])[0]
        words = [*path, *self._arguments(rng, params)]
        if rng.random() < 0.1:
            words.insert(rng.randrange(len(words) + 1), rng.choice(HOSTILE))
        if rng.random() < 0.05:
            words = words[: rng.randrange(len(words) + 1)]
        full = rng.random() < 0.03
        job = {"cwd": str(scratch / "cwd"), "out": "/dev/full" if full else None}
        return Attempt("to a full disk" if full else "a line", [words], job)

    def wrong(self, words: Sequence[str], end: End, scratch: Path) -> Iterator[str]:
        asked = {word.rpartition("=")[2] for word in words} & _ELSEWHERE
        for wrong in end.complaints():
            if not (asked and wrong.startswith(BREACH)):
                yield wrong
        for stray in sorted({path.name for path in scratch.iterdir()} - {"cwd", "home"}):
            if not asked:
                yield f"it wrote {stray!r} outside of its folder"

    def _learn(self) -> None:
        """All commands with their parameters, and specs that are drawn once for all seeds."""
        if not self._commands:
            registry = Registry.load()
            self._commands = [*_walk(typer.main.get_command(app))]
            specs = [*random_specs(registry, 300, 0), *random_options(registry, 300, 0)]
            self._specs = [spec for spec in specs if not _ENDLESS.search(spec)]

    def _arguments(self, rng: Random, params: list[Any]) -> Iterator[str]:
        hostile = rng.choice((0.0, 0.1, 0.4))
        for param in random.Random(rng.random()).sample(params, len(params)):
            argument = param.param_type_name == "argument"
            if rng.random() > (0.97 if argument or param.required else 0.25):
                continue
            name = rng.choice((*param.opts, *param.secondary_opts))
            if not argument and getattr(param, "is_flag", False):
                yield name
                continue
            for _ in range(rng.choice((1, 1, 2)) if param.multiple or param.nargs < 0 else 1):
                value = self._value(rng, param.name, hostile)
                if argument:
                    yield value
                elif rng.random() < 0.3:
                    yield f"{name}={value}"
                else:
                    yield from (name, value)

    def _value(self, rng: Random, name: str, hostile: float) -> str:
        kind = rng.random()
        if kind < hostile * 0.7:
            return rng.choice(HOSTILE)
        if kind < hostile or name == "option":
            return rng.choice(self._specs)
        if name in _NUMBERS and rng.random() < 0.5:
            return str(rng.randrange(5))
        return rng.choice(GOOD.get(name, HOSTILE))


_TEXTS = {
    "text.png": "This is no picture.",
    "search.toml": 'name = "focus"\nsteps = 1\n',
    "model.toml": 'name = "toy"\n',
    "study.toml": """
dataset = "toy(scenes=1)"
model = "toy"
[searchers]
focus = "focus(steps=1)"
""",
}


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Each command below *command* with its parameters, and groups as commands of their own."""
    yield path, command.params
    for name, below in sorted(getattr(command, "commands", {}).items()):
        if name not in _LONG:
            yield from _walk(below, (*path, name))
