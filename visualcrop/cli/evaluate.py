"""`visualcrop evaluate`: searches measured on a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..looker import DEFAULT_MODEL
from .options import AsJson, ModelSpec, console, print_json

if TYPE_CHECKING:
    from ..evaluation.selection import Selection
    from ..evaluation.store import Store
    from ..evaluation.study import Study

Searchers = Annotated[
    list[str] | None,
    typer.Option("-s", "--searcher", help="Spec of a searcher, or label=spec; give several."),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="Where the run is kept; by default under runs/."),
]
ProtocolName = Annotated[
    str, typer.Option(help="How questions are put: paper, zoomeye, lmms-eval or vlmevalkit.")
]
InferenceName = Annotated[
    str | None,
    typer.Option(help="How answers are read: generate, letter-logits or option-logits."),
]
Limit = Annotated[int | None, typer.Option(help="Only the first questions.", min=1)]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this question; give several.")]
Category = Annotated[str | None, typer.Option(help="Only questions of this category.")]
ShardOf = Annotated[
    str, typer.Option("--shard", metavar="I/N", help="Only the Ith of N parts, for N processes.")
]
Concurrency = Annotated[int, typer.Option(help="Questions asked at once.", min=1)]
ExecutorSpec = Annotated[
    str | None, typer.Option("--executor", help="Spec of what spreads questions, such as ray.")
]
Passes = Annotated[
    int | None, typer.Option("--budget", help="Most passes of a search, for each question.", min=0)
]


def evaluate(
    dataset: Annotated[str, typer.Argument(help="Spec of a dataset, or a study's TOML file.")],
    searcher: Searchers = None,
    model: ModelSpec = DEFAULT_MODEL,
    out: Out = None,
    protocol: ProtocolName = "paper",
    inference: InferenceName = None,
    limit: Limit = None,
    id: Ids = None,
    category: Category = None,
    shard: ShardOf = "1/1",
    concurrency: Concurrency = 1,
    executor: ExecutorSpec = None,
    budget: Passes = None,
    as_json: AsJson = False,
) -> None:
    """Measure searches on a dataset, beside asking directly. The same command resumes."""
    from ..budget import Budget
    from ..evaluation.selection import Selection, read_shard
    from ..evaluation.study import Study, labelled, read_study

    if dataset.endswith(".toml"):
        study = read_study(Path(dataset))
    else:
        given = labelled(searcher or ["focus"])
        study = Study(dataset, model, given, protocol, inference, Budget(budget))  # type: ignore[arg-type]
    chosen = Selection(limit, frozenset(id or ()), category, read_shard(shard))
    store = run(study, out, chosen, executor or f"local(concurrency={concurrency})", quiet=as_json)
    show(store, as_json=as_json)


def run(
    study: Study, out: str | None, selection: Selection, executor: str, *, quiet: bool
) -> Store:
    """Run *study* with progress; interrupted, say how to go on."""
    from ..evaluation.runner import evaluate
    from ..executor import Executor
    from ..registry import Registry
    from ..spec import Spec
    from .running import progress

    registry = Registry.load()
    dataset = study.open_dataset(registry)
    folder = Path(out or f"runs/{dataset.name}-{study.digest[:8]}")
    spread = registry.build(Executor, Spec.parse(executor))
    try:
        with progress(selection.most(dataset), quiet=quiet) as watch:
            return evaluate(study, folder, selection=selection, executor=spread, watch=watch)
    except KeyboardInterrupt:
        told = (
            f"Interrupted. What was answered is in {folder}: the same command goes on from there."
        )
        console(stderr=True).print(told, markup=False, soft_wrap=True)
        raise


def show(store: Store, *, as_json: bool) -> None:
    """The rows of a run, and whatever went wrong beside them."""
    from ..evaluation.summary import rows
    from .rows import notes, print_rows

    found, asked = rows(store), store.asked()
    if as_json:
        study = store.study
        about = {"run": str(store.folder), "dataset": study.dataset, "model": study.model}
        print_json(about | {"protocol": study.protocol, "rows": found, "asked": asked})
        return
    print_rows(found)
    out = console()
    for note in notes(found):
        out.print(note, markup=False)
    if count := sum(each["broken"] for each in asked):
        first = next(each["named"][0] for each in asked if each["broken"])
        told = f"{count} rows of the dataset are broken, first {first['id']!r}: {first['reason']}"
        out.print(told, markup=False, style="red")
    out.print(f"\nThe run: {store.folder}", markup=False, soft_wrap=True)
