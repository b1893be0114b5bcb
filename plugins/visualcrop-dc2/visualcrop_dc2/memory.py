"""Where each object was seen: all that is kept of an image once it has been described."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from visualcrop import Box, Image, VisualcropError, errors

Places: TypeAlias = tuple[Box, ...]  # one box, or several of one size laid over one another


@attrs.frozen
class Memory:
    """Objects with the places where they were seen, in the order they were met."""

    objects: dict[str, list[Places]] = attrs.field(factory=dict)

    def note(self, name: str, places: Places) -> None:
        """Add a place, unless it is known."""
        known = self.objects.setdefault(name, [])
        if places not in known:
            known.append(places)


@attrs.frozen
class Shelf:
    """A folder of memories, a file for each image and each way of describing it."""

    folder: str
    made: Mapping[str, object]  # all that a memory depends on beside the image

    def file(self, image: Image) -> Path:
        text = json.dumps([image.digest, dict(self.made)], sort_keys=True)
        key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        try:
            return Path(self.folder).expanduser() / f"{key}.json"
        except RuntimeError as exc:
            raise errors.FileError(
                f"The folder of memories {self.folder!r} is in nobody's home; give another."
            ) from exc

    def load(self, image: Image) -> Memory | None:
        """The memory of *image*, if there is one."""
        file = self.file(image)
        try:
            written = json.loads(file.read_text("utf-8"))
            memory = _read(written["objects"])
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

    def save(self, image: Image, memory: Memory) -> None:
        """Write *memory* so that nobody ever finds half of it."""
        file = self.file(image)
        written = {"image": image.digest, "made": dict(self.made), "objects": _plain(memory)}
        half = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(json.dumps(written, indent=1), "utf-8")
            half.replace(file)
        except OSError as exc:
            raise errors.FileError(f"{str(file)!r} cannot be written: {exc.strerror}.") from exc


def _boxes(memory: Memory) -> list[Box]:
    return [box for places in _places(memory) for box in places]


def _places(memory: Memory) -> list[Places]:
    return [places for found in memory.objects.values() for places in found]


def _plain(memory: Memory) -> Mapping[str, object]:
    return {
        name: [[attrs.astuple(box) for box in places] for places in found]
        for name, found in memory.objects.items()
    }


def _read(objects: Any) -> Memory:
    memory = Memory()
    try:
        for name, found in objects.items():
            for places in found:
                memory.note(name, tuple(Box(*map(float, box)) for box in places))
    except VisualcropError as exc:
        raise ValueError(str(exc)) from exc
    if not all(_places(memory)):
        raise ValueError("a place has no box")
    return memory
