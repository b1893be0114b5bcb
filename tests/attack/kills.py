"""Kills of a run, at moments that its own progress decides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import attrs

from tests.attack.siege import End, Server

QUESTIONS = 5
_RUN = (
    "evaluate",
    f"shapes(count={QUESTIONS}, size=1k)",
    "-m",
    "tiny-shapes",
    "-s",
    "focus(steps=3)",
)
_SHARD = "samples-1of1.jsonl"
_OF_A_CLOCK = {"seconds", "held"}  # and of nothing else a record's values may depend
_OF_A_MACHINE = {"seconds", "peak_bytes"}


@attrs.frozen
class Moment:
    """When a process is killed."""

    told: str
    job: dict[str, Any]


def moment(rng: Random, folder: Path, whole: int) -> Moment:
    """
    Once its file has grown by so much, or as it touches the run's folder for the nth time.

    Args:
        whole: bytes of the file of an undisturbed run.
    """
    if rng.random() < 0.5:
        shard = folder / _SHARD
        least = (shard.stat().st_size if shard.is_file() else 0) + rng.randrange(1, whole // 4)
        return Moment(f"at {least} bytes", {"kill_when": [str(shard), least]})
    nth = rng.randrange(1, 30)
    return Moment(f"at touch {nth}", {"kill_at": [str(folder), nth]})


def undisturbed(server: Server, scratch: Path) -> Path:
    """The folder of a run that nobody disturbs, made once for each server."""
    folder = server.home / "undisturbed"
    if not folder.is_dir():
        end = _go(server, scratch, folder.name)
        assert end.code == 0, end
        (scratch / folder.name).rename(folder)
    return folder


def killed(server: Server, scratch: Path, kills: int, seed: int) -> tuple[Path, list[str]]:
    """A run that came to its end after so many kills, and when they were."""
    rng, told = Random(f"kills {seed}"), list[str]()
    whole = (undisturbed(server, scratch) / _SHARD).stat().st_size
    folder = scratch / "run"
    for number in range(kills):
        if (folder / "asked-1of1.json").is_file():  # it has come to its end: on to another
            shutil.rmtree(folder)
        when = moment(rng, folder, whole)
        end = _go(server, scratch, folder.name, **when.job)
        assert end.killed or end.signal == "SIGKILL" or end.code == 0, (when, end)
        told.append(when.told if end.code is None else f"{when.told}, too late")
        if number % 3 == 2:
            _tear(rng, folder / _SHARD)
    end = _go(server, scratch, folder.name)
    assert end.code == 0, (told, end)
    return folder, told


def _go(server: Server, scratch: Path, out: str, **job: Any) -> End:
    return server.line([*_RUN, "--out", out, "--json"], scratch, **job)


def _tear(rng: Random, shard: Path) -> None:
    """Leave a line that was being written, as a kill within a write does."""
    if shard.is_file() and (lines := shard.read_bytes().splitlines(keepends=True)):
        with shard.open("ab") as file:
            file.write(lines[0][: rng.randrange(1, len(lines[0]) - 1)])


def differences(whole: Path, folder: Path) -> Iterator[str]:
    """What of a run differs from that of the undisturbed one: answers, costs, and how often."""
    wanted, found = _records(whole), _records(folder)
    if len(found) != len({*map(_key, found)}):
        yield "an answer stands there twice"
    ours = {_key(record): record for record in found}
    for record in wanted:
        other = ours.pop(_key(record), None)
        if other is None:
            yield f"no answer of {_key(record)}"
        else:
            yield from _differing(record, other)
    yield from (f"nobody asked for {key}" for key in ours)


def _records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / _SHARD).read_bytes().splitlines()]


def _key(record: dict[str, Any]) -> tuple[str, str]:
    return record["variant"], record["id"]


def _differing(record: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for name, value in _stable(record).items():
        if value != _stable(other).get(name):
            yield f"{name} of {_key(record)}: {_stable(other).get(name)} instead of {value}"


def _stable(record: dict[str, Any]) -> dict[str, Any]:
    work = {f"work.{k}": v for k, v in record["work"].items() if k not in _OF_A_MACHINE}
    return {k: v for k, v in record.items() if k not in _OF_A_CLOCK | {"work"}} | work
