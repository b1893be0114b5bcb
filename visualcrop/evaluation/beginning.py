"""Begins a run, or goes on with one: what a folder holds is settled before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ..errors import EvaluationError, FileError
from ..utils.paths import expanded
from .folder import ASKED, MANIFEST, STUDY, workers, write_json
from .locking import is_locked, settling
from .shard import Shard
from .store import Store, Worker
from .study import Study

_MADE = ("packages", "plugins", "machine", "commit")  # of the manifest, with what it was made


@contextmanager
def begun(
    folder: str | Path,
    study: Study,
    told: Mapping[str, Any],
    worker: Worker = (1, 1),
    *,
    forced: bool = False,
) -> Iterator[tuple[Store, Shard]]:
    """
    The run of *study* in *folder*, and the shard of *worker*, which is its own until the end.

    *told* is the manifest, as it is now. If another study, another model or another process is in
    the way, nothing is written; *forced*, a model may be another, and the manifest says so.
    """
    store = Store(expanded(folder))
    with ExitStack() as held:
        with settling(store.folder):
            fresh = _is_free(store, study)
            manifest = dict(told) if fresh else _gone_on(store, study, told, forced=forced)
            shard = held.enter_context(Shard(store.shard(worker)))
            if fresh:
                _sweep(store, shard.path)
            if fresh or store.study != study:
                write_json(store.folder / STUDY, study.as_json())
            if fresh or manifest != store.manifest:
                write_json(store.folder / MANIFEST, manifest)
        yield store, shard


def note_change(store: Store, change: str) -> None:
    """Write down in the manifest what was another when the run went on all the same."""
    with settling(store.folder):
        told = store.manifest
        changes = told.setdefault("changes", [])
        if change not in changes:
            changes.append(change)
            write_json(store.folder / MANIFEST, told)


def _is_free(store: Store, study: Study) -> bool:
    """Whether no run is in the folder; one that was begun and left without an answer is none."""
    shards = store.shards().values()
    used = any(shard.stat().st_size or is_locked(shard) for shard in shards)
    used = used or any(told["questions"] for told in store.asked())
    if not used:
        return True
    if not (store.folder / STUDY).is_file():
        raise EvaluationError(
            f"{str(store.folder)!r} has answers, but no study.json; put it back, or give another "
            "--out."
        )
    if store.study.digest != study.digest:
        raise store.holds(f"another study ({store.study.differing(study)})")
    return False


def _gone_on(
    store: Store, study: Study, told: Mapping[str, Any], *, forced: bool
) -> dict[str, Any]:
    """The manifest of a run that goes on: as it was, and what is another by now."""
    if not (store.folder / MANIFEST).is_file():
        return {**told, "changes": ["The manifest was gone, and is of when the run went on."]}
    kept = store.manifest
    before, now = kept.get("fingerprint", ""), told.get("fingerprint", "")
    if before and now and before != now:
        is_now = f"its fingerprint is {now}, not {before[:64]}"
        change = f"what {study.model!r} names has changed ({is_now})"
        if not forced:
            so = "give another --out, or --force to go on all the same"
            raise store.holds(f"another model: {change}", so)
        kept["changes"] = [*dict.fromkeys([*kept.get("changes", ()), f"Forced: {change}."])]
    made = {name: told.get(name) for name in _MADE}
    resumed = kept.get("resumed", [])
    if made not in [{name: each.get(name) for name in _MADE} for each in (kept, *resumed)]:
        kept["resumed"] = [*resumed, made]
    if study.digest != kept.get("digest", study.digest):
        kept["digests"] = [*dict.fromkeys([*kept.get("digests", ()), study.digest])]
    return kept


def _sweep(store: Store, own: Path) -> None:
    """Take away what a run left that never got to a first answer."""
    files = (store.folder / STUDY, store.folder / MANIFEST)
    asked = workers(store.folder, ASKED).values()
    shards = (path for path in store.shards().values() if path != own)
    try:
        for path in (*files, *asked, *shards):
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise FileError(f"{str(store.folder)!r} cannot be written: {exc.strerror}.") from exc
