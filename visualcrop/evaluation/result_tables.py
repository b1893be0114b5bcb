"""The tables of a run that `evaluate` and `compare` print: results, costs, and notes on both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..calibration import Calibration, Gate
from ..output.tables import Table
from .calibrate import GateFigures, LearnedCalibration
from .formatting import (
    LIKELY,
    corrected_p,
    describe_correction,
    describe_downscaling,
    describe_memory,
    describe_problems,
    format_accuracy,
    format_costs,
    format_gain,
    format_p,
    format_percent,
    format_ratio,
    format_share,
)
from .methods import LEAST_IMAGES, SEARCH, Efficiency, EfficiencyRatio
from .selective import AurcDifference, Selective
from .study import BASELINE

_HEADINGS = ("searcher", "right", "95 %", "n", "errors", "unparsed", "passes")

Rows = Sequence[Mapping[str, Any]]  # of `summarize`, one for each variant


def result_table(rows: Rows, *, against: str = BASELINE) -> Table:
    """Accuracy of each variant with its bounds, and its gain over *against*."""
    headings = (*_HEADINGS, f"against {against}", "p")
    return Table(headings, tuple(_cells(row) for row in rows))


def cost_table(rows: Rows) -> Table:
    """Mean cost of a question under each variant, as far as the model can measure it."""
    measured = format_costs(rows)
    headings = ("a question costs", *(measured[0] if measured else ()))
    cells = ((row["searcher"], *each.values()) for row, each in zip(rows, measured, strict=True))
    return Table(headings, tuple(cells))


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    counts = [str(row[name]) for name in ("n", "errors", "unparsed")]
    return (
        row["searcher"],
        *format_accuracy(row),
        *counts,
        f"{row['passes']:.1f}" if row["n"] else "",
        format_gain(row["gain"]),
        format_p(row["gain"]),
    )


def calibration_table(found: Sequence[GateFigures]) -> Table:
    """What a gate does on its questions, each judged by weights that were learned without it."""
    headings = ("dataset", "questions", "direct", "search", "guarded", "lost", "searched", "passes")
    rows = [
        (
            row.dataset,
            f"{row.n}",
            *map(format_percent, (row.direct, row.searched, row.guarded, row.spoiled)),
            format_percent(row.searches),
            f"{row.passes:.1f}",
        )
        for row in found
    ]
    return Table(headings, rows)


def calibration_notes(found: LearnedCalibration, path: str) -> Iterator[str]:
    """What was learned, on how many questions, and how it is used."""
    calibration = found.calibration
    if found.skipped:
        yield f"{found.skipped} questions have no two scored answers with probabilities."
    if found.repeated:
        yield f"{found.repeated} more were answered before; each question counts once."
    if calibration.gate is None:
        yield f"Without a gate, which guarded needs: {found.ungated}"
    else:
        yield from _gate_notes(calibration, calibration.gate)
    if found.undetermined:
        yield f"Without densities, which adaptive needs: {found.undetermined}"
    yield f"Written: {path}."
    if calibration.gate is not None:
        yield f'Use its gate as guarded(gate="{path}").'
    if not found.undetermined:
        yield f'Use its densities as focus(verification=adaptive(densities="{path}")).'


def _gate_notes(calibration: Calibration, gate: Gate) -> Iterator[str]:
    yield (
        f"{calibration.n} questions, each judged by weights that were learned without it; the "
        "thresholds are set on the same questions, so that the figures flatter a little."
    )
    if gate.after.threshold > 1:
        yield (
            f"With {calibration.n} questions no threshold holds the bound of {calibration.alpha:g};"
            " nothing will be searched. Calibrate on more questions, or raise --alpha."
        )
    else:
        yield (
            "lost: questions whose right answer of the whole image is lost; a share of at most "
            f"{calibration.alpha:g} of further questions like these, in the mean."
        )


def selective_table(
    found: Sequence[Selective], areas: Mapping[str, AurcDifference], *, against: str = BASELINE
) -> Table:
    """Risk against coverage and calibration of each variant that has confidences."""
    headings = ("variant", "AURC", "ECE", "confidences", f"AURC against {against}", "ratio")
    return Table(headings, tuple(_selective_cells(each, areas) for each in found))


def _selective_cells(found: Selective, areas: Mapping[str, AurcDifference]) -> tuple[str, ...]:
    area = areas.get(found.searcher)
    ratio = ""
    if area and area.ratio is not None and area.ratio_interval is not None:
        ratio = format_share(area.ratio, area.ratio_interval)
    return (
        found.searcher,
        format_share(found.aurc, found.aurc_interval),
        format_share(found.ece, found.ece_interval),
        f"{found.known} of {found.n}",
        "" if area is None else format_share(area.difference, area.interval),
        ratio,
    )


def selective_notes(found: Sequence[Selective]) -> Iterator[str]:
    """How the areas and errors were worked out, and what limits them."""
    yield (
        "AURC: mean risk over all coverages, the surest answers first; 0 is best, and confidences "
        "that say nothing have the share of wrong answers. It falls with fewer wrong answers, too. "
        "ECE: mean distance of ten bins of confidences from their accuracy. Brackets hold the "
        "middle 95 % of 1,000 draws of whole images."
    )
    if any(each.known < each.n for each in found):
        yield "Answers without a confidence count as the least sure, and in no ECE."


def efficiency_table(found: Efficiency) -> Table:
    """Every method against ours, at the lower of the two best accuracies (A.2 of the paper)."""
    headings = ("method", "best", "passes there", "reference", "passes at it",
                f"{found.ours} at it", "ratio", "95 %")  # fmt: skip
    own = (found.ours, format_percent(found.best), f"{found.best_passes:.2f}", *[""] * 5)
    return Table(headings, (own, *(_efficiency_cells(row) for row in found.rows)))


def _efficiency_cells(row: EfficiencyRatio) -> tuple[str, ...]:
    own = {"at most": "\u2264 ", "at least": ""}.get(row.bound, "")
    other = {"at least": "\u2264 "}.get(row.bound, "")
    sign = {"at most": "\u2264 ", "at least": "\u2265 "}.get(row.bound, "")
    return (
        row.method if row.count == SEARCH else f"{row.method} ({row.count})",
        format_percent(row.best),
        f"{row.best_passes:.2f}",
        format_percent(row.reference),
        f"{own}{row.passes:.2f}",
        f"{other}{row.ours:.2f}",
        "" if row.ratio is None else f"{sign}{row.ratio:.2f}",
        format_ratio(row.interval),
    )


def efficiency_notes(found: Efficiency) -> Iterator[str]:
    """How the ratios were worked out, and what limits them."""
    yield (
        f"Ratio: search passes of a method for each of {found.ours}'s, at the lower of the two "
        "best accuracies, on straight lines between settings (A.2 of the paper)."
    )
    counts = dict.fromkeys(row.count for row in found.rows if row.count != SEARCH)
    if counts:
        yield f"{', '.join(counts)}: passes as that method's own paper counts them."
    if any(row.bound for row in found.rows):
        yield (
            "\u2264, \u2265: the cheapest setting that was measured is better than the reference "
            "already; one with fewer passes might reach it."
        )
    if found.images < LEAST_IMAGES:
        yield f"{found.images} images are too few for bounds of a ratio; they take {LEAST_IMAGES}."
    if found.answers > found.n:
        yield (
            f"The ratios are of the {found.n} questions that every setting has answered, of "
            f"{found.answers}."
        )
    low = [row for row in found.rows if found.baseline and found.baseline >= row.reference]
    if low:
        yield (
            f"Without any search pass {format_percent(found.baseline or 0)} are right, no less "
            f"than at the reference of {', '.join(dict.fromkeys(row.method for row in low))}."
        )


def notes(rows: Rows, *, against: str = BASELINE) -> list[str]:
    """Sentences without which the tables would mislead: errors, unclear gains, downscaling."""
    return [
        *describe_problems(rows),
        *_unclear(rows, against),
        *describe_correction(rows, against),
        *describe_downscaling(rows),
    ]


def cost_notes(rows: Rows) -> list[str]:
    """What no single searcher spent: the memory of the process."""
    return [*describe_memory(rows)]


def _unclear(rows: Rows, against: str) -> list[str]:
    unclear = [row for row in rows if row["gain"] and corrected_p(row["gain"]) >= LIKELY]
    if not unclear:
        return []
    needed = max(row["gain"]["smallest"] for row in unclear)
    names = ", ".join(row["searcher"] for row in unclear)
    gain = "no gain" if needed > 1 else f"only a gain of about {100 * needed:.0f} points or more"
    least = f"With so few questions, {gain} would show."
    return [f"No clear difference from {against}: {names}. {least}"]
