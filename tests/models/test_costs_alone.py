"""What a variant costs is what it costs alone, whatever ran before it or beside it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

import attrs
import pytest
from typer.testing import CliRunner

from tests.models.tiny.checkpoints import checkpoint
from visualcrop import Box, Image, Looker, Prompt, View
from visualcrop.cli import app
from visualcrop.evaluation.comparing import compare
from visualcrop.evaluation.runner import evaluate
from visualcrop.evaluation.store import Store
from visualcrop.evaluation.study import Study
from visualcrop.evaluation.study_table import summary
from visualcrop.evaluation.summary import rows
from visualcrop.executors.local import Local
from visualcrop.inference.batching import Batching
from visualcrop.inference.recalling import Recalling
from visualcrop.record import Record
from visualcrop.testing import Scene

pytest.importorskip("visualcrop_tiny")

_MODEL = "tiny(memory={})"
_STUDY = Study(
    "needles(count=2, size=1k)",
    _MODEL.format(8 << 20),  # too little for all: what is remembered would hang on the order
    {"direct": "direct", "one": "focus(steps=1)", "four": "focus(steps=4)"},
)


class _Stopped(Exception):  # noqa: N818 - it stands for a kill
    pass


def _after(count: int) -> Callable[[Record], None]:
    """Something that ends a run once so many answers are written down."""
    left = iter(range(count - 1))

    def watch(record: Record) -> None:
        del record
        if next(left, None) is None:
            raise _Stopped

    return watch


def _rows(store: Store) -> list[dict[str, Any]]:
    """All but the seconds, and what the process held."""
    found = rows(store)
    for row in found:
        del row["memory"]
        row["seconds"] = row["seconds"] is not None
        row["work"].pop("seconds", None)
    return found


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A run that nothing disturbed."""
    return evaluate(_STUDY, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_that_was_broken_off_costs_the_same(tmp_path: Path, whole: Store) -> None:
    """Broken off twice, rows and costs are equal: FLOPs, tokens read and remembered."""
    for count in (2, 3):
        with pytest.raises(_Stopped):
            evaluate(_STUDY, tmp_path, watch=_after(count))
    assert _rows(evaluate(_STUDY, tmp_path)) == _rows(whole)
    assert all(row["alone"] and row["work"]["flops"] for row in rows(whole))


def test_a_variant_costs_what_it_costs_by_itself(tmp_path: Path, whole: Store) -> None:
    """Not less, for what another before it had read of the same image."""
    alone = attrs.evolve(_STUDY, variants={"four": _STUDY.variants["four"]})
    (row,) = _rows(evaluate(alone, tmp_path))
    beside = _rows(whole)[2]
    del row["gain"], beside["gain"]
    assert row == beside


def test_macs_and_image_tokens_are_by_formula(tmp_path: Path, whole: Store) -> None:
    """Whatever is remembered, shared, or run beside it."""
    nothing = attrs.evolve(_STUDY, model=_MODEL.format(0))
    sharing = attrs.evolve(_STUDY, sharing=True)
    direct = attrs.evolve(_STUDY, variants={"direct": "direct"})  # its passes hang on no map
    for other in (
        evaluate(nothing, tmp_path / "nothing"),
        evaluate(sharing, tmp_path / "sharing"),
        evaluate(direct, tmp_path / "beside", executor=Local(concurrency=2)),
    ):
        for row, ours in zip(rows(other), rows(whole), strict=False):
            for name in ("macs", "image_tokens"):
                assert row["work"][name] == ours["work"][name]


def test_macs_do_not_hang_on_what_is_padded() -> None:
    """Prompts of different lengths cost in one call what they cost one by one."""
    model = Looker.open(f"auto(checkpoint={checkpoint('llava')}, memory=0)", "direct").model
    picture = Scene.draw(1).image
    prompts = [
        Prompt.fill(View(picture, Box(0, 0, side, side)), text)
        for side, text in ((99, "Red?"), (55, "How many mugs are left of the second red key?"))
    ]
    for ask in (
        lambda some: model.choose(some, ("Yes", "No")),
        lambda some: model.choose(some, ("a red mug", "a key"), by="sentence"),
        lambda some: model.generate(some, max_new_tokens=3),
        model.read,
    ):
        told = cast("Callable[[list[Prompt]], list[Any]]", ask)
        together = [reply.work.macs for reply in told(prompts)]
        assert together == [told([prompt])[0].work.macs for prompt in prompts]


@pytest.mark.parametrize("way", ["sharing", "concurrency"])
def test_shared_costs_are_nowhere(tmp_path: Path, way: str) -> None:
    """Console, page, CSV, Markdown and LaTeX alike; MACs and image tokens stay."""
    study = attrs.evolve(_STUDY, sharing=way == "sharing", dataset="needles(count=1, size=1k)")
    executor = Local(concurrency=2 if way == "concurrency" else 1)
    store = evaluate(study, tmp_path / "run", executor=executor)
    run = CliRunner().invoke
    printed = run(app, ["compare", str(store.folder)]).stdout
    heading = next(line for line in printed.splitlines() if "question costs" in line)
    assert "MACs" in heading
    assert not re.search("FLOPs|seconds", heading)
    run(app, ["report", str(store.folder), "--out", str(tmp_path / "out"), "--pages", "0"])
    table = (tmp_path / "out" / "results.csv").read_text()
    for row in csv.DictReader(StringIO(table)):
        assert (row["TFLOPs"], row["seconds"]) == ("", "")
        assert float(row["TMACs"]) > 0
    told = summary(store, compare([store])[0])
    for text in (printed, told, (tmp_path / "out" / "index.html").read_text()):
        assert "Passes were shared, or ran beside others" in text


def test_forgets_pixels_and_prefixes() -> None:
    """Through every wrapper; the next pass reads all of the image again."""
    model = Looker.open("tiny", "direct").model
    prompt = Prompt.fill(View.whole(Scene.draw(1).image), "Is it red?")
    for asked in (model, Batching(model), Recalling(model)):
        asked.forget()
        first, again = (asked.choose([prompt], ("Yes", "No"))[0].work for _ in range(2))
        asked.forget()
        (later,) = asked.choose([prompt], ("Yes", "No"))
        assert first.new_tokens == later.work.new_tokens > again.new_tokens


def test_models_that_keep_nothing_forget_nothing() -> None:
    """The default does nothing."""
    model = Looker.open("toy", "direct").model
    model.forget()
    assert model.choose([Prompt.fill(View.whole(Image.open(Scene.draw(1).image)), "?")], ("a", "b"))
