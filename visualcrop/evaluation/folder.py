"""Files of a run's folder as they are read and written: whole, and in their shape."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, FileError, VisualcropError
from ..output.strict_json import escaped
from ..record import strict_json
from .shapes import Shape, misfit
from .study import Study

STUDY, MANIFEST, ASKED, SHARD = "study.json", "manifest.json", "asked-{}.json", "samples-{}.jsonl"
_WORKER = r"([1-9]\d{0,5})of([1-9]\d{0,5})"

_TEXTS: Shape = {str: str}
_STUDY: Shape = {
    "dataset": str,
    "model": str,
    "variants": _TEXTS,
    "budget": {"passes": (int, None), "seconds": (float, None)},
    "protocol?": str,
    "inference?": (str, None),
    "options?": {str: [str]},
    "sharing?": bool,
    "open_ended?": bool,
    "judge?": (str, None),
    "beside?": (
        {"table": int, "columns": _TEXTS, "rows": {str: _TEXTS}, "where?": _TEXTS},
        None,
    ),
}
_MADE: Shape = {
    "packages": _TEXTS,
    "plugins": [str],
    "machine": {"system": str, "cores": (int, None), "gpu": (str, None), "...": object},
    "commit": (str, None),
}
_MANIFEST: Shape = {
    **_MADE,
    "protocol": {"name": str, "digest": str, "...": object},
    "resolved": {"model": str, "dataset": str, "searchers": _TEXTS, "...": object},
    "digest?": str,
    "digests?": [str],  # of the same study, as later versions make them
    "fingerprint?": str,  # of the model; none in runs that are older than it
    "resumed?": [{**_MADE, "...": object}],
    "changes?": [str],
    "...": object,
}
_ASKED: Shape = {
    "questions": int,
    "broken": int,
    "named": [{"id": str, "reason": str, "...": object}],
    "answers?": {str: int},  # by variant; none in runs that are older than it
    "finished?": bool,
    "chance?": float,
    "...": object,
}


def workers(folder: Path, pattern: str) -> dict[tuple[int, int], Path]:
    """Files of the folder that are called so, by the part of the run whose they are, in order."""
    found: dict[tuple[int, int], Path] = {}
    own = re.compile(re.escape(pattern).replace(r"\{\}", _WORKER))
    for path in sorted(folder.glob(pattern.format("*"))):
        part = own.fullmatch(path.name)
        if part is None or int(part[1]) > int(part[2]):
            raise EvaluationError(
                f"{str(path)!r} is no part of a run, such as {pattern.format('1of8')}; rename it, "
                "or take it out."
            )
        if not stat.S_ISREG(path.lstat().st_mode):
            raise EvaluationError(f"{str(path)!r} is not a plain file; take it out of the run.")
        found[int(part[1]), int(part[2])] = path
    return found


def read_study(folder: Path) -> Study:
    """The study of a run."""
    told = _read(folder / STUDY, _STUDY)
    try:
        return Study.from_json(told)
    except VisualcropError as exc:
        raise _no(folder / STUDY, str(exc).rstrip(".")) from exc


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a run was made with."""
    found: dict[str, Any] = _read(folder / MANIFEST, _MANIFEST)
    return found


def read_asked(path: Path) -> dict[str, Any]:
    """What a worker found in the dataset, and how many answers it left."""
    found: dict[str, Any] = _read(path, _ASKED)
    named = found["named"]
    if found["broken"] and not named:
        raise _no(path, "it names no broken row")
    return {"answers": {}, "finished": True, **found}


def read_json(path: Path) -> Any:
    """What a file of the run holds."""
    try:
        if not path.is_file():  # a pipe would never end
            raise FileError(f"{str(path)!r} cannot be read: there is no such file.")
        return strict_json(path.read_bytes())
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise _no(path, f"it is no JSON: {exc}") from exc


def write_json(path: Path, value: Any) -> None:
    """Write a file of the run, whole or not at all, whoever else writes it at the same time."""
    text = escaped(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(text.encode("utf-8", "replace"))
        beside.replace(path)
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror}.") from exc


def _read(path: Path, shape: Shape) -> Any:
    told = read_json(path)
    if wrong := misfit(told, shape):
        raise _no(path, wrong)
    return told


def _no(path: Path, reason: str) -> EvaluationError:
    return EvaluationError(
        f"{str(path)!r} cannot be used ({reason}); put back what was there, or take another folder."
    )
