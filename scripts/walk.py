"""
Measure how long the walk through the code is: the files that one question enters, and the turns.

A turn is a step from a function in one file to the next function called, in another. Comprehensions
and lambdas are not counted, since newer versions of Python inline some of them, nor is a generator
that resumes. Left out are the meter's gauges, which the network calls at each of its modules.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import attrs
from typer.testing import CliRunner

import visualcrop
from visualcrop import Question, VisualSearch
from visualcrop.cli import app
from visualcrop.models.engine.metering import flops
from visualcrop.plugin import Dataset, Registry

MODEL, WORLD = "tiny-shapes", "shapes"
MOST_FILES, MOST_TURNS = 38, 775  # of a warm `ask` in Python
_ROOT = Path(visualcrop.__file__).parent


@attrs.frozen
class Walk:
    """Entries of each file, and turns between them."""

    files: Counter[str]
    turns: int


def main() -> int:
    """Print both walks; 1 if the one in Python is over a limit."""
    question = draw_question()
    python = walk_ask(question)
    show("a warm ask in Python", python)
    show("a warm ask on the command line, which opens image and model", walk_command(question))
    return 0 if len(python.files) <= MOST_FILES and python.turns <= MOST_TURNS else 1


def draw_question() -> Question:
    """The first question of the model's own world."""
    return next(iter(Registry.load().build(Dataset, WORLD))).question()


def walk_ask(question: Question) -> Walk:
    """The second time that one search is asked *question*, about an image that is open."""
    search = VisualSearch.open(MODEL)
    return second(lambda: search.ask(question.image, question.text, question.choices))


def walk_command(question: Question) -> Walk:
    """The second `visualcrop ask` in one process."""
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "scene.png"
        question.image.picture.save(picture)
        choices = [word for choice in question.choices for word in ("-c", choice)]
        command = ["ask", str(picture), question.text, "-m", MODEL, *choices]
        return second(lambda: CliRunner().invoke(app, command, catch_exceptions=False))


def second(act: Callable[[], object]) -> Walk:
    """The walk of *act* when everything has been imported and cached."""
    act()
    entered: list[str] = []
    sys.setprofile(lambda frame, event, _: _note(entered, frame, event))
    try:
        act()
    finally:
        sys.setprofile(None)
    turns = sum(one != other for one, other in itertools.pairwise(entered))
    return Walk(Counter(entered), turns)


def _note(entered: list[str], frame: FrameType, event: str) -> None:
    """Add the file of *frame* if one of the package's own functions starts."""
    code, caller = frame.f_code, frame.f_back
    starts = event == "call" and frame.f_lineno == code.co_firstlineno  # a generator resumes later
    if not starts or code.co_name.startswith("<") or not code.co_filename.startswith(str(_ROOT)):
        return
    files = (code.co_filename, caller.f_code.co_filename if caller else "")
    if flops.__file__ not in files:
        entered.append(str(Path(code.co_filename).relative_to(_ROOT)))


def show(title: str, walk: Walk) -> None:
    """Print the figures of *walk*, and its files with how often each was entered."""
    print(f"{title}: {len(walk.files)} files, {walk.turns} turns")
    for file, times in walk.files.most_common():
        print(f"  {times:5} {file}")


if __name__ == "__main__":
    sys.exit(main())
