"""`visualcrop reproduce`: a whole table of the paper in one command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from .evaluate import Concurrency, ExecutorSpec, Force, Limit, Seed, ShardOf
from .options import AsJson, console, print_json


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
    as_json: AsJson = False,
) -> None:
    """Run every study of one of the paper's tables. The same command resumes."""
    from ..evaluation.evaluate import build_executor
    from ..evaluation.reproduction.files import default_folder, find_file
    from ..evaluation.reproduction.reader import read_reproduction
    from ..evaluation.reproduction.runner import Runner
    from ..evaluation.selection import Selection, parse_shard
    from ..utils.paths import expand_path

    path = find_file(table)
    whole = read_reproduction(path, data=data, models=_parse_models(model or ()))
    chosen = whole.select(only or ())
    selection = Selection(limit, shard=parse_shard(shard), seed=seed)
    runner = Runner(
        expand_path(out) if out else default_folder(path),
        selection,
        build_executor(executor, concurrency),
        forced=force,
        progress=not as_json,
    )
    for run, store in runner.run(whole, chosen, {}):
        if not as_json:
            console().print(f"{run.name}: {store.folder}")
    if as_json:
        print_json({"folder": str(runner.folder)})


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
