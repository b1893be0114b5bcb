"""`visualcrop evaluate`: searches measured on a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    str | None,
    typer.Option(
        help="How questions are put: paper, zoomeye, lmms-eval or vlmevalkit. [default: paper]"
    ),
]
InferenceName = Annotated[
    str | None,
    typer.Option(help="How answers are read: generate, letter-logits or option-logits."),
]
Limit = Annotated[int | None, typer.Option(help="Only the first questions.", min=1)]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Only this question; give several.")]
Seed = Annotated[
    int | None, typer.Option(help="Draw the questions that --limit allows at random.", min=0)
]
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
Force = Annotated[
    bool,
    typer.Option(help="Go on although the model or a picture has changed; the manifest says so."),
]
OpenEnded = Annotated[
    bool, typer.Option("--open-ended", help="Put questions without their choices.")
]
JudgeSpec = Annotated[
    str | None, typer.Option("--judge", help="Spec of what rules on answers in words, such as llm.")
]


def evaluate(
    dataset: Annotated[str, typer.Argument(help="Spec of a dataset, or a study's TOML file.")],
    searcher: Searchers = None,
    model: ModelSpec = None,
    out: Out = None,
    protocol: ProtocolName = None,
    inference: InferenceName = None,
    open_ended: OpenEnded = False,
    judge: JudgeSpec = None,
    limit: Limit = None,
    seed: Seed = None,
    id: Ids = None,
    category: Category = None,
    shard: ShardOf = "1/1",
    concurrency: Concurrency = 1,
    executor: ExecutorSpec = None,
    budget: Passes = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure searches on a dataset, beside asking directly. The same command resumes."""
    from ..evaluation.selection import Selection, read_shard

    given = {
        "--searcher": searcher,
        "--protocol": protocol,
        "--inference": inference,
        "--budget": budget,
        "--open-ended": open_ended or None,
        "--judge": judge,
    }
    made = _from_file if dataset.endswith(".toml") else _from_options
    study = made(dataset, model, given)
    chosen = Selection(limit, frozenset(id or ()), category, read_shard(shard), seed)
    spread = executor or f"local(concurrency={concurrency})"
    store = run(study, out, chosen, spread, quiet=as_json, forced=force)
    show(store, as_json=as_json)


def _from_file(path: str, model: str | None, given: Mapping[str, Any]) -> Study:
    """The study of a file; on the command line only its model may be another."""
    from ..errors import EvaluationError
    from ..evaluation.study_toml import read_study

    study = read_study(Path(path), model)
    if too_many := [name for name, value in given.items() if value is not None]:
        raise EvaluationError(
            f"{too_many[0]} cannot be given beside a study's file; write it into {path!r}."
        )
    return study


def _from_options(dataset: str, model: str | None, given: Mapping[str, Any]) -> Study:
    from ..api import default_model
    from ..budget import Budget
    from ..evaluation.study import Study, labelled

    return Study(
        dataset,
        model or default_model(),
        labelled(given["--searcher"] or ["focus"]),
        given["--protocol"] or "paper",
        given["--inference"],
        Budget(given["--budget"]),
        open_ended=bool(given["--open-ended"]),
        judge=given["--judge"],
    )


def run(
    study: Study,
    out: str | None,
    selection: Selection,
    executor: str,
    *,
    quiet: bool,
    forced: bool,
) -> Store:
    """Run *study* with progress; interrupted, say how to go on."""
    from ..evaluation.runner import evaluate
    from ..executors.base import Executor
    from ..plugin.registry import Registry
    from ..spec.parse import Spec
    from .running import progress

    registry = Registry.load()
    dataset = study.open_dataset(registry)
    folder = Path(out or f"runs/{dataset.name}-{study.digest[:8]}")
    spread = registry.build(Executor, Spec.parse(executor))
    try:
        with progress(selection.most(dataset), quiet=quiet) as watch:
            return evaluate(
                study, folder, selection=selection, executor=spread, watch=watch, forced=forced
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Interrupted. What was answered is in {folder}: the same command goes on from there."
        ) from None


def show(store: Store, *, as_json: bool) -> None:
    """The rows of a run, and whatever went wrong beside them."""
    from ..evaluation.formatting import describe_history
    from ..evaluation.summary import summarize
    from .rows import notes, print_costs, print_rows

    found, asked = summarize(store), store.asked()
    if as_json:
        study = store.study
        about = {"run": str(store.folder), "dataset": study.dataset, "model": study.model}
        print_json(about | {"protocol": study.protocol, "rows": found, "asked": asked})
        return
    print_rows(found)
    out = console()
    out.print()
    print_costs(found)
    out.print()
    for note in (*describe_history({store.folder.name: store.manifest}), *notes(found)):
        out.print(note)
    count, first = store.broken()
    if count:
        out.print(f"{count} rows of the dataset are broken, first {first}", style="red")
    out.print()
    out.print(f"The run: {store.folder}", soft_wrap=True)
