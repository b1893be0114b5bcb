"""The file of a calibration is data: whatever is wrong with it is said in a sentence."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.refusals import refused
from visualcrop.calibration import AFTER, BEFORE, Calibration, Gate, Logistic, read_calibration
from visualcrop.errors import FileError, ResultError, SpecError

_GATE = Gate(
    Logistic(0.5, dict.fromkeys(BEFORE, 1.0), 0.25), Logistic(-1.0, dict.fromkeys(AFTER, 0.5), 0.5)
)
_CALIBRATION = Calibration(
    name="toy",
    model="0123",
    protocol="4567",
    searcher="focus",
    datasets=("toy(scenes=3)",),
    items=frozenset({"a", "b"}),
    n=2,
    alpha=0.02,
    gate=_GATE,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A calibration's file."""
    path = tmp_path / "gate.json"
    _CALIBRATION.write(path)
    return path


def _rewrite(file: Path, **changed: Any) -> str:
    values = json.loads(file.read_text("utf-8")) | changed
    file.write_text(json.dumps(values), "utf-8")
    return str(file)


class TestFile:
    """Written and read."""

    def test_round_trip(self, file: Path) -> None:
        """What was written is read."""
        assert read_calibration(str(file)) == _CALIBRATION

    def test_another_file_of_the_same_name(self, file: Path) -> None:
        """What is remembered is not a file that has changed since."""
        assert read_calibration(str(file)).n == 2
        attrs.evolve(_CALIBRATION, n=314).write(file)
        assert read_calibration(str(file)).n == 314

    @pytest.mark.parametrize(
        "changed",
        [
            {"format": "other"},
            {"version": 2},
            {"n": -1},
            {"n": "many"},
            {"n": True},
            {"alpha": math.nan},
            {"alpha": 1e999},
            {"alpha": -0.1},
            {"items": "ab"},
            {"items": [1]},
            {"datasets": None},
            {"model": ["a"]},
            {"searcher": "x" * 20_000},
            {"gate": []},
            {"gate": {"before": {}}},
            {"gate": {"before": {}, "after": {}}},
            {"densities": [1]},
            {"more": 1},
            {"gate": attrs.asdict(_GATE) | {"before": {"bias": 0, "weights": {}, "threshold": 0}}},
            {
                "gate": attrs.asdict(_GATE)
                | {"before": {"bias": 0, "weights": {"eval": 1}, "threshold": 0}}
            },
            {
                "gate": attrs.asdict(_GATE)
                | {"before": {"bias": 1e300, "weights": {BEFORE[0]: 1}, "threshold": 0}}
            },
        ],
    )
    def test_wrong_fields(self, file: Path, changed: dict[str, Any]) -> None:
        """Each is refused in one sentence that says to calibrate again."""
        assert "calibrate" in refused(ResultError, read_calibration, _rewrite(file, **changed))

    @pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, "\ufeff", "1e5"])
    def test_no_calibration_at_all(self, file: Path, text: str) -> None:
        """Neither JSON of another kind nor what is none."""
        file.write_text(text, "utf-8")
        assert "visualcrop calibrate" in refused(ResultError, read_calibration, str(file))

    def test_missing(self, tmp_path: Path) -> None:
        """A file that is not there."""
        assert "visualcrop calibrate" in refused(FileError, read_calibration, str(tmp_path / "no"))

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        """Nor is a device read, which never ends."""
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", Path("/dev/zero")):
            assert "no file" in refused(FileError, read_calibration, str(path))

    def test_too_large(self, file: Path) -> None:
        """It is not read."""
        with file.open("r+b") as opened:
            opened.truncate(65 << 20)
        assert "limit" in refused(FileError, read_calibration, str(file))


class TestUse:
    """What it was calibrated for."""

    def test_another_model(self) -> None:
        """Only the model of its fingerprint, and the protocol, are let through."""
        _CALIBRATION.check_model("gate.json", "0123", "4567")
        told = refused(SpecError, _CALIBRATION.check_model, "gate.json", "9999", "4567")
        assert "another" in told
        told = refused(SpecError, _CALIBRATION.check_model, "gate.json", "0123", "9999")
        assert "protocol" in told

    def test_without_a_gate(self) -> None:
        """Densities alone are no gate."""
        alone = attrs.evolve(_CALIBRATION, gate=None)
        assert "no gate" in refused(SpecError, alone.require_gate, "gate.json")

    def test_probability(self) -> None:
        """The logistic function, without an overflow on either side."""
        logistic = Logistic(1.0, {"direct-odds": 2.0}, 0.5)
        assert logistic.probability({"direct-odds": 0.5}) == pytest.approx(1 / (1 + math.exp(-2)))
        assert logistic.probability({"direct-odds": -1e9}) == pytest.approx(0, abs=1e-300)
        assert logistic.probability({"direct-odds": 1e9}) == 1
