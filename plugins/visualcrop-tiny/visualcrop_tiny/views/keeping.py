"""Sheets on disk: their arrays in `sheets.npz`, and what is told of them in `sheets.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, errors

from ..questions import Asked
from ..scenes import Thing
from .sheets import Shown
from .sight import Sighting

_ARRAYS, _TOLD = "sheets.npz", "sheets.json"
_FIELDS = ("pixels", "labels", "places", "newlines")
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class Sheet:
    """Pictures with the words before each, and what may be asked after them."""

    parts: tuple[str | int, ...]  # words, or the number of a picture
    shown: tuple[Shown, ...]
    sightings: tuple[Sighting, ...]  # for questions of any kind; if none, those below
    asked: tuple[Asked, ...] = ()


def keep(folder: Path, sheets: Sequence[Sheet]) -> None:
    """Write *sheets* into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [shown for sheet in sheets for shown in sheet.shown]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(p, name) for p in pictures]) for name in _FIELDS
    }
    np.savez(folder / _ARRAYS, **joined)
    (folder / _TOLD).write_text(json.dumps(list(map(_told, sheets))), "utf-8")


def kept(folder: Path) -> list[Sheet]:
    """What `keep` wrote. Nothing of it is run, whoever the folder comes from."""
    try:
        told = json.loads((folder / _TOLD).read_text("utf-8"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            joined = {name: arrays[name] for name in _FIELDS}
        return list(_sheets(told, joined))
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise errors.FileError(
            f"The sheets in {str(folder)!r} cannot be read; remove the folder, and they are "
            "drawn again."
        ) from exc


def _told(sheet: Sheet) -> dict[str, Any]:
    shown = [(len(p.pixels), len(p.newlines), p.length) for p in sheet.shown]
    sightings = [attrs.asdict(sighting) for sighting in sheet.sightings]
    asked = [attrs.asdict(asked) for asked in sheet.asked]
    return {"parts": sheet.parts, "shown": shown, "sightings": sightings, "asked": asked}


def _sheets(told: Sequence[Mapping[str, Any]], joined: Mapping[str, Array]) -> Iterator[Sheet]:
    view = newline = 0
    for sheet in told:
        shown = []
        for views, newlines, length in sheet["shown"]:
            seen = {name: joined[name][view : view + views] for name in _FIELDS[:3]}
            ends = joined["newlines"][newline : newline + newlines]
            shown.append(Shown(**seen, newlines=ends, length=length))
            view, newline = view + views, newline + newlines
        yield Sheet(
            tuple(sheet["parts"]),
            tuple(shown),
            tuple(
                Sighting(_thing(s["thing"]), Box(**s["box"]), s["seen"]) for s in sheet["sightings"]
            ),
            tuple(_asked(**asked) for asked in sheet["asked"]),
        )


def _asked(
    kind: str, text: str, answer: str, choices: list[str], about: list[dict[str, Any]]
) -> Asked:
    return Asked(kind, text, answer, tuple(choices), tuple(map(_thing, about)))


def _thing(told: Mapping[str, Any]) -> Thing:
    return Thing(told["shape"], told["colour"], Box(**told["box"]), told["text"])
