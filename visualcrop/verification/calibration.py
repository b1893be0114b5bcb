"""The densities in a calibration file, which is read as data: by size, then field by field."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..data.record import strict_json
from ..errors import ResultError, SpecError
from ..utils.paths import expand_path, read_limited
from .densities import Densities

FORMAT, VERSION = "visualcrop-calibration", 1
_MOST = 1 << 20  # bytes of a calibration


def read_densities(path: str, model: str | None = None) -> Densities:
    """The densities in the file at *path*; those of another than *model* are refused."""
    place = expand_path(path)
    stamp = place.stat().st_mtime_ns if place.is_file() else 0
    theirs, densities = _read(path, stamp)
    if model is not None and model != theirs:
        raise SpecError(
            f"The calibration {path!r} is of the model {theirs!r}, not of {model!r}; calibrate on "
            "a run of this model."
        )
    return densities


@lru_cache(maxsize=8)
def _read(path: str, stamp: int) -> tuple[str, Densities]:
    """The model's id and the densities."""
    content = read_limited(expand_path(path), _MOST, called="The calibration")
    try:
        values: Any = strict_json(content)
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ResultError("it is no calibration; make one with visualcrop calibrate")
        if values.get("version") != VERSION:
            raise ResultError(f"this visualcrop reads version {VERSION}; calibrate again")
        if not isinstance(values.get("model"), str):
            raise ResultError("it does not say of which model it is; calibrate again")
        return values["model"], Densities.from_dict(values.get("densities"))
    except ValueError as exc:
        reason = str(exc).rstrip(".") if isinstance(exc, ResultError) else "it is no JSON"
        raise SpecError(f"The calibration {path!r} cannot be used: {reason}.") from exc
