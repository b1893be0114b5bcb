"""`visualcrop demo`: one scene, asked directly and with a search, and a page that shows both."""

from __future__ import annotations

import shlex
import time
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ModelError
from ..output.terminal import Styled, Words
from .options import AsJson, ModelSpec, console, print_json, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..data.base import Sample
    from ..report.question_page import Card
    from ..values import Answer

_ASKED = ("direct", "focus")


def demo(
    seed: Annotated[int | None, typer.Option(help="Another seed, another scene.", min=0)] = None,
    model: ModelSpec = None,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where the scene and the page are written.")
    ] = "visualcrop-demo",
    as_json: AsJson = False,
) -> None:
    """Draw a scene, ask about small things in it, and show where FOCUS looked."""
    from ..api import VisualSearch
    from ..report.question_page import render_cards

    samples = _samples(model, seed)
    picture = write(Path(out) / "scene.png", samples[0].source.read())
    lookers = [VisualSearch.open(model, searcher) for searcher in _ASKED]
    asked = [_asked(lookers, sample) for sample in samples]
    title = "Small things in a large image"
    page = write(Path(out) / "index.html", render_cards([card for _, card in asked], title=title))
    rows = [row for row, _ in asked]
    if as_json:
        print_json({"scene": str(picture), "page": str(page), "questions": rows})
    else:
        ask = ["visualcrop", "ask", str(picture), rows[0]["question"]]
        _print(rows, picture, page, shlex.join(ask if model is None else [*ask, "-m", model]))


def _samples(model: str | None, seed: int | None) -> list[Sample]:
    """Questions about the first image of the world that the model knows."""
    from ..api import family_of
    from ..data.base import Dataset
    from ..plugin.registry import Registry
    from ..spec.parse import Spec

    family = family_of(model)
    if not family.demo_dataset:
        raise ModelError(
            f"The model {family.name!r} has no drawn world of its own to be shown in; ask it about "
            "an image with 'visualcrop ask', or choose another with -m."
        )
    spec = Spec.parse(family.demo_dataset)
    spec = spec if seed is None else spec.with_option("seed", seed)
    samples = iter(Registry.load().build(Dataset, spec))
    first = next(samples)
    return [first, *takewhile(lambda sample: sample.group == first.group, samples)]


def _asked(lookers: Sequence[Any], sample: Sample) -> tuple[dict[str, Any], Card]:
    """What both say to one question, as a row and as a card."""
    from ..report.question_page import Card
    from ..spec.parse import Spec

    question = sample.question()
    plain = lookers[0].ask(question.image, question.text, question.choices)
    started = time.monotonic()
    found = lookers[1].ask(question.image, question.text, question.choices)
    seconds = time.monotonic() - started
    truth, spec = sample.answers[0], str(Spec.of(lookers[1].searcher))
    boxes = tuple(target.box for target in sample.targets)
    row = {
        "question": sample.text,
        "truth": truth,
        "direct": _words(sample, plain),
        "focus": _words(sample, found),
        "passes": sum(found.passes.values()),
        "seconds": round(seconds, 3),
    }
    card = Card(question, found, _ASKED[1], spec, direct=plain, truth=truth, boxes=boxes)
    return row, card


def _words(sample: Sample, answer: Answer) -> str:
    return answer.text if answer.choice is None else sample.choices[answer.choice]


def _print(rows: list[dict[str, Any]], picture: Path, page: Path, command: str) -> None:
    out = console()
    out.table(("question", "direct", "focus", "truth", "passes"), map(_cells, rows))
    out.print()
    out.print(f"The scene: {picture}")
    out.print(f"Where FOCUS looked: {page}")
    out.print(f"Ask it yourself: {command}", soft_wrap=True)


def _cells(row: dict[str, Any]) -> list[Words]:
    found = [Styled(row[k], "green" if row[k] == row["truth"] else "red") for k in _ASKED]
    return [row["question"], *found, row["truth"], str(row["passes"])]
