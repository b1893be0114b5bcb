"""The folder of a run: study.json, manifest.json, and for each shard its records and report."""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..data.record import Record, is_count, strict_json
from ..errors import EvaluationError, FileError, VisualcropError
from ..output.strict_json import escape_unprintable
from ..utils.fields import is_number
from ..utils.paths import expand_path, write_atomically
from ..utils.text_set import TextSet
from .shard import ShardIndex
from .study import Study

STUDY, MANIFEST, REPORT, SHARD = "study.json", "manifest.json", "asked-{}.json", "samples-{}.jsonl"
_INDEX = r"([1-9]\d{0,5})of([1-9]\d{0,5})"

Present: TypeAlias = Counter[tuple[ShardIndex, str]]  # records by shard and variant
_Line: TypeAlias = tuple[ShardIndex, int]  # a shard, and the number of a line in it

# A JSON schema in Python's terms. A tuple: one of these; a list of one: a list of those; a dict: a
# table with these keys, of which those with a question mark may be absent and `...` allows others;
# under the key `str`: a table whose values are all of one shape.
Shape: TypeAlias = Any

_TEXTS: Shape = {str: str}
_STUDY: Shape = {
    "dataset": str,
    "model": str,
    "variants": _TEXTS,
    "budget": {"passes": (int, None), "seconds": (float, None)},
    "protocol?": str,
    "inference?": (str, None),
    "weigh?": (str, None),
    "end_token?": (bool, None),
    "options?": {str: [str]},
    "sharing?": bool,
    "open_ended?": bool,
    "judge?": (str, None),
    "beside?": (
        {
            "table": int,
            "columns": _TEXTS,
            "rows": {str: _TEXTS},
            "where?": _TEXTS,
            "categories?": ({"table": int, "columns": _TEXTS, "rows": {str: _TEXTS}}, None),
        },
        None,
    ),
    "draws?": {str: [str]},
}
_ENVIRONMENT: Shape = {
    "packages": _TEXTS,
    "plugins": [str],
    "machine": {
        "system": str,
        "cores": (int, None),
        "gpu": (str, None),
        "processor?": (str, None),
        "...": object,
    },
    "commit": (str, None),
}
_MANIFEST: Shape = {
    **_ENVIRONMENT,
    "protocol": {"name": str, "digest": str, "...": object},
    "resolved": {"model": str, "dataset": str, "searchers": _TEXTS, "...": object},
    "digest?": str,
    "digests?": [str],  # of the same study, as later versions of visualcrop compute them
    "fingerprint?": str,  # of the model; absent in older runs
    "resumed?": [{**_ENVIRONMENT, "...": object}],
    "changes?": [str],
    "...": object,
}
_REPORT: Shape = {
    "questions": int,
    "broken": int,
    "named": [{"id": str, "reason": str, "...": object}],
    "answers?": {str: int},  # by variant; absent in older runs
    "finished?": bool,
    "chance?": float,
    "...": object,
}
_NAMED_RUNS = 5  # at most, where a folder holds several


