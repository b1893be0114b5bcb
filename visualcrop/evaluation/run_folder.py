"""Whether what JSON says has the shape that it should have."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..errors import EvaluationError, FileError, VisualcropError
from ..output.strict_json import escaped
from ..record import Record, is_count, is_number, strict_json
from ..utils.paths import expanded
from ..utils.text_set import Keys
from .resume import Settled
from .study import Study

# What a value has to be: one of several (a tuple), a list of such (a list of one), or a table, of
# named values, which may lack those with a question mark and have others if `...` is named, or of
# values of one shape under any name (which stands under `str`).
Shape: TypeAlias = Any

_PLAIN: Mapping[Any, tuple[str, Callable[[object], bool]]] = {
    None: ("none", lambda value: value is None),
    str: ("text", lambda value: isinstance(value, str)),
    int: ("a whole number", is_count),
    float: ("a number", is_number),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    object: ("anything", lambda value: True),
}


def misfit(value: object, shape: Shape, at: str = "it") -> str:
    """Where *value* is not as *shape* says, in words; empty if it is so everywhere."""
    if isinstance(shape, tuple):
        wrong = [misfit(value, each, at) for each in shape]
        return "" if "" in wrong else wrong[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{at} is no list"
        return _first(misfit(each, shape[0], f"{at}[{n}]") for n, each in enumerate(value))
    if isinstance(shape, Mapping):
        return _misfit(value, shape, at) if isinstance(value, dict) else f"{at} is no table"
    what, fits = _PLAIN[shape]
    return "" if fits(value) else f"{at} is not {what}"


def _misfit(table: Mapping[str, object], shape: Mapping[Any, Shape], at: str) -> str:
    under = "" if at == "it" else f"{at}."
    if str in shape:
        return _first(misfit(each, shape[str], f"{under}{name}") for name, each in table.items())
    own = {name.rstrip("?"): each for name, each in shape.items() if name != "..."}
    if lacking := [name for name in shape if name in own and name not in table]:
        return f"it has no {under}{lacking[0]}"
    if "..." not in shape and (others := [name for name in table if name not in own]):
        return f"it has {under}{others[0][:50]}, which nobody knows"
    return _first(misfit(table[n], own[n], f"{under}{n}") for n in own if n in table)


def _first(told: Iterator[str]) -> str:
    return next(filter(None, told), "")


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
