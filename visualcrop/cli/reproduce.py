"""`visualcrop reproduce`: a whole table of the paper in one command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .evaluate import Concurrency, ExecutorSpec, Force, Limit, Seed, ShardOf
from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..evaluation.reproduction.plan import Plan
    from ..evaluation.run_folder import Store


Table = Annotated[
    str, typer.Argument(metavar="TABLE", help="Number of the paper's table, or a TOML file.")
]
DataFolder = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Where the datasets are, each in a folder of its own name. "
        "[default: $VISUALCROP_DATA]",
    ),
]
RunsFolder = Annotated[
    str | None,
    typer.Option(metavar="FOLDER", help="Where the runs are kept; by default runs/table-N."),
]
OtherModels = Annotated[
    list[str] | None,
    typer.Option(
        "-m",
        "--model",
        metavar="NAME=SPEC",
        help="Another model in place of the file's of that name; give several.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only runs of this study, model or dataset; give several."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan, and run nothing.")]
SkipMissing = Annotated[
    bool,
    typer.Option("--skip-missing", help="Leave out runs that lack something; the record says so."),
]


def reproduce(
    table: Table,
    data: DataFolder = None,
    out: RunsFolder = None,
    model: OtherModels = None,
    only: Only = None,
    limit: Limit = None,
    seed: Seed = None,
    shard: ShardOf = "1/1",
    concurrency: Concurrency = 1,
    executor: ExecutorSpec = None,
    force: Force = False,
    dry_run: DryRun = False,
    skip_missing: SkipMissing = False,
    as_json: AsJson = False,
) -> None:
    """Run every study of one of the paper's tables. The same command resumes."""
    from ..evaluation.evaluate import build_executor
    from ..evaluation.reproduction.files import default_folder, find_file
    from ..evaluation.reproduction.plan import make_plan
    from ..evaluation.reproduction.reader import read_reproduction
    from ..evaluation.reproduction.record import ReproductionRecord, check_folder
    from ..evaluation.reproduction.runner import Runner
    from ..evaluation.selection import Selection, parse_shard
    from ..utils.paths import expand_path

    path = find_file(table)
    whole = read_reproduction(path, data=data, models=_parse_models(model or ()))
    chosen = whole.select(only or ())
    selection = Selection(limit, shard=parse_shard(shard), seed=seed)
    folder = expand_path(out) if out else default_folder(path)
    spread = None if executor is None else build_executor(executor)
    check_folder(folder, ReproductionRecord.of(whole))
    plan = make_plan(chosen, folder, selection)
    if not skip_missing:
        _refuse_mistakes(plan)
    if dry_run or not as_json:
        _show_plan(plan, as_json=as_json)
    if dry_run:
        return
    lacking = _lacking(plan, skipped=skip_missing)
    runner = Runner(folder, selection, spread, concurrency, forced=force, progress=not as_json)
    done = [store for _, store in runner.run(whole, chosen, lacking)]
    _show_end(folder, done, lacking, as_json=as_json)


def _refuse_mistakes(plan: Plan) -> None:
    """Refuse a spec that says something wrong: no plan is needed to mend it."""
    from ..errors import EvaluationError

    mistakes = [each for each in plan.missing if each.mistake]
    if mistakes:
        first = mistakes[0]
        others = f", and in {len(first.runs) - 1} more" if len(first.runs) > 1 else ""
        raise EvaluationError(f"In the run {first.runs[0]!r}{others}: {first}")


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print the plan, and what is missing for it."""
    if as_json:
        print_json(plan.as_json())
        return
    out = console()
    out.print(f"{plan.title}: {_count_runs(len(plan.runs))}, in {plan.folder}", soft_wrap=True)
    out.print()
    runs, models = plan.tables()
    out.table(runs.headings, runs.rows, right=runs.headings[1:])
    out.print()
    out.table(models.headings, models.rows, right=models.headings[2:4])
    out.print()
    for note in plan.notes():
        out.print(note)
    for misfit in plan.misfits:
        out.print(misfit, style="red", soft_wrap=True)
    for each in plan.missing:
        what = "Missing for" if each.fix else "In the way of"
        out.print(f"{what} {_count_runs(len(each.runs))}: {each}", style="red", soft_wrap=True)
    out.print()


def _lacking(plan: Plan, *, skipped: bool) -> dict[str, list[str]]:
    """Why runs cannot be run, by their names; raises if they are not to be skipped."""
    from ..errors import EvaluationError

    lacking = {run.name: [*run.missing] for run in plan.runs if run.missing}
    if len(lacking) == len(plan.runs) or (lacking and not skipped):
        first = plan.missing[0].reason.partition(". ")[0].rstrip(".")
        some = len(lacking) < len(plan.runs)
        others = ", or give --skip-missing to run the others" if some else ""
        raise EvaluationError(
            f"{len(lacking)} of {_count_runs(len(plan.runs))} cannot be run ({first}); mend what "
            f"--dry-run names as missing{others}."
        )
    return lacking


def _count_runs(count: int) -> str:
    return f"{count} run" if count == 1 else f"{count} runs"


def _show_end(
    folder: Path, done: Sequence[Store], lacking: Mapping[str, list[str]], *, as_json: bool
) -> None:
    """Print where the runs are, and how to read them."""
    from ..evaluation.formatting import describe_failures
    from ..evaluation.summary import summarize

    if as_json:
        runs = [{"run": str(store.folder), "rows": summarize(store)} for store in done]
        print_json({"folder": str(folder), "runs": runs, "skipped": lacking})
        return
    out = console()
    for name, reasons in lacking.items():
        out.print(f"Left out: {name}: {' '.join(reasons)}", soft_wrap=True)
    for store in done:
        for failure in describe_failures(summarize(store)):
            out.print(f"{store.folder.name}: {failure}", style="red", soft_wrap=True)
    out.print(f"{_count_runs(len(done))} in {folder}: visualcrop report {folder}", soft_wrap=True)


def _parse_models(texts: Sequence[str]) -> dict[str, str]:
    """Specs by the name of a model, from NAME=SPEC."""
    from ..errors import EvaluationError

    found: dict[str, str] = {}
    for text in texts:
        name, _, spec = text.partition("=")
        if not (name.strip() and spec.strip()) or "(" in name:
            raise EvaluationError(
                f"The model {text[:80]!r} is not NAME=SPEC; write llava-1.5=tiny."
            )
        found[name.strip()] = spec.strip()
    return found
