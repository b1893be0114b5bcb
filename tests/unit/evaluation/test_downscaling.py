"""Images that a model is shown smaller than they are."""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from tests.support.studies import toy_study
from visualcrop import Record
from visualcrop.evaluation.downscaling import DownscalingTally, describe_encoding
from visualcrop.evaluation.evaluate import run_study
from visualcrop.evaluation.formatting import describe_downscaling
from visualcrop.evaluation.summary import summarize
from visualcrop.models.toy.dataset import ToyScenes
from visualcrop.testing import ToyModel


def _row(*records: Record) -> dict[str, object]:
    shrinking = DownscalingTally()
    for record in records:
        shrinking.add(record)
    return {"searcher": records[0].variant, "whole": shrinking.as_json()}


def _record(id: str, *size: int, target: float | None = None, variant: str = "direct") -> Record:
    whole = {"size": size, "tokens": 576} | ({} if target is None else {"target": target})
    return Record(id, variant, "ok", 1.0, image=(4096, 3072), whole=whole)


def test_a_target_is_measured_in_tokens() -> None:
    """The toy sees 1536 x 1024 pixels as 36 x 36 tokens: that is what a box is held to."""
    sample = next(iter(ToyScenes(scenes=1)))
    told = describe_encoding(sample, sample.source.open(), ToyModel())
    area = min(target.box.area for target in sample.targets)
    assert told["size"] == [144, 144]
    assert told["tokens"] == 36 * 36
    assert abs(told["target"] - area * 36 * 36 / (1536 * 1024)) < 1e-3
    assert "target" not in describe_encoding(
        attrs.evolve(sample, targets=()), sample.source.open(), ToyModel()
    )


def test_what_is_shrunk_is_counted_and_named() -> None:
    """The worst with its size; rounding to whole tokens is no shrinking."""
    row = _row(_record("a", 4088, 3080), _record("b", 336, 252), _record("c", 1024, 768))
    (told,) = describe_downscaling([row])
    assert told.startswith("The model is shown 2 of 3 whole images smaller than they are, ")
    assert told.endswith("'b' most of all: 4096 x 3072 pixels as 336 x 252.")


def test_what_is_too_small_to_see_is_counted_and_named() -> None:
    """Less than a token of the whole image; where no true box is known nothing is said."""
    sizes = {"a": 0.2, "b": 1.5, "c": 0.9, "d": None, "e": 0.1, "f": 0.3}
    row = _row(*(_record(id, 4088, 3080, target=size) for id, size in sizes.items()))
    (told,) = describe_downscaling([row])
    assert told.startswith("In 4 of 5 whole images what is asked for takes less than one image")
    assert told.endswith("token: a, c, e and others.")


def test_one_sentence_for_all_variants() -> None:
    """Unless they were asked other questions, or of other models: then it says whose it is."""
    direct, focus = (_row(_record("a", 336, 252, variant=name)) for name in ("direct", "focus"))
    assert len([*describe_downscaling([direct, focus])]) == 1
    other = _row(_record("a", 672, 504, variant="other"))
    assert [told.rpartition(" (")[2] for told in describe_downscaling([direct, focus, other])] == [
        "direct, focus).",
        "other).",
    ]


def test_a_model_that_cannot_tell_is_not_guessed_at() -> None:
    """Without a size there is no sentence."""
    row = _row(Record("a", "direct", "ok", 1.0, image=(4096, 3072)))
    assert row["whole"] is None
    assert not [*describe_downscaling([row])]


def test_records_hold_it(tmp_path: Path) -> None:
    """Each line has the size, the tokens of the whole image and of all views, and the memory."""
    store = run_study(toy_study(scenes=1), tmp_path)
    direct, focus = summarize(store)
    assert direct["work"]["image_tokens"] == direct["whole"]["tokens"] == 36 * 36
    assert focus["work"]["image_tokens"] > focus["whole"]["tokens"]
    assert focus["memory"]["gpu"] is None
    assert focus["memory"]["process"] > 2**20
    line = json.loads(store.shard_path((1, 1)).read_text().splitlines()[0])
    assert line["held"] > 2**20
    assert line["whole"]["size"] == [144, 144]
    assert "peak_bytes" not in line["work"]
