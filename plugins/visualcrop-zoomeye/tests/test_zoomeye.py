"""ZoomEye keeps the contract of every searcher."""

from __future__ import annotations

from visualcrop.testing import SearcherSuite
from visualcrop_zoomeye import ZoomEye


class TestZoomEye(SearcherSuite):
    """On the toy model, which it shows crops."""

    strategy = ZoomEye
