"""`visualcrop demo`: one scene, asked directly and with a search, and a page that shows both."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..looker import DEFAULT_MODEL
from .options import AsJson, console, print_json, write

if TYPE_CHECKING:
    from ..models.toy.scene import Asked
    from ..values import Answer


def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another scene.", min=0)] = 43,
    out: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where the scene and the page are written.")
    ] = "visualcrop-demo",
    as_json: AsJson = False,
) -> None:
    """Draw a toy scene, ask about small things in it, and show where FOCUS looked."""
    from ..looker import Looker
    from ..models.toy.scene import Scene
    from ..report.page import Sheet, page_of
    from ..spec import Spec

    scene = Scene.draw(seed)
    encoded = BytesIO()
    scene.image.picture.save(encoded, "PNG")
    picture = write(Path(out) / "scene.png", encoded.getvalue())
    direct, focus = Looker.open(DEFAULT_MODEL, "direct"), Looker.open(DEFAULT_MODEL, "focus")
    rows, sheets = [], []
    for asked in scene.questions:
        plain = direct.ask(scene.image, asked.question.text, asked.question.choices)
        started = time.monotonic()
        answer = focus.ask(scene.image, asked.question.text, asked.question.choices)
        rows.append(_row(asked, plain, answer, time.monotonic() - started))
        spec = str(Spec.of(focus.searcher))
        sheets.append(
            Sheet(asked.question, answer, spec, direct=plain, truth=asked.answer, boxes=asked.boxes)
        )
    title = "Small things in a large image"
    page = write(Path(out) / "index.html", page_of(sheets, title=title))
    if as_json:
        print_json({"scene": str(picture), "page": str(page), "questions": rows})
    else:
        _print(rows, picture, page)


def _row(asked: Asked, direct: Answer, focus: Answer, seconds: float) -> dict[str, Any]:
    return {
        "question": asked.question.text,
        "truth": asked.answer,
        "direct": _words(asked, direct),
        "focus": _words(asked, focus),
        "passes": sum(focus.passes.values()),
        "seconds": round(seconds, 3),
    }


def _words(asked: Asked, answer: Answer) -> str:
    return answer.text if answer.choice is None else asked.question.choices[answer.choice]


def _print(rows: list[dict[str, Any]], picture: Path, page: Path) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("question", "direct", "focus", "truth", "passes"):
        table.add_column(heading)
    for row in rows:
        cells = [
            f"[{'green' if row[k] == row['truth'] else 'red'}]{row[k]}[/]"
            for k in ("direct", "focus")
        ]
        table.add_row(row["question"], *cells, row["truth"], str(row["passes"]))
    out = console()
    out.print(table)
    out.print(f"\nThe scene: {picture}\nWhere FOCUS looked: {page}", markup=False)
    out.print(
        f"Ask it yourself: visualcrop ask {picture} {rows[0]['question']!r}".replace("'", '"'),
        markup=False,
    )
