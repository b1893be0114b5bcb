"""How more steps pay: Fig. 4 of the paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from .figures import Mark, Series

Row: TypeAlias = Mapping[str, Any]
Stepped: TypeAlias = tuple[int, Row]

_STEPS = re.compile(r"\bsteps\s*=\s*(\d+)")


def by_steps(rows: Iterable[Row]) -> list[Series]:
    """Accuracy and recall of each search that has several steps; searches by all else they say."""
    alike: dict[str, list[Stepped]] = {}
    for row in rows:
        label = row["searcher"]
        if found := _STEPS.search(label):
            rest = f"{label[: found.start()]} {label[found.end() :]}".strip(" ,")
            alike.setdefault(rest, []).append((int(found[1]), row))
    if sum(map(len, alike.values())) < 2:
        return []
    return [curve for rest, stepped in alike.items() for curve in _curves(rest, stepped)]


def _curves(rest: str, stepped: Sequence[Stepped]) -> Iterator[Series]:
    told = f", {rest}" if rest else ""
    right = [
        Mark(n, 100 * r["accuracy"], "", 100 * r["interval"][0], 100 * r["interval"][1])
        for n, r in stepped
    ]
    yield Series(f"right{told}", right, joined=True)
    recalls = [Mark(n, 100 * r["recall"]["recall"], "") for n, r in stepped if r["recall"]]
    if recalls:
        yield Series(f"recall{told}", recalls, joined=True)
