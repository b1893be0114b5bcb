"""A run's folder: the study, what it ran on, and a line for each answer, safe as soon as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..errors import EvaluationError, FileError
from ..record import Record
from ..utils.paths import expanded
from ..utils.text_set import Keys
from .completed import Settled
from .folder import ASKED, MANIFEST, SHARD, STUDY, read_asked, read_manifest, read_study, workers
from .study import Study

Worker: TypeAlias = tuple[int, int]  # the first of eight, say
Present: TypeAlias = Counter[tuple[Worker, str]]  # answers by shard and variant
_Place: TypeAlias = tuple[Worker, int]  # a shard, and a line in it


@attrs.frozen
class Store:
    """The folder of one run; several processes may write, each into a file of its own."""

    folder: Path

    @classmethod
    def existing(cls, folder: str | Path) -> Store:
        """The run in *folder*."""
        store = cls(expanded(folder))
        if not (store.folder / STUDY).is_file():
            raise EvaluationError(
                f"{str(folder)!r} holds no run; give the --out of an evaluation."
                if not store.shards()
                else f"{str(folder)!r} has answers, but no study.json: put it back."
            )
        return store

    @property
    def study(self) -> Study:
        return read_study(self.folder)

    @property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder)

    def shard(self, worker: Worker) -> Path:
        """The file of one worker."""
        return self.folder / SHARD.format("{}of{}".format(*worker))

    def report(self, worker: Worker) -> Path:
        """What one worker says of its part."""
        return self.folder / ASKED.format("{}of{}".format(*worker))

    def shards(self) -> dict[Worker, Path]:
        """The files of all workers that have begun."""
        return workers(self.folder, SHARD)

    def records(self, present: Present | None = None) -> Iterator[Record]:
        """
        Every answer once, those that failed at the end; asked again, the later one counts.

        In *present* it is counted how many each shard has.
        """
        present = Counter() if present is None else present
        settled, failed = Keys(), dict[tuple[str, str], _Place]()
        for place, record in self._lines():
            if record.status == "error":
                failed[record.key] = place
                continue
            present[place[0], record.variant] += 1
            if settled.add(*record.key):
                yield record
        last = {place for key, place in failed.items() if key not in settled}
        if last:  # they are read again rather than kept
            for place, record in self._lines():
                if place in last:
                    present[place[0], record.variant] += 1
                    yield record

    def settled(self, worker: Worker) -> Settled:
        """All that need not be asked again, and what of it *worker* has; what failed is asked."""
        settled = Settled()
        for (whose, _), record in self._lines():
            settled.add(record, own=whose == worker)
        return settled

    def holds(self, other: str, so: str = "give another --out, or remove it") -> EvaluationError:
        """The refusal to go on with a run of something else."""
        return EvaluationError(f"{str(self.folder)!r} holds a run of {other}; {so}.")

    @property
    def finished(self) -> bool:
        """Whether the worker of each part has come to its end."""
        asked = self.reports()
        counts = {parts for _, parts in (*asked, *self.shards())}
        return bool(counts) and all(
            asked.get((part + 1, parts), {}).get("finished")
            for parts in counts
            for part in range(parts)
        )

    def asked(self) -> list[dict[str, Any]]:
        """What each worker that came to its end found in the dataset."""
        return [*self.reports().values()]

    def reports(self) -> dict[Worker, dict[str, Any]]:
        """The same, by worker."""
        return {worker: read_asked(path) for worker, path in workers(self.folder, ASKED).items()}

    def broken(self) -> tuple[int, str]:
        """How many rows of the dataset are broken, and the first; each worker met them all."""
        met = [each for each in self.asked() if each["broken"]]
        if not met:
            return 0, ""
        most = max(met, key=lambda each: int(each["broken"]))
        first = most["named"][0]
        return most["broken"], f"{first['id']!r}: {first['reason']}"

    def _digests(self) -> set[str]:
        """Of the study, as versions of visualcrop that wrote answers have made them."""
        told = self.manifest if (self.folder / MANIFEST).is_file() else {}
        return {"", self.study.digest, told.get("digest", ""), *told.get("digests", ())}

    def _lines(self) -> Iterator[tuple[_Place, Record]]:
        study, digests = self.study, self._digests()
        for worker, shard in self.shards().items():
            for number, line in _numbered(shard):
                record = _read(shard, number, line)
                if record.variant not in study.variants:
                    raise _foreign(shard, number, f"a variant {record.variant[:50]!r}")
                if record.study not in digests:
                    raise _foreign(shard, number, "an answer of another study")
                yield (worker, number), record


def _numbered(shard: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with shard.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):  # otherwise it was torn, and is asked again
                    yield number, line
    except OSError as exc:
        raise FileError(f"{str(shard)!r} cannot be read: {exc.strerror}.") from exc


def _read(shard: Path, number: int, line: bytes) -> Record:
    try:
        return Record.read(line)
    except EvaluationError as exc:
        reason = str(exc).rstrip(".")
        raise EvaluationError(
            f"Line {number} of {str(shard)!r} is no record ({reason}); remove it, and run the "
            "study again."
        ) from exc


def _foreign(shard: Path, number: int, what: str) -> EvaluationError:
    return EvaluationError(
        f"Line {number} of {str(shard)!r} is {what}, which the run's study.json does not have; "
        "take the file out, and run the study again."
    )
