"""ViCrop's boxes and its parts of a large image, as the published code has them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.cases import cases
from visualcrop import Box, Grid, RelevanceMap
from visualcrop_vicrop.boxes import pick_box
from visualcrop_vicrop.tiles import TileGrid


@pytest.mark.parametrize("case", cases("vicrop_box"))
def test_takes_the_same_box(case):
    """To the pixel, of whatever size it is."""
    scores, image = np.array(case["map"]), Box(0, 0, *case["image_size"])
    rows, columns = scores.shape
    relevance = RelevanceMap(Grid.even(rows, columns, image), scores)

    box = pick_box(relevance, image, case["crop_size"], authors=True)

    assert [box.left, box.top, box.right, box.bottom] == case["box"]


@pytest.mark.parametrize("case", cases("vicrop_split"))
def test_cuts_the_same_parts(case):
    """As many rows and columns, each part where it was; one column where the original fails."""
    tiling = TileGrid.fit(tuple(case["image_size"]))
    boxes = [tiling.box(place) for place in tiling.places]

    if case["rows"] is None:
        assert tiling.columns == 1
        assert boxes[-1].bottom >= case["image_size"][1]
    else:
        assert (tiling.rows, tiling.columns) == (case["rows"], case["columns"])
        assert [[b.left, b.top, b.right, b.bottom] for b in boxes] == case["boxes"]
