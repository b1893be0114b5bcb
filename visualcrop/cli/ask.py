"""`visualcrop ask`: one question about one image."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..output.terminal import Styled
from .options import (
    PICTURES,
    AsJson,
    ImagePath,
    MaxBytes,
    ModelSpec,
    OptionPairs,
    check_place,
    console,
    print_json,
    write,
    write_picture,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ..api import VisualSearch
    from ..budget import Ledger
    from ..models.base import ModelFamily
    from ..spec.parse import Spec
    from ..values import Answer, Question

_NOTE = "  ({} knows only a drawn world, the dataset {}: choose another model with -m)"


def ask(
    image: ImagePath,
    question: Annotated[str, typer.Argument(help="What to ask about it.")],
    searcher: Annotated[
        str,
        typer.Option(
            "-s", "--searcher", help="Spec of the searcher, or a TOML file that holds one."
        ),
    ] = "focus",
    model: ModelSpec = None,
    option: OptionPairs = None,
    choice: Annotated[
        list[str] | None,
        typer.Option("-c", "--choice", help="A possible answer; give two or more."),
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Most passes before the answer's own.", min=0)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Most seconds before the answer's own pass.", min=0)
    ] = None,
    save_crop: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write what the model was shown for the answer."),
    ] = None,
    page: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a page that shows where it looked.")
    ] = None,
    max_bytes: MaxBytes = 2_147_483_648,
    as_json: AsJson = False,
) -> None:
    """Answer a question about an image, small things included."""
    from ..api import VisualSearch, family_of
    from ..budget import Budget, Ledger
    from ..image import Image
    from ..values import Question

    if save_crop:
        check_place(save_crop, PICTURES)
    if page:
        check_place(page)
    asked = Question.of(question, Image.open(image, max_bytes=max_bytes), choice or ())
    with _progress(quiet=as_json) as report:
        search = VisualSearch.open(model, searcher, option or ())
        ledger = Ledger(Budget(budget, seconds), on_charge=report)
        started = time.monotonic()
        answer = search.answer(asked, ledger=ledger)
    took = time.monotonic() - started
    if as_json:
        print_json(record(search, answer, ledger, took, asked))
    else:
        _say(answer, ledger, took, asked)
        _note_home(family_of(model))
    if save_crop:
        write_picture(save_crop, answer.crop())
    if page:
        written = _write_page(page, asked, answer, _spec(search))
        if not as_json:
            console().print(f"The page: {written}", soft_wrap=True)


def _note_home(family: ModelFamily) -> None:
    """On standard error, that the model knows only the drawn world that it was made for."""
    if family.home:
        note = _NOTE.format(family.name, family.home)
        console(stderr=True).print(note, style="dim", soft_wrap=True)


def _write_page(path: str, question: Question, answer: Answer, searcher: Spec) -> Path:
    """The question page with one card."""
    from ..report.question_page import Card, render_cards

    card = Card(question, answer, searcher.name, str(searcher))
    return write(path, render_cards([card], title=question.text))


def record(
    search: VisualSearch, answer: Answer, ledger: Ledger, seconds: float, question: Question
) -> dict[str, Any]:
    """The answer and its evidence, as JSON can hold it."""
    import attrs

    from ..budget import CONVENTIONS

    def is_public(field: attrs.Attribute[Any], value: object) -> bool:
        return not field.name.startswith("_")

    return {
        "question": question.text,
        "answer": answer.text,
        "choice": None if answer.choice is None else question.choices[answer.choice],
        "found": answer.found,
        "untargeted": answer.untargeted,
        "exhausted": answer.exhausted,
        "findings": [attrs.asdict(finding, filter=is_public) for finding in answer.findings],
        "passes": dict(answer.passes),
        "counts": {name: count(ledger) for name, count in CONVENTIONS.items()}
        | dict(answer.counts),
        "work": attrs.asdict(ledger.usage),
        "seconds": round(seconds, 4),
        "searcher": str(_spec(search)),
        "model": search.model.id,
        "image": {"width": question.image.width, "height": question.image.height},
    }


def _say(answer: Answer, ledger: Ledger, seconds: float, question: Question) -> None:
    out = console()
    named = f" ({question.choices[answer.choice]})" if answer.choice is not None else ""
    out.print(Styled(answer.text, "bold"), named if named[2:-1] != answer.text else "")
    for finding in answer.findings:
        sure = (
            "not checked" if finding.confidence is None else f"confidence {finding.confidence:.2f}"
        )
        place = [*finding.box.whole_pixels()]
        out.print(f"  looked at {place} for {finding.target.text}, {sure}")
    if not answer.findings:
        parts = [view.box for view in answer.shown if view.box != view.image.box]
        where = ", ".join(str([*box.whole_pixels()]) for box in parts) or "the whole image"
        why = "no target was found: the whole image was asked"
        out.print(f"  {why if answer.untargeted else f'looked at {where}'}")
    if not answer.found and _is_checked(answer):
        out.print("  not found: the answer may be a guess")
    stages = ", ".join(f"{stage} {passes}" for stage, passes in answer.passes.items())
    count = f"{ledger.passes} pass{'' if ledger.passes == 1 else 'es'}"
    out.print(f"  {count} ({stages}) in {seconds:.2f} s")
    if owed := ledger.unbilled:
        out.print(f"  {owed} of them went by the ledger: the searcher charged no stage for them")
    if back := ledger.usage.backward:
        out.print(f"  and {back} backwards, for gradients, which no budget counts")
    if answer.counts:
        counts = ", ".join(f"{name} {count}" for name, count in answer.counts.items())
        out.print(f"  as its paper counts: {counts}")
    if answer.exhausted:
        out.print("  the budget ran out: this is the best so far; raise --budget or --seconds")


def _is_checked(answer: Answer) -> bool:
    """Whether the model was asked if a target is where it looked."""
    seen = [finding for evidence in answer.evidence for finding in evidence.findings]
    return any(finding.confidence is not None for finding in (*answer.findings, *seen))


def _spec(search: VisualSearch) -> Spec:
    from ..spec.parse import Spec

    return Spec.of(search.searcher)


class _progress:  # noqa: N801 - read as a verb in `with _progress() as report`
    """A line on the terminal that names the stage and counts its passes."""

    def __init__(self, *, quiet: bool) -> None:
        out = console(stderr=True)
        self.status = None if quiet or not out.is_terminal else out.spinner("Loading the model")
        self.passes = 0

    def __enter__(self) -> Any:
        if self.status:
            self.status.start()
        return self._report

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def _report(self, charge: Any) -> None:
        self.passes += charge.passes
        if self.status:
            self.status.update(f"{charge.stage}: pass {self.passes}")
