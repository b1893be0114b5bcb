"""Attacks on the folder of a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

from tests.attack.mutating import mutate
from tests.attack.siege import Attack, Attempt, Server

_STUDY = ("toy(scenes=2)", "-m", "toy", "-s", "focus", "-s", "s1=focus(steps=1)")
_COMMANDS = (
    ("compare", "run"),
    ("compare", "run", "--by-category"),
    ("compare", "run", "--json", "--baseline", "focus"),
    ("report", "run", "--out", "page", "--pages", "1"),
    ("show", "run", "0-attribute"),
    ("show", "run", "1-count", "--page", "page.html"),
    ("evaluate", *_STUDY, "--out", "run"),
    ("evaluate", *_STUDY, "--out", "run", "--json"),
    ("compare", "run", "other"),
)
STRAYS = (
    ".DS_Store",
    "samples-2of2.jsonl",
    "samples-1of0.jsonl",
    "samples-.jsonl",
    "samples-xofy.jsonl",
    f"samples-1of{'9' * 30}.jsonl",
    "samples-1of1 (copy).jsonl",
    "samples-\N{SUPERSCRIPT TWO}of\N{SUPERSCRIPT TWO}.jsonl",
    "asked-2of2.json",
    "asked-.json",
    "asked-1of1.json.bak",
    ".study.json.1-2",
    "weights.json",
    "questions",
)


class Runs(Attack):
    """A run of three variants, spoilt, then compared, reported, shown and resumed."""

    name = "runs"
    memory = 2 << 30

    def prepare(self, sound: Path, server: Server) -> None:
        for folder in ("run", "other"):
            end = server.line(["evaluate", *_STUDY, "--out", folder], sound)
            assert end.code == 0, end

    def attempt(self, rng: Random, sound: Path, scratch: Path) -> Attempt:
        shutil.copytree(sound, scratch, dirs_exist_ok=True)
        told = "; ".join(mutate(rng, scratch / "run", STRAYS) for _ in range(rng.choice((1, 1, 2))))
        lines = rng.sample(_COMMANDS, 2)
        return Attempt(told, lines)
