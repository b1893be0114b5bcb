"""A page in one file with the results of runs: tables, figures, and how they were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..evaluation.comparison import Comparison
from ..evaluation.formatting import (
    describe_caveats,
    describe_correction,
    describe_downscaling,
    describe_failures,
    describe_memory,
    describe_stages,
    format_accuracy,
    format_costs,
    format_gain,
    format_machine,
    format_p,
    format_percent,
)
from ..evaluation.methods import SEARCH
from ..evaluation.published.tables import Row, table
from ..evaluation.result_tables import (
    efficiency_notes,
    efficiency_table,
    selective_notes,
    selective_table,
)
from ..evaluation.run_folder import Store
from .charts import Marker, Series, draw_chart, draw_reliability, draw_risk, draw_steps
from .page import render_page
from .question_page import DifferingQuestion
from .tables import shows_pooled
from .vector import SERIES, Drawing

_NAMELESS = "(no name)"
_COST_NOTE = (
    "Means of a question. Image tokens count every view shown, cached or not. FLOPs are what was "
    "computed, two for each multiply-accumulate; MACs what papers count: by formula, of the "
    "language model alone, as if nothing were cached; those of the search are without target "
    "extraction and the answer. The method's own paper may count passes otherwise. "
    "GPU is the mean of the peaks of all questions, and the highest."
)


@attrs.frozen
class Figure:
    """A chart of a report, and the name of its files."""

    name: str
    title: str
    note: str
    drawing: Drawing


def render_results(
    stores: Sequence[Store],
    results: Sequence[Comparison],
    figures: Sequence[Figure],
    questions: Sequence[DifferingQuestion] = (),
) -> str:
    """HTML that needs nothing from outside; *results* are of all questions, then by category."""
    (whole, *parts), dataset = results, stores[0].study.dataset
    return render_page(
        "results.html",
        styles=("tables.css",),
        title=f"{dataset.partition('(')[0]}, {whole.rows[0]['n']} questions",
        subtitle=f"{dataset}, asked of {stores[0].study.model}",
        baseline=whole.baseline,
        measured=any(row["recall"] for row in whole.rows),
        pooled=shows_pooled(whole.rows),
        rows=[_cells(row) for row in whole.rows],
        costs=[*_costs(whole)],
        failures=[*describe_failures(whole.rows)],
        notes=[*_notes(stores, whole), *describe_downscaling(whole.rows)],
        cost_notes=[_COST_NOTE, *describe_stages(whole.rows), *describe_memory(whole.rows)],
        efficiency=_efficiency(whole),
        selective=_selective(whole),
        figures=[
            attrs.asdict(f, recurse=False) | {"svg": f.drawing.to_svg(styled=False)}
            for f in figures
        ],
        categories=[
            {"category": part.category, "rows": [_cells(row) for row in part.rows]}
            for part in parts
        ],
        questions=questions,
        labels=[row["searcher"] for row in whole.rows],
        facts=[*_facts(stores)],
    )


def draw_figures(stores: Sequence[Store], whole: Comparison) -> list[Figure]:
    """Accuracy against passes, and against steps where searches have several."""
    rows = [row for row in whole.rows if row["n"]]
    figures = []
    if rows:
        series = [Series("measured here", [_point(row) for row in rows]), *_published(stores[0])]
        title = "Accuracy against passes"
        note = "Passes as the paper counts them: without target extraction and the answer."
        chart = draw_chart(series, x_label="search passes", y_label="accuracy [%]", title=title)
        figures.append(Figure("accuracy-passes", title, note, chart))
    if whole.selective:
        left = len(whole.selective) - SERIES
        more = f" The first {SERIES} variants; {left} more are in the table." if left > 0 else ""
        note = f"The nearer to the bottom, and the later a line rises, the better.{more}"
        risk = draw_risk(whole.selective)
        figures.append(Figure("risk-coverage", "Risk against coverage", note, risk))
        note = (
            "Ten bins of confidences. Of up to three variants a bar is the accuracy's interval "
            f"(95 %, Wilson).{more}"
        )
        reliability = draw_reliability(whole.selective)
        figures.append(Figure("reliability", "Calibration", note, reliability))
    if steps := draw_steps(rows):
        note = "Recall: the part of a question's true boxes covered by half at least, in the mean."
        figures.append(Figure("steps", "More steps", note, steps))
    return figures


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    (low, high), (right, bounds) = row["interval"], format_accuracy(row)
    searched = row["recall"] and row["counts"].get(SEARCH)
    pooled = row["recall"] and row["recall"]["pooled"]
    return {
        "name": row["searcher"],
        "right": right,
        "bounds": bounds,
        "low": round(100 * low, 1),
        "width": round(100 * (high - low), 1),
        "at": round(100 * row["accuracy"], 1),
        **{name: row[name] for name in ("n", "errors", "unparsed")},
        "passes": f"{row['passes']:.1f}" if row["n"] else "",
        "recall": format_percent(row["recall"]["recall"]) if searched else "",
        "pooled": "" if not searched or pooled is None else format_percent(pooled),
        "gain": format_gain(row["gain"]),
        "p": format_p(row["gain"]),
    }


def _costs(whole: Comparison) -> Iterator[dict[str, str]]:
    for row, cost in zip(whole.rows, format_costs(whole.rows), strict=True):
        yield {"variant": row["searcher"], **cost}


def _efficiency(whole: Comparison) -> dict[str, Any] | None:
    """A table and its notes; none where fewer than two methods search."""
    if whole.efficiency is None:
        return None
    found = efficiency_table(whole.efficiency)
    return {
        "headings": found.headings,
        "rows": found.rows,
        "notes": [*efficiency_notes(whole.efficiency)],
    }


def _selective(whole: Comparison) -> dict[str, Any] | None:
    """A table and its notes; none where no answer has a confidence."""
    if not whole.selective:
        return None
    found = selective_table(whole.selective, whole.areas, against=whole.baseline)
    abstained = [
        f"{row['searcher']} abstains on {row['abstained']} of {row['n']} questions, which count as "
        f"not right; of the others {format_percent(row['accuracy_answered'] or 0)} are right."
        for row in whole.rows
        if row["abstained"]
    ]
    return {
        "headings": found.headings,
        "rows": found.rows,
        "notes": [*abstained, *selective_notes(whole.selective)],
    }


def _notes(stores: Sequence[Store], whole: Comparison) -> Iterator[str]:
    yield from whole.notes
    yield from describe_caveats(whole.rows)
    yield (
        "Bounds hold with a confidence of 95 %, clustered by image. A gain is against "
        f"{whole.baseline}, over the same questions; p is how likely as large a difference is by "
        "chance. Errors are not scored; unparsed replies are not right."
    )
    yield from describe_correction(whole.rows, whole.baseline)
    if any(store.study.sharing for store in stores):
        yield (
            "Variants share passes: each is charged all of its own, but what another had run "
            "before was not run again. So no variant has FLOPs or seconds of its own."
        )


def _point(row: Mapping[str, Any]) -> Marker:
    low, high = row["interval"]
    passes = row["counts"].get(SEARCH, row["passes"])
    return Marker(
        passes, 100 * row["accuracy"], row["searcher"] or _NAMELESS, 100 * low, 100 * high
    )


def _published(store: Store) -> Iterator[Series]:
    """The paper's points for the same dataset, LLaVA-1.5 and LLaVA-OneVision."""
    resolved = str(store.manifest["resolved"]["dataset"])
    name = resolved.partition("(")[0]
    if name == "hrbench":
        name = "hrbench_8k" if "8k" in resolved else "hrbench_4k"
    found: dict[str, list[Row]] = {}
    for row in table(10).where(dataset=name):
        found.setdefault(f"{row['method']}, {row['model']} (paper)", []).append(row)
    for label, rows in found.items():
        points = [
            Marker(float(row["passes"]), float(row["accuracy"]), row["setting"] or label)
            for row in rows
        ]
        yield Series(label, points, faint=True, joined=True)


def _facts(stores: Sequence[Store]) -> Iterator[tuple[str, str]]:
    for store in stores:
        manifest = store.manifest
        protocol, machine = manifest["protocol"], manifest["machine"]
        yield "Run", store.folder.name
        yield "Model", manifest["resolved"]["model"]
        yield "Dataset", manifest["resolved"]["dataset"]
        yield "Protocol", f"{protocol['name']} {protocol['digest']}"
        yield "Machine", f"{format_machine(machine)}, {machine['system']}"
        yield "Packages", _packages(manifest)
        for later in manifest.get("resumed", ()):
            yield "Resumed with", f"{_packages(later)}; {later['machine']['system']}"
        for change in manifest.get("changes", ()):
            yield "Changed", change
        yield from manifest["resolved"]["searchers"].items()


def _packages(made: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in made["packages"].items())
    return packages + (f", commit {made['commit']}" if made["commit"] else "")
