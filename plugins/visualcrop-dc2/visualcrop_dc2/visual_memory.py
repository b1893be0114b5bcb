"""The visual memory of an image: where each object was seen, without nested places, in files."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from visualcrop import Box, Image, VisualcropError, errors

from .partition import Places


@attrs.frozen
class VisualMemory:
    """Objects by name, each with the places where it was seen, in the order of first sight."""

    objects: dict[str, list[Places]] = attrs.field(factory=dict)

    def add(self, name: str, places: Places) -> None:
        """Add a place, unless it is known."""
        known = self.objects.setdefault(name, [])
        if places not in known:
            known.append(places)


@attrs.frozen
class MemoryFolder:
    """A folder with a JSON file for each image and each way of describing it."""

    folder: str
    settings: Mapping[str, object]  # all that a memory depends on beside the image

    def file(self, image: Image) -> Path:
        text = json.dumps([image.digest, dict(self.settings)], sort_keys=True)
        key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        try:
            return Path(self.folder).expanduser() / f"{key}.json"
        except RuntimeError as exc:
            raise errors.FileError(
                f"The folder of memories {self.folder!r} is in nobody's home; give another."
            ) from exc

    def load(self, image: Image) -> VisualMemory | None:
        """The memory of *image*, if there is one."""
        file = self.file(image)
        try:
            written = json.loads(file.read_text("utf-8"))
            memory = _parse(written["objects"])
            if not all(map(image.box.contains, _boxes(memory))):
                raise ValueError("a place lies outside the image")
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise errors.FileError(f"{str(file)!r} cannot be read: {exc.strerror}.") from exc
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:
            raise errors.FileError(
                f"{str(file)!r} is no visual memory; delete it, and it is made anew."
            ) from exc
        return memory

    def save(self, image: Image, memory: VisualMemory) -> None:
        """Write *memory* to a file of its own first, so that no reader finds half of it."""
        file = self.file(image)
        written = {"image": image.digest, "made": dict(self.settings), "objects": _to_json(memory)}
        temporary = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(written, indent=1), "utf-8")
            temporary.replace(file)
        except OSError as exc:
            raise errors.FileError(f"{str(file)!r} cannot be written: {exc.strerror}.") from exc


def _boxes(memory: VisualMemory) -> list[Box]:
    return [box for places in _places(memory) for box in places]


def _places(memory: VisualMemory) -> list[Places]:
    return [places for found in memory.objects.values() for places in found]


def _to_json(memory: VisualMemory) -> Mapping[str, object]:
    return {
        name: [[attrs.astuple(box) for box in places] for places in found]
        for name, found in memory.objects.items()
    }


def _parse(objects: Any) -> VisualMemory:
    memory = VisualMemory()
    try:
        for name, found in objects.items():
            for places in found:
                memory.add(name, tuple(Box(*map(float, box)) for box in places))
    except VisualcropError as exc:
        raise ValueError(str(exc)) from exc
    if not all(_places(memory)):
        raise ValueError("a place has no box")
    return memory


def drop_nested(found: Sequence[Places], *, smaller: bool = False) -> list[Places]:
    """*found* without places inside a larger one or, with *smaller*, around a smaller one."""
    kept: list[Places] = []
    for places in sorted(found, key=_area, reverse=not smaller):
        box = Box.union(places)
        others = [Box.union(other) for other in kept]
        if not any(box.contains(o) if smaller else o.contains(box) for o in others):
            kept.append(places)
    return [places for places in found if places in kept]


def drop_nested_as_authors(found: Sequence[Places]) -> list[Places]:
    """
    The published filter, with two mistakes that change what is kept.

    It finds nested places in a list ordered by area, and takes those at the same positions out of
    the list as it was; and the box of a union is as many times as wide and as high as it has
    members.
    """
    order = sorted(found, key=_area, reverse=True)
    boxes = [_stretched_box(places) for places in order]
    nested = {
        later for later, box in enumerate(boxes) if any(b.contains(box) for b in boxes[:later])
    }
    return [places for index, places in enumerate(found) if index not in nested]


def _area(places: Places) -> float:
    """Pixels of all members; three count as four."""
    return places[0].area * (4 if len(places) == 3 else len(places))


def _stretched_box(places: Places) -> Box:
    box, times = Box.union(places), 4 if len(places) == 3 else len(places)
    first = places[0]
    right, bottom = box.left + times * first.width, box.top + times * first.height
    return Box(box.left, box.top, right, bottom)
