"""A run's folder: the study, what it ran on, and a line for each answer, safe as soon as it is."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..errors import EvaluationError, FileError
from ..keys import Keys
from ..output.strict_json import escaped
from ..record import Record
from .settled import Settled
from .study import Study

STUDY, MANIFEST, ASKED = "study.json", "manifest.json", "asked-{}.json"
_SHARDS = "samples-*.jsonl"
_Place: TypeAlias = tuple[str, int]  # a shard, and a line in it


@attrs.frozen
class Store:
    """The folder of one run; several processes may write, each into a file of its own."""

    folder: Path

    @classmethod
    def begin(cls, folder: Path, study: Study) -> Store:
        """A new run, or the one in *folder* if it is of the same study."""
        store = cls(folder.expanduser())
        if (store.folder / STUDY).is_file() and store.study.digest != study.digest:
            if any(shard.stat().st_size for shard in store.folder.glob(_SHARDS)):
                raise store.holds(f"another study ({store.study.differing(study)})")
            (store.folder / MANIFEST).unlink(missing_ok=True)  # it never got to a first answer
        write_json(store.folder / STUDY, study.as_json())
        return store

    @classmethod
    def existing(cls, folder: Path) -> Store:
        """The run in *folder*."""
        if not (folder.expanduser() / STUDY).is_file():
            raise EvaluationError(f"{str(folder)!r} holds no run; give the --out of an evaluation.")
        return cls(folder.expanduser())

    @property
    def study(self) -> Study:
        return Study.from_json(read_json(self.folder / STUDY))

    def shard(self, worker: str) -> Path:
        """The file of one worker."""
        return self.folder / _SHARDS.replace("*", worker)

    def records(self) -> Iterator[Record]:
        """Every answer once, those that failed at the end; asked again, the later one counts."""
        settled, failed = Keys(), dict[tuple[str, str], _Place]()
        for place, record in self._lines():
            if record.status == "error":
                failed[record.key] = place
            elif settled.add(*record.key):
                yield record
        last = {place for key, place in failed.items() if key not in settled}
        if last:  # they are read again rather than kept
            yield from (record for place, record in self._lines() if place in last)

    def settled(self) -> Settled:
        """All that need not be asked again; what failed is."""
        settled = Settled()
        for _, record in self._lines():
            if record.status != "error":
                settled.add(record)
        return settled

    def holds(self, other: str) -> EvaluationError:
        """The refusal to go on with a run of something else."""
        return EvaluationError(
            f"{str(self.folder)!r} holds a run of {other}; give another --out, or remove it."
        )

    @property
    def finished(self) -> bool:
        """Whether the worker of each part has come to its end."""
        parts = {shard.stem.rpartition("of")[2] for shard in self.folder.glob(_SHARDS)}
        workers = [f"{part + 1}of{parts}" for parts in parts for part in range(int(parts))]
        return all((self.folder / ASKED.format(worker)).is_file() for worker in workers)

    def asked(self) -> list[dict[str, Any]]:
        """What each worker that came to its end found in the dataset."""
        return [read_json(path) for path in sorted(self.folder.glob(ASKED.format("*")))]

    def _lines(self) -> Iterator[tuple[_Place, Record]]:
        for shard in sorted(self.folder.glob(_SHARDS)):
            with shard.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):  # otherwise it was torn, and is asked again
                        yield (shard.name, number), _read(shard, number, line)


def _read(shard: Path, number: int, line: bytes) -> Record:
    try:
        return Record.read(line)
    except (EvaluationError, TypeError) as exc:
        raise EvaluationError(
            f"Line {number} of {str(shard)!r} is no record; remove it, and run the study again."
        ) from exc


def read_json(path: Path) -> Any:
    """What a file of the run holds."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc}.") from exc


def write_json(path: Path, value: Any) -> None:
    """Write a file of the run, whole or not at all, whoever else writes it at the same time."""
    text = escaped(json.dumps(value, ensure_ascii=False, indent=2)) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror}.") from exc
