"""`visualcrop evaluate`: searches measured on a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, ModelSpec, console, print_json, print_tables

if TYPE_CHECKING:
    from ..evaluation.run import Run
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
        help="How questions are put: paper, zoomeye, hr-bench, lmms-eval or vlmevalkit. "
        "[default: paper]"
    ),
]
InferenceName = Annotated[
    str | None,
    typer.Option(help="How answers are read: generate, letter-logits or option-logits."),
]
Weighed = Annotated[
    str | None,
    typer.Option(
        help="What option-logits weighs: auto (an option's sentence, if it has one), sentences "
        "or choices."
    ),
]
EndToken = Annotated[
    bool | None,
    typer.Option("--end-token/--no-end-token", help="Whether it weighs a reply's end, too."),
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
    str | None,
    typer.Option(
        "--executor",
        help="Spec of what spreads questions, such as ray. "
        "[default: processes for a model that computes on one core, else local]",
    ),
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
    weigh: Weighed = None,
    end_token: EndToken = None,
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
    from ..evaluation.selection import parse_shard

    given = {
        "--searcher": searcher,
        "--protocol": protocol,
        "--inference": inference,
        "--weigh": weigh,
        "--end-token": end_token,
        "--budget": budget,
        "--open-ended": open_ended or None,
        "--judge": judge,
    }
    build = _read_study if dataset.endswith(".toml") else _make_study
    study = build(dataset, model, given)
    run = start(
        study,
        out,
        limit=limit,
        seed=seed,
        ids=id or (),
        category=category,
        shard=parse_shard(shard),
        concurrency=concurrency,
        executor=executor,
        force=force,
        progress=not as_json,
    )
    show(run, as_json=as_json)


def _read_study(path: str, model: str | None, given: Mapping[str, Any]) -> Study:
    """The study of a file; on the command line only its model may be another."""
    from ..errors import EvaluationError
    from ..evaluation.study_toml import read_study

    study = read_study(Path(path), model)
    if too_many := [name for name, value in given.items() if value is not None]:
        raise EvaluationError(
            f"{too_many[0]} cannot be given beside a study's file; write it into {path!r}."
        )
    return study


def _make_study(dataset: str, model: str | None, given: Mapping[str, Any]) -> Study:
    from ..api import default_model
    from ..budget import Budget
    from ..evaluation.study import Study, label_specs

    return Study(
        dataset,
        model or default_model(),
        label_specs(given["--searcher"] or ["focus"]),
        given["--protocol"] or "paper",
        given["--inference"],
        Budget(given["--budget"]),
        open_ended=bool(given["--open-ended"]),
        judge=given["--judge"],
        weigh=given["--weigh"],
        end_token=given["--end-token"],
    )


def start(study: Study, out: str | None, **options: Any) -> Run:
    """Run *study* in *out*, or in a folder under runs/ that its name and digest give."""
    from ..evaluation.evaluate import evaluate
    from ..plugin.configure import read_dataset
    from ..plugin.registry import Registry

    name = read_dataset(Registry.load(), study.dataset).name
    return evaluate(study, out=out or f"runs/{name}-{study.digest[:8]}", **options)


def show(run: Run, *, as_json: bool) -> None:
    """Print the tables of a run, and what went wrong."""
    from ..evaluation.formatting import describe_history
    from ..evaluation.result_tables import cost_notes, notes

    store, rows = run.store, run.rows()
    if as_json:
        study, asked = store.study, [*store.reports().values()]
        about = {"run": str(store.folder), "dataset": study.dataset, "model": study.model}
        print_json(about | {"protocol": study.protocol, "rows": rows, "asked": asked})
        return
    out = console()
    print_tables(rows)
    history = describe_history({store.folder.name: store.manifest})
    for note in (*history, *notes(rows), *cost_notes(rows)):
        out.print(note)
    count, first = store.broken()
    if count:
        out.print(f"{count} rows of the dataset are broken, first {first}", style="red")
    out.print()
    out.print(f"The run: {store.folder}", soft_wrap=True)
