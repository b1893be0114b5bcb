"""`visualcrop sweep`: one search under many settings."""

from __future__ import annotations

from typing import Annotated

import typer

from .evaluate import (
    Category,
    EndToken,
    Force,
    InferenceName,
    Limit,
    Out,
    Passes,
    ProtocolName,
    ShardOf,
    Weighed,
    show,
    start,
)
from .options import AsJson, ModelSpec


def sweep(
    dataset: Annotated[str, typer.Argument(help="Spec of a dataset.")],
    searcher: Annotated[
        str, typer.Option("-s", "--searcher", help="Spec of the searcher whose options vary.")
    ] = "focus",
    axis: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=A,B,C", help="Values of an option; all combinations."),
    ] = None,
    draw: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=LOW:HIGH", help="Draw an option's values at random."),
    ] = None,
    draws: Annotated[int, typer.Option(help="How many are drawn.", min=1)] = 50,
    seed: Annotated[int, typer.Option(help="Of the draws.", min=0)] = 0,
    model: ModelSpec = None,
    out: Out = None,
    protocol: ProtocolName = None,
    inference: InferenceName = None,
    weigh: Weighed = None,
    end_token: EndToken = None,
    limit: Limit = None,
    category: Category = None,
    shard: ShardOf = "1/1",
    budget: Passes = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure one search under many settings; passes that settings have in common are run once."""
    from ..api import default_model
    from ..budget import Budget
    from ..evaluation.selection import parse_shard
    from ..evaluation.study import BASELINE, Study
    from ..evaluation.sweep import label_points, make_grid

    options = label_points(make_grid(axis or (), draw or (), draws, seed))
    variants = {BASELINE: BASELINE, **dict.fromkeys(options, searcher)}
    study = Study(
        dataset, model or default_model(), variants, protocol or "paper", inference, Budget(budget),  # type: ignore[arg-type]
        options=options, sharing=True, weigh=weigh, end_token=end_token,  # type: ignore[arg-type]
    )  # fmt: skip
    run = start(
        study,
        out,
        limit=limit,
        category=category,
        shard=parse_shard(shard),
        force=force,
        progress=not as_json,
    )
    show(run, as_json=as_json)
