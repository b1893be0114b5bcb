"""Answers that a run should have, and has not: lost, or not asked for yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import VisualcropError
from ..plugin.registry import Registry
from .run_folder import Present, Store


def wanted(store: Store, asked: Mapping[str, int], present: Present) -> dict[str, int | None]:
    """
    By variant, how many questions there should be, of which so many were *asked*.

    None where nothing is missing, and 0 where the run is unfinished and nobody knows how many.
    *present* is what each shard holds: what its worker had left there is not less.
    """
    lost = {label: _lost(store, label, present) for label in store.study.variants}
    if store.finished:
        return {label: asked.get(label, 0) + n if n else None for label, n in lost.items()}
    count = _count(store)
    return {label: count and max(count, asked.get(label, 0) + n) for label, n in lost.items()}


def _lost(store: Store, label: str, present: Present) -> int:
    """Answers that a worker had, and its shard has no more."""
    left = ((worker, told["answers"].get(label, 0)) for worker, told in store.reports().items())
    return sum(max(0, had - present[worker, label]) for worker, had in left)


def _count(store: Store) -> int:
    """How many questions the dataset has; 0 if that cannot be told."""
    try:
        dataset = store.study.build_dataset(Registry.load())
        return dataset.published().get("samples") or sum(1 for _ in dataset)
    except VisualcropError:  # it need not be on this machine
        return 0


def missing_told(asked: Iterable[tuple[str, int, int | None]]) -> str:
    """That a run is unfinished, by label, questions asked, and wanted; empty if it is not."""
    found: dict[str, list[str]] = {}
    missing, known = 0, True
    for label, count, most in asked:
        if most is not None and (count < most or not most):
            told = f"{count} of {most}" if most else f"only {count}"
            found.setdefault(told, []).append(label)
            missing, known = missing + (most - count), known and bool(most)
    if not found:
        return ""
    listed = "; ".join(f"{told} asked ({', '.join(names)})" for told, names in found.items())
    who = "the same command, and those of other shards, ask only these"
    more = f" {missing} answers are missing: {who}." if known else ""
    return f"Unfinished: {listed}.{more}"
