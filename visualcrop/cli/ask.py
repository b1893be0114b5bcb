"""`visualcrop ask`: one question about one image."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from ..output import progress
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
    from ..budget import Charge, Ledger
    from ..models.base import ModelFamily
    from ..spec.parse import Spec
    from ..values import Answer, Audit, Question

_NOTE = (
    "  ({} knows only drawn scenes, the dataset {}; for photographs choose another model with -m)"
)

_DEFAULT_NOTE = (
    "  (asked with guarded, the default where choices are given; -s focus only searches)"
)
_DECISIONS = {
    "not searched": "the whole image was enough: nothing was searched",
    "whole image": "what the search found was less sure: the whole image's answer is given",
}


SearcherSpec = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--searcher",
        help="Spec of the searcher, or a TOML file that holds one. [default: guarded with -c and "
        "without -o, else focus]",
    ),
]


def ask(
    image: ImagePath,
    question: Annotated[str, typer.Argument(help="What to ask about it.")],
    searcher: SearcherSpec = None,
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
    full_question = Question.of(question, Image.open(image, max_bytes=max_bytes), choice or ())
    with _show_progress(quiet=as_json) as report:
        chosen = searcher or ("guarded" if choice and not option else "focus")
        search = VisualSearch.open(model, chosen, option or ())
        ledger = Ledger(Budget(budget, seconds), on_charge=report)
        report.ledger = ledger
        started = time.monotonic()
        answer = search.answer(full_question, ledger=ledger)
    took = time.monotonic() - started
    if as_json:
        print_json(to_record(search, answer, ledger, took, full_question))
    else:
        _print_answer(answer, ledger, took, full_question)
        _print_notes(family_of(model), guarded=searcher is None and chosen == "guarded")
    if save_crop:
        write_picture(save_crop, answer.crop())
    if page:
        written = _write_page(page, full_question, answer, _spec_of(search))
        if not as_json:
            console().print(f"The page: {written}", soft_wrap=True)


def _print_notes(family: ModelFamily, *, guarded: bool) -> None:
    """Print on standard error what was chosen by default, and what the model is made for."""
    notes = [_DEFAULT_NOTE] if guarded else []
    if family.demo_dataset:
        notes.append(_NOTE.format(family.name, family.demo_dataset))
    for note in notes:
        console(stderr=True).print(note, style="dim", soft_wrap=True)


def _write_page(path: str, question: Question, answer: Answer, searcher: Spec) -> Path:
    """Write the question page with one card."""
    from ..report.question_page import Card, render_cards

    card = Card(question, answer, searcher.name, str(searcher))
    return write(path, render_cards([card], title=question.text))


def to_record(
    search: VisualSearch, answer: Answer, ledger: Ledger, seconds: float, question: Question
) -> dict[str, Any]:
    """The output of `--json`: the answer, its evidence and its costs."""
    import attrs

    from ..budget import CONVENTIONS

    def is_public(field: attrs.Attribute[Any], value: object) -> bool:
        return not field.name.startswith("_")

    return {
        "question": question.text,
        "answer": answer.text,
        "choice": None if answer.choice is None else question.choices[answer.choice],
        "confidence": answer.confidence,
        "probabilities": dict(zip(question.choices, answer.probabilities, strict=False)),
        "evidence_gain": answer.evidence_gain,
        "rests_on_evidence": answer.audit and answer.audit.rests,
        "abstained": answer.abstained,
        "found": answer.found,
        "untargeted": answer.untargeted,
        "decision": answer.decision,
        "exhausted": answer.exhausted,
        "findings": [attrs.asdict(finding, filter=is_public) for finding in answer.findings],
        "passes": dict(answer.passes),
        "counts": {name: count(ledger) for name, count in CONVENTIONS.items()}
        | dict(answer.counts),
        "work": attrs.asdict(ledger.usage),
        "macs": {stage: used.macs for stage, used in ledger.usage_by_stage().items()},
        "seconds": round(seconds, 4),
        "searcher": str(_spec_of(search)),
        "model": search.model.id,
        "image": {"width": question.image.width, "height": question.image.height},
    }


def _print_answer(answer: Answer, ledger: Ledger, seconds: float, question: Question) -> None:
    out = console()
    named = f" ({question.choices[answer.choice]})" if answer.choice is not None else ""
    out.print(Styled(answer.text, "bold"), named if named[2:-1] != answer.text else "")
    if answer.confidence is not None:
        out.print(f"  sure of it to {answer.confidence:.2f}")
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
    if source := _explain_source(answer):
        out.print(f"  {source}")
    if audit := answer.audit:
        out.print(f"  {_describe_audit(audit)}")
    stages = ", ".join(f"{stage} {passes}" for stage, passes in answer.passes.items())
    count = f"{ledger.passes} pass{'' if ledger.passes == 1 else 'es'}"
    out.print(f"  {count} ({stages}) in {seconds:.2f} s")
    if owed := ledger.unbilled:
        out.print(f"  {owed} of them were not charged to a stage by the searcher")
    if back := ledger.usage.backward:
        out.print(f"  and {back} backward passes for gradients, which no budget counts")
    if answer.counts:
        counts = ", ".join(f"{name} {count}" for name, count in answer.counts.items())
        out.print(f"  as its paper counts: {counts}")
    if answer.exhausted:
        out.print("  the budget ran out: this is the best so far; raise --budget or --seconds")


def _describe_audit(audit: Audit) -> str:
    if audit.gain is None:
        return f"not audited: {audit.reason}"
    if audit.rests:
        return f"it rests on what was found: evidence gain {audit.gain:.2f}"
    return f"The answer does not rest on what was found. Evidence gain {audit.gain:.2f}"


def _explain_source(answer: Answer) -> str:
    """Why the whole image's answer is given, or that nothing was found; empty if neither holds."""
    if answer.decision in _DECISIONS:
        return _DECISIONS[answer.decision]
    lost = not answer.found and _was_verified(answer)
    return "not found: the answer may be a guess" if lost else ""


def _was_verified(answer: Answer) -> bool:
    """Whether any finding was verified, so that it has a confidence."""
    seen = [finding for evidence in answer.evidence for finding in evidence.findings]
    return any(finding.confidence is not None for finding in (*answer.findings, *seen))


def _spec_of(search: VisualSearch) -> Spec:
    from ..spec.parse import Spec

    return Spec.of(search.searcher)


class _show_progress:  # noqa: N801 - a context manager, used like a function
    """
    Names the stage and counts its passes, of as many as it expects.

    On a line of the terminal, else on a line of its own every 30 seconds.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.out, self.quiet = console(stderr=True), quiet
        hidden = quiet or not self.out.is_terminal
        self.status = None if hidden else self.out.spinner("Loading the model")
        self.ledger: Ledger | None = None
        self.shown = time.monotonic()

    def __enter__(self) -> Self:
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    def __call__(self, charge: Charge) -> None:
        if self.status:
            self.status.update(self._describe(charge.stage))
        elif not self.quiet and time.monotonic() - self.shown >= progress.SECONDS_BETWEEN_LINES:
            self.shown = time.monotonic()
            self.out.print(self._describe(charge.stage))

    def _describe(self, stage: str) -> str:
        if self.ledger is None:
            return stage
        expected = self.ledger.expected.get(stage)
        of = f" of {expected}" if expected else ""
        return f"{stage}: pass {self.ledger.by_stage()[stage]}{of}"
