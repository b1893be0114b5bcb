"""A page in one file with what runs came to: tables, figures, and how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..evaluation.comparing import Comparison
from ..evaluation.formatting import (
    chance_told,
    costs,
    gain_told,
    losses_told,
    memory_told,
    right_told,
    wrong_told,
)
from ..evaluation.published.tables import Row, table
from ..evaluation.run_folder import Store
from .figures import Mark, Series, plot
from .steps import by_steps
from .templating import template

_SEARCH = "focus-paper"  # the convention of the paper's tables and figures
_SPENT = (
    "Each is the mean of a question. Image tokens are those of every view shown, remembered or "
    "not. FLOPs are what was really computed, two for each multiply-accumulate, MACs what papers "
    "count: by formula, of the language model alone, as if nothing were remembered."
)


@attrs.frozen
class Differing:
    """A question that the variants answer differently."""

    id: str
    cells: tuple[str, ...]
    page: str | None = None


def results_page(
    stores: Sequence[Store],
    whole: Comparison,
    parts: Sequence[Comparison] = (),
    questions: Sequence[Differing] = (),
    *,
    title: str,
) -> str:
    """HTML that needs nothing from outside."""
    return template("results.html").render(
        title=title,
        subtitle=f"{stores[0].study.dataset}, asked of {stores[0].study.model}",
        baseline=whole.baseline,
        measured=any(row["recall"] for row in whole.rows),
        rows=[_cells(row) for row in whole.rows],
        costs=[*_spent(whole)],
        notes=[*_notes(stores, whole)],
        losses=[*wrong_told(whole.rows), *losses_told(whole.rows)],
        spent=[_SPENT, *memory_told(whole.rows)],
        figures=[*_figures(stores, whole)],
        categories=[
            {"category": part.category, "rows": [_cells(row) for row in part.rows]}
            for part in parts
        ],
        questions=questions,
        labels=[row["searcher"] for row in whole.rows],
        facts=[*_facts(stores)],
    )


def _cells(row: Mapping[str, Any]) -> dict[str, Any]:
    (low, high), (right, bounds) = row["interval"], right_told(row)
    return {
        "name": row["searcher"],
        "right": right,
        "bounds": bounds,
        "low": round(100 * low, 1),
        "width": round(100 * (high - low), 1),
        "at": round(100 * row["accuracy"], 1),
        **{name: row[name] for name in ("n", "errors", "unparsed")},
        "passes": f"{row['passes']:.1f}" if row["n"] else "",
        "recall": f"{100 * row['recall']['recall']:.0f} %" if row["recall"] else "",
        "gain": gain_told(row["gain"]),
        "p": chance_told(row["gain"]),
    }


def _spent(whole: Comparison) -> Iterator[dict[str, str]]:
    for row, told in zip(whole.rows, costs(whole.rows), strict=True):
        yield {"searcher": row["searcher"], **told}


def _notes(stores: Sequence[Store], whole: Comparison) -> Iterator[str]:
    yield (
        "Bounds hold with a chance of 95 %, and count questions about one image as the fewer that "
        f"they are. A gain is against {whole.baseline}, over the same questions; p is how likely "
        "as large a difference is by chance. Errors are not scored; unparsed replies are not right."
    )
    if any(store.study.sharing for store in stores):
        yield (
            "Variants share passes: each is charged all of its own, but what another had run "
            "before was not run again. So no variant has FLOPs or seconds of its own."
        )


def _figures(stores: Sequence[Store], whole: Comparison) -> Iterator[dict[str, str]]:
    rows = [row for row in whole.rows if row["n"]]
    if rows:
        ours = Series("measured here", [_mark(row) for row in rows])
        yield {
            "title": "Accuracy against passes",
            "svg": plot([ours, *_published(stores[0])], across="search passes", up="right [%]"),
            "note": "Passes as the paper counts them: without target extraction and the answer.",
        }
    if curves := by_steps(rows):
        yield {
            "title": "More steps",
            "svg": plot(curves, across="steps", up="[%]"),
            "note": "Recall: the part of the true boxes that was covered by half at least.",
        }


def _mark(row: Mapping[str, Any]) -> Mark:
    low, high = row["interval"]
    passes = row["counts"].get(_SEARCH, row["passes"])
    return Mark(passes, 100 * row["accuracy"], row["searcher"], 100 * low, 100 * high)


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
        marks = [Mark(float(r["passes"]), float(r["accuracy"]), r["setting"]) for r in rows]
        yield Series(label, marks, faint=True, joined=True)


def _facts(stores: Sequence[Store]) -> Iterator[tuple[str, str]]:
    for store in stores:
        told = store.manifest
        protocol, machine = told["protocol"], told["machine"]
        yield "Run", store.folder.name
        yield "Model", told["resolved"]["model"]
        yield "Dataset", told["resolved"]["dataset"]
        yield "Protocol", f"{protocol['name']} {protocol['digest']}"
        yield "Machine", machine["gpu"] or f"{machine['cores']} cores, {machine['system']}"
        yield "Packages", _packages(told)
        for later in told.get("resumed", ()):
            yield "Gone on with", f"{_packages(later)}; {later['machine']['system']}"
        for change in told.get("changes", ()):
            yield "Changed", change
        yield from told["resolved"]["searchers"].items()


def _packages(told: Mapping[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in told["packages"].items())
    return packages + (f", commit {told['commit']}" if told["commit"] else "")