@attrs.frozen
class Store:
    """The files of one run. Several processes may write, each to a shard of its own."""

    folder: Path

    @classmethod
    def existing(cls, folder: str | Path) -> Store:
        """Open the run in *folder*."""
        store = cls(expand_path(folder))
        if not (store.folder / STUDY).is_file():
            raise EvaluationError(_explain_no_run(store, str(folder)))
        return store

    @property
    def study(self) -> Study:
        return read_study(self.folder)

    @property
    def manifest(self) -> dict[str, Any]:
        return read_manifest(self.folder)

    def shard_path(self, index: ShardIndex) -> Path:
        """File of a shard's records."""
        return self.folder / SHARD.format("{}of{}".format(*index))

    def report_path(self, index: ShardIndex) -> Path:
        """File of a shard's report: what its process found in the dataset."""
        return self.folder / REPORT.format("{}of{}".format(*index))

    def shards(self) -> dict[ShardIndex, Path]:
        """Files of the shards that have been started."""
        return find_shard_files(self.folder, SHARD)

    def reports(self) -> dict[ShardIndex, dict[str, Any]]:
        """What each shard's process found in the dataset."""
        files = find_shard_files(self.folder, REPORT)
        return {index: read_report(path) for index, path in files.items()}

    def records(self, present: Present | None = None) -> Iterator[Record]:
        """
        One record for each question and variant, errors last; after a retry, the answer counts.

        *present* is filled with how many each shard has.
        """
        present = Counter() if present is None else present
        answered, failed = TextSet(), dict[tuple[str, str], _Line]()
        for line, record in self.lines():
            if record.status == "error":
                failed[record.key] = line
                continue
            present[line[0], record.variant] += 1
            if answered.add(*record.key):
                yield record
        last = {line for key, line in failed.items() if key not in answered}
        if last:  # read again rather than held in memory
            for line, record in self.lines():
                if line in last:
                    present[line[0], record.variant] += 1
                    yield record

    def conflict(
        self, other: str, advice: str = "give another --out, or remove it"
    ) -> EvaluationError:
        """The error for resuming with anything but the run that the folder holds."""
        return EvaluationError(f"{str(self.folder)!r} holds a run of {other}; {advice}.")

    @property
    def finished(self) -> bool:
        """Whether the process of every shard has reached the end of its questions."""
        reports = self.reports()
        counts = {parts for _, parts in (*reports, *self.shards())}
        return bool(counts) and all(
            reports.get((part + 1, parts), {}).get("finished")
            for parts in counts
            for part in range(parts)
        )

    def broken(self) -> tuple[int, str]:
        """How many rows of the dataset are broken, and the first; every shard meets them all."""
        found = [report for report in self.reports().values() if report["broken"]]
        if not found:
            return 0, ""
        most = max(found, key=lambda report: int(report["broken"]))
        first = most["named"][0]
        return most["broken"], f"{first['id']!r}: {first['reason']}"

    def lines(self) -> Iterator[tuple[_Line, Record]]:
        """Every record with its place, those too that a later one replaces."""
        study, digests = self.study, self._digests()
        for index, shard in self.shards().items():
            for number, line in _numbered(shard):
                record = _read_record(shard, number, line)
                if record.variant not in study.variants:
                    raise _foreign(shard, number, f"a variant {record.variant[:50]!r}")
                if record.study not in digests:
                    raise _foreign(shard, number, "an answer of another study")
                yield (index, number), record

    def _digests(self) -> set[str]:
        """Of the study, as the versions of visualcrop that wrote records computed them."""
        manifest = self.manifest if (self.folder / MANIFEST).is_file() else {}
        own = {"", self.study.digest, manifest.get("digest", "")}
        return {*own, *manifest.get("digests", ())}


def find_shard_files(folder: Path, pattern: str) -> dict[ShardIndex, Path]:
    """Files of *folder* that *pattern* names, by shard and in order."""
    found: dict[ShardIndex, Path] = {}
    named = re.compile(re.escape(pattern).replace(r"\{\}", _INDEX))
    for path in sorted(folder.glob(pattern.format("*"))):
        part = named.fullmatch(path.name)
        if part is None or int(part[1]) > int(part[2]):
            raise EvaluationError(
                f"{str(path)!r} is no part of a run, such as {pattern.format('1of8')}; rename it, "
                "or take it out."
            )
        if not stat.S_ISREG(path.lstat().st_mode):
            raise EvaluationError(f"{str(path)!r} is not a plain file; take it out of the run.")
        found[int(part[1]), int(part[2])] = path
    return found


