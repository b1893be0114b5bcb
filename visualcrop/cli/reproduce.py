"""`visualcrop reproduce`: a whole table of the paper in one command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .evaluate import Concurrency, ExecutorSpec, Force, Limit, Seed, ShardOf
from .options import AsJson, console, print_json

if TYPE_CHECKING:
    from ..evaluation.reproduction.missing import Missing
    from ..evaluation.reproduction.plan import Plan
    from ..evaluation.run_folder import Store


def reproduce(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="Number of the paper's table, or a TOML file.")
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the datasets are, each in a folder of its own name. "
            "[default: $VISUALCROP_DATA]",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where the runs are kept; by default runs/table-N."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "-m",
            "--model",
            metavar="NAME=SPEC",
            help="Another model in place of the file's of that name; give several.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only runs of this study, model or dataset; give several."
        ),
    ] = None,
    limit: Limit = None,
    seed: Seed = None,
    shard: ShardOf = "1/1",
    concurrency: Concurrency = 1,
    executor: ExecutorSpec = None,
    force: Force = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, and run nothing.")
    ] = False,
    skip_missing: Annotated[
        bool,
        typer.Option(
            "--skip-missing", help="Leave out runs that lack something; the record says so."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run every study of one of the paper's tables. The same command resumes."""
    from ..evaluation.evaluate import build_executor
    from ..evaluation.reproduction.files import default_folder, find_file
    from ..evaluation.reproduction.missing import Inventory
    from ..evaluation.reproduction.plan import Planner
    from ..evaluation.reproduction.reader import read_reproduction
    from ..evaluation.reproduction.runner import Runner
    from ..evaluation.reproduction.speed import find_machine
    from ..evaluation.selection import Selection, parse_shard
    from ..executors.local import Local
    from ..utils.paths import expand_path

    path = find_file(table)
    whole = read_reproduction(path, data=data, models=_parse_models(model or ()))
    chosen = whole.select(only or ())
    selection = Selection(limit, shard=parse_shard(shard), seed=seed)
    folder = expand_path(out) if out else default_folder(path)
    spread = Local(concurrency) if executor is None else build_executor(executor)
    inventory = Inventory(chosen)
    missing = inventory.find_missing()
    plan = Planner(inventory, folder, selection, find_machine()).plan(chosen, missing)
    if not (as_json and not dry_run):
        _show_plan(plan, as_json=as_json)
    if dry_run:
        return
    lacking = _lacking(missing, len(chosen.runs), skipped=skip_missing)
    runner = Runner(folder, selection, spread, forced=force, progress=not as_json)
    done = [store for _, store in runner.run(whole, chosen, lacking)]
    _show_end(folder, done, lacking, as_json=as_json)


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print the plan, and what is missing for it."""
    if as_json:
        print_json(plan.as_json())
        return
    out = console()
    out.print(f"{plan.title}: {len(plan.runs)} runs, in {plan.folder}", soft_wrap=True)
    out.print()
    runs, models = plan.tables()
    out.table(runs.headings, runs.rows, right=runs.headings[1:])
    out.print()
    out.table(models.headings, models.rows, right=models.headings[2:4])
    out.print()
    for note in plan.notes():
        out.print(note)
    for each in plan.missing:
        count = f"{len(each.runs)} {'run' if len(each.runs) == 1 else 'runs'}"
        out.print(f"Missing for {count}: {each}", style="red", soft_wrap=True)
    out.print()


def _lacking(missing: Sequence[Missing], count: int, *, skipped: bool) -> dict[str, list[str]]:
    """Why runs cannot be run, by their names; raises if they are not to be skipped."""
    from ..errors import EvaluationError

    lacking: dict[str, list[str]] = {}
    for each in missing:
        for name in each.runs:
            lacking.setdefault(name, []).append(str(each))
    if lacking and not skipped:
        raise EvaluationError(
            f"{len(lacking)} of {count} runs cannot be run, first since {_as_clause(missing[0])}; "
            "see --dry-run for all that is missing, or give --skip-missing to run the others."
        )
    return lacking


def _as_clause(missing: Missing) -> str:
    """Its reason, as a part of a sentence."""
    reason = missing.reason.rstrip(".")
    return reason[0].lower() + reason[1:]


def _show_end(
    folder: Path, done: Sequence[Store], lacking: Mapping[str, list[str]], *, as_json: bool
) -> None:
    """Print where the runs are, and how to read them."""
    if as_json:
        from ..evaluation.summary import summarize

        runs = [{"run": str(store.folder), "rows": summarize(store)} for store in done]
        print_json({"folder": str(folder), "runs": runs, "skipped": lacking})
        return
    out = console()
    for name, reasons in lacking.items():
        out.print(f"Left out: {name}: {' '.join(reasons)}", soft_wrap=True)
    out.print(f"{len(done)} runs are in {folder}; visualcrop report {folder}", soft_wrap=True)


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
