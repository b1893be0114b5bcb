"""Which questions are asked."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest

from tests.support.refusals import refused
from visualcrop import VisualcropError
from visualcrop.data.base import Problem
from visualcrop.errors import PluginError
from visualcrop.evaluation.selection import Selection, parse_shard
from visualcrop.models.toy.dataset import ToyScenes

_DATA = ToyScenes(scenes=4)


def _ids(selection: Selection) -> list[str]:
    return [sample.id for sample in selection.samples(_DATA, print)]


def test_shards_make_the_whole() -> None:
    """No question is in two of them, and none is left out."""
    parts = [_ids(Selection(limit=10, shard=(part, 3))) for part in (1, 2, 3)]
    assert sorted(chain(*parts)) == sorted(_ids(Selection(limit=10)))
    assert Selection(limit=10, shard=(1, 3)).max_count(_DATA) == len(parts[0]) == 4


def test_by_category_and_id() -> None:
    """Only what was asked for."""
    assert _ids(Selection(category="count")) == [f"{seed}-count" for seed in range(4)]
    assert _ids(Selection(ids=frozenset(["1-count"]))) == ["1-count"]


def test_what_is_lacking_is_named() -> None:
    """The nearest category, or a broken row; else what was asked for is in the way."""
    near = "no question of the category 'cuont'; did you mean 'count'? (categories: "
    assert Selection(category="cuont").explain_empty(_DATA, []).startswith(near)
    rows = [Problem("1", "It has no image."), Problem("2", "It has no id.")]
    row = "no question that can be asked: {}; visualcrop data check tells of them all"
    assert Selection().explain_empty(_DATA, rows) == row.format(
        "its row '1' is broken (It has no image)"
    )
    some = Selection(ids=frozenset(["2"]))
    assert some.explain_empty(_DATA, rows) == row.format("its row '2' is broken (It has no id)")
    assert (
        some.explain_empty(_DATA, [])
        == "no question that was selected; look at --id and --category"
    )


def test_a_row_that_is_none() -> None:
    """Names the dataset that yields it, and what it should yield."""

    class Odd(ToyScenes):
        """Yields a number."""

        def read(self) -> Any:
            yield 5

    message = refused(PluginError, lambda: [*Selection().samples(Odd(), print)])
    assert "a row of type int" in message


@pytest.mark.parametrize("text", ["0/2", "3/2", "x/2", "2", "1/", "-1/2"])
def test_a_shard_that_is_none(text: str) -> None:
    """One sentence shows how to write it."""
    with pytest.raises(VisualcropError, match="is not i/n; write 1/8"):
        parse_shard(text)


def test_a_seed_draws_the_same_for_all_shards() -> None:
    """As many as the limit, in the order of the dataset; another seed draws others."""
    drawn = _ids(Selection(limit=5, seed=1))
    order = [sample.id for sample in _DATA]
    assert len(drawn) == 5
    assert drawn == sorted(drawn, key=order.index) == _ids(Selection(limit=5, seed=1))
    assert drawn != _ids(Selection(limit=5, seed=2))
    assert drawn != _ids(Selection(limit=5))
    parts = [_ids(Selection(limit=5, seed=1, shard=(part, 2))) for part in (1, 2)]
    assert sorted(chain(*parts)) == sorted(drawn)