def _numbered(shard: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with shard.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.endswith(b"\n"):  # a torn line is asked again
                    yield number, line
    except OSError as exc:
        raise FileError(f"{str(shard)!r} cannot be read: {exc.strerror}.") from exc


def _read_record(shard: Path, number: int, line: bytes) -> Record:
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


def _explain_no_run(store: Store, name: str) -> str:
    """Why a folder is not that of a run, and which of those within it are."""
    if store.shards():
        return f"{name!r} has answers, but no study.json: put it back."
    within = sorted(path.parent.name for path in store.folder.glob(f"*/{STUDY}"))
    if not within:
        return f"{name!r} holds no run; give the --out of an evaluation."
    more = f" and {len(within) - _NAMED_RUNS} more" if len(within) > _NAMED_RUNS else ""
    runs = ", ".join(map(repr, within[:_NAMED_RUNS]))
    return f"{name!r} holds several runs; give the folder of one: {runs}{more} in it."


def read_study(folder: Path) -> Study:
    """Read study.json."""
    found = _read_shaped(folder / STUDY, _STUDY)
    try:
        return Study.from_json(found)
    except VisualcropError as exc:
        raise _unusable(folder / STUDY, str(exc).rstrip(".")) from exc


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read manifest.json: versions, machine, resolved specs."""
    found: dict[str, Any] = _read_shaped(folder / MANIFEST, _MANIFEST)
    return found


def read_report(path: Path) -> dict[str, Any]:
    """Read a shard's report."""
    found: dict[str, Any] = _read_shaped(path, _REPORT)
    if found["broken"] and not found["named"]:
        raise _unusable(path, "it names no broken row")
    return {"answers": {}, "finished": True, **found}


def read_json(path: Path) -> Any:
    """Read a JSON file of the run."""
    try:
        if not path.is_file():  # reading a pipe would never end
            raise FileError(f"{str(path)!r} cannot be read: there is no such file.")
        return strict_json(path.read_bytes())
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise _unusable(path, f"it is no JSON: {exc}") from exc


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file of the run atomically: readers see the old one or the new one."""
    text = (
        escape_unprintable(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n"
    )
    try:
        write_atomically(path, text.encode("utf-8", "replace"))
    except OSError as exc:
        raise FileError(f"{str(path)!r} cannot be written: {exc.strerror}.") from exc


def _read_shaped(path: Path, shape: Shape) -> Any:
    value = read_json(path)
    if wrong := find_misfit(value, shape):
        raise _unusable(path, wrong)
    return value


def _unusable(path: Path, reason: str) -> EvaluationError:
    return EvaluationError(
        f"{str(path)!r} cannot be used ({reason}); put back what was there, or take another folder."
    )


_PLAIN: Mapping[Any, tuple[str, Callable[[object], bool]]] = {
    None: ("none", lambda value: value is None),
    str: ("text", lambda value: isinstance(value, str)),
    int: ("a whole number", is_count),
    float: ("a number", is_number),
    bool: ("true or false", lambda value: isinstance(value, bool)),
    object: ("anything", lambda value: True),
}


def find_misfit(value: object, shape: Shape, at: str = "it") -> str:
    """Where *value* is not as *shape* says, in words; empty if it fits."""
    if isinstance(shape, tuple):
        wrong = [find_misfit(value, each, at) for each in shape]
        return "" if "" in wrong else wrong[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{at} is no list"
        return _first(find_misfit(each, shape[0], f"{at}[{n}]") for n, each in enumerate(value))
    if isinstance(shape, Mapping):
        return _table_misfit(value, shape, at) if isinstance(value, dict) else f"{at} is no table"
    what, fits = _PLAIN[shape]
    return "" if fits(value) else f"{at} is not {what}"


def _table_misfit(table: Mapping[str, object], shape: Mapping[Any, Shape], at: str) -> str:
    under = "" if at == "it" else f"{at}."
    if str in shape:
        return _first(find_misfit(each, shape[str], f"{under}{key}") for key, each in table.items())
    known = {key.rstrip("?"): each for key, each in shape.items() if key != "..."}
    if lacking := [key for key in shape if key in known and key not in table]:
        return f"it has no {under}{lacking[0]}"
    if "..." not in shape and (others := [key for key in table if key not in known]):
        return f"it has {under}{others[0][:50]}, which nobody knows"
    return _first(find_misfit(table[n], known[n], f"{under}{n}") for n in known if n in table)


def _first(misfits: Iterator[str]) -> str:
    return next(filter(None, misfits), "")
