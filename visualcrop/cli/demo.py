"""`visualcrop demo`: questions about one scene, answered directly and by FOCUS, on a page."""

from __future__ import annotations

import shlex
import time
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ModelError, SpecError
from ..output.terminal import Styled, Words
from .options import AsJson, ModelSpec, console, print_json, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..data.base import Sample
    from ..report.question_page import Card

_SEARCHERS = ("direct", "focus")


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

    samples = _draw_samples(model, seed)
    picture = write(Path(out) / "scene.png", samples[0].source.read())
    searches = [VisualSearch.open(model, searcher) for searcher in _SEARCHERS]
    asked = [_ask_both(searches, sample) for sample in samples]
    title = "Small things in a large image"
    page = write(Path(out) / "index.html", render_cards([card for _, card in asked], title=title))
    rows = [row for row, _ in asked]
    if as_json:
        print_json({"scene": str(picture), "page": str(page), "questions": rows})
    else:
        ask = ["visualcrop", "ask", str(picture), rows[0]["question"]]
        _print(rows, picture, page, shlex.join(ask if model is None else [*ask, "-m", model]))


def _draw_samples(model: str | None, seed: int | None) -> list[Sample]:
    """Samples of the first image of the dataset that the model is made for."""
    from ..api import family_of
    from ..data.base import Dataset
    from ..plugin.registry import Registry
    from ..spec.parse import Spec

    family = family_of(model)
    if not family.demo_dataset:
        raise ModelError(
            f"The model {family.name!r} has no demo dataset; ask it about "
            "an image with 'visualcrop ask', or choose another with -m."
        )
    spec = Spec.parse(family.demo_dataset)
    spec = spec if seed is None else spec.with_option("seed", seed)
    samples = iter(Registry.load().build(Dataset, spec))
    first = next(samples, None)
    if first is None:
        raise SpecError(f"No picture of {spec} has room for its questions; give another --seed.")
    return [first, *takewhile(lambda sample: sample.group == first.group, samples)]


def _ask_both(searches: Sequence[Any], sample: Sample) -> tuple[dict[str, Any], Card]:
    """Answer one question in words, directly and by FOCUS: a row of the table, and a card."""
    import attrs

    from ..report.question_page import Card
    from ..spec.parse import Spec

    question = attrs.evolve(sample.question(), choices=(), sentences=())
    plain = searches[0].answer(question)
    started = time.monotonic()
    found = searches[1].answer(question)
    seconds = time.monotonic() - started
    truth, spec = sample.answers[0], str(Spec.of(searches[1].searcher))
    boxes = tuple(target.box for target in sample.targets)
    row = {
        "question": sample.text,
        "truth": truth,
        "direct": plain.text,
        "focus": found.text,
        "passes": sum(found.passes.values()),
        "seconds": round(seconds, 3),
    }
    card = Card(question, found, _SEARCHERS[1], spec, direct=plain, truth=truth, boxes=boxes)
    return row, card


def _print(rows: list[dict[str, Any]], picture: Path, page: Path, command: str) -> None:
    out = console()
    out.table(("question", "direct", "focus", "truth", "passes"), map(_format_cells, rows))
    out.print()
    out.print(f"The scene: {picture}")
    out.print(f"Where FOCUS looked: {page}")
    out.print(f"Ask it yourself: {command}", soft_wrap=True)


def _format_cells(row: dict[str, Any]) -> list[Words]:
    found = [Styled(row[k], "green" if row[k] == row["truth"] else "red") for k in _SEARCHERS]
    return [row["question"], *found, row["truth"], str(row["passes"])]
