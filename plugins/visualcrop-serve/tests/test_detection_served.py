"""`/v1/detect` and `/v1/point`: the same as `VisualSearch.detect` and `point`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.serving import Live, drawn, drawn_url, serving, toy
from visualcrop import Ledger


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(toy()) as live:
        yield live


def post(live: Live, path: str, **fields: Any) -> httpx.Response:
    asked = {"model": "toy", "image": drawn_url(), "target": "mug", **fields}
    headers = {"Content-Type": "application/json"}
    return httpx.post(
        f"{live.url}/v1/{path}", content=json.dumps(asked), headers=headers, timeout=None
    )


@pytest.mark.parametrize("every", [False, True])
def test_boxes_are_those_of_detect(live: Live, every: bool) -> None:
    """Best first, each with its confidence, and the passes that it took."""
    ledger = Ledger()
    expected = toy().detect(drawn(), "mug", every=every, ledger=ledger)
    found = post(live, "detect", every=every).json()
    assert found["object"] == "detections"
    assert [box["pixels"] for box in found["boxes"]] == [
        pytest.approx([f.box.left, f.box.top, f.box.right, f.box.bottom], abs=0.01)
        for f in expected.findings
    ]
    assert [box["confidence"] for box in found["boxes"]] == pytest.approx(
        [finding.confidence for finding in expected.findings], abs=1e-5
    )
    assert found["visualcrop"]["passes"] == ledger.by_stage()
    assert "answer" not in found["visualcrop"]["passes"]
    assert found["map"] is None


def test_points_are_those_of_point(live: Live) -> None:
    """In pixels, and in parts of the picture."""
    expected = toy().point(drawn(), "mug")
    found = post(live, "point").json()
    assert found["object"] == "points"
    size = found["visualcrop"]["image"]
    for point, given in zip(expected, found["points"], strict=True):
        assert (given["x"], given["y"]) == pytest.approx((point.x, point.y), abs=0.01)
        assert given["relative"][0] == pytest.approx(point.x / size["width"], abs=1e-4)
        assert given["confidence"] == pytest.approx(point.confidence, abs=1e-5)


def test_a_map_and_a_budget_are_asked_for_alike(live: Live) -> None:
    """In the request's `visualcrop`, as in a chat."""
    own = {"map": True, "passes": 2}
    found = post(live, "detect", visualcrop=own).json()
    assert len(found["map"]["scores"]) == found["map"]["rows"] * found["map"]["columns"]
    assert sum(found["visualcrop"]["passes"].values()) <= 2


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"target": ""}, None),
        ({"target": "x" * 20_001}, "target"),
        ({"target": None}, "target"),
        ({"target": "\ud800"}, None),
        ({"image": "file:///etc/passwd"}, "image"),
        ({"image": None}, "image"),
        ({"every": "yes"}, "every"),
        ({"model": None}, "model"),
        ({"visualcrop": {"passes": -1}}, "visualcrop.passes"),
        ({"visualcrop": {"pases": 1}}, "visualcrop.pases"),
    ],
)
def test_a_wrong_field_is_named(live: Live, fields: dict[str, Any], param: str | None) -> None:
    """With 400, and in `param`."""
    for path in ("detect", "point"):
        response = post(live, path, **fields)
        assert response.status_code == 400
        assert response.json()["error"]["param"] == param
