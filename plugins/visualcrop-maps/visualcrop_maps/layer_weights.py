"""Weights of layers: learned from boxed things, kept in a file, and checked when read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from visualcrop import Box, BudgetedModel, RelevanceMap, Target, View
from visualcrop.errors import FileError, SpecError
from visualcrop.plugin import OnePassSource, Spec, expand_path, read_limited

from .parts import map_layers
from .scores import normalise

_FORMAT = "visualcrop-layer-weights/1"
_MOST_BYTES = 1_000_000  # of a file; one of a thousand layers has 30,000
_MOST_LAYERS = 10_000


@attrs.frozen
class LayerWeights:
    """What the map of each decoder layer counts, for one model and one source."""

    name: str  # of the model, for people
    model: str  # its fingerprint, or its id where there is none
    source: str  # its spec
    weights: Mapping[int, float]  # by layer, from 0
    items: int  # boxed things that they were learned from

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        held = attrs.asdict(self) | {"weights": {str(k): v for k, v in self.weights.items()}}
        path.write_text(json.dumps({"format": _FORMAT, **held}, indent=1) + "\n", "utf-8")

    @classmethod
    def read(cls, path: Path) -> LayerWeights:
        """Those of a file, each field of which is checked."""
        try:
            held = json.loads(read_limited(expand_path(path), _MOST_BYTES))
        except (FileError, ValueError, RecursionError) as exc:
            raise _refusal(path, "cannot be read") from exc
        if not isinstance(held, dict) or held.get("format") != _FORMAT:
            raise _refusal(path, "are none")
        texts = [t for key in ("name", "model", "source") if isinstance(t := held.get(key), str)]
        weights, items = _check_weights(held.get("weights")), held.get("items")
        if len(texts) < 3 or not weights:
            raise _refusal(path, "lack a model, a source or numbers by layer")
        if isinstance(items, bool) or not isinstance(items, int) or items < 1:
            raise _refusal(path, "do not say of how many things they were learned")
        name, model, source = texts
        return cls(name, model, source, weights, items)

    def check_for(self, source: OnePassSource, model: BudgetedModel) -> None:
        """Raise unless they were learned with *source* on *model*."""
        if self.model != (model.fingerprint or model.id):
            raise SpecError(
                f"The layer weights were learned with the model {self.name[:100]!r}, and this is "
                "another; learn others with fit_layer_weights."
            )
        if self.source != (asked := str(Spec.of(source))):
            raise SpecError(
                f"The layer weights were learned with the source {self.source[:100]!r}, not "
                f"{asked!r}; learn others with fit_layer_weights."
            )


def _check_weights(held: Any) -> dict[int, float]:
    """Finite numbers by layer; of anything else none."""
    if not isinstance(held, dict) or len(held) > _MOST_LAYERS:
        return {}
    if not all(key.isascii() and key.isdecimal() and len(key) < 6 for key in held):
        return {}
    numbers = [v for v in held.values() if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(held) or not all(abs(v) < 1e9 for v in numbers):  # nor NaN
        return {}
    return {int(key): float(value) for key, value in held.items()}


def _refusal(path: Path, what: str) -> SpecError:
    return SpecError(
        f"The layer weights in {str(path)!r} {what}; give a file that fit_layer_weights saved."
    )


def fit_layer_weights(
    source: OnePassSource,
    items: Iterable[tuple[View, Target, Box]],
    model: BudgetedModel,
    ridge: float = 1.0,
) -> LayerWeights:
    """
    Learn by ridge regression which layers' maps show where a thing is. One pass for each item.

    Args:
        source: Whose layers' maps are weighed.
        items: About 50 views, each with a target and its box, in pixels of the image.
        model: It is charged as in a search.
        ridge: Penalty of the weights, in parts of the mean square of the maps' cells.
    """
    products: npt.NDArray[np.float64] | None = None
    count = 0
    for view, target, box in items:
        (by_layer,) = map_layers(source, view, [target], model)
        cells = np.stack([normalise(m.scores).ravel() for m in by_layer.values()], 1)
        cells = np.column_stack([cells * len(cells), _cover(next(iter(by_layer.values())), box)])
        cells -= cells.mean(0)  # each map has an offset of its own
        found = cells.T @ cells / len(cells)
        products, count = (found if products is None else products + found), count + 1
        layers = [*by_layer]
    if products is None:
        raise SpecError("There is no item to learn layer weights from; give 50 with boxes.")
    squares, wanted = products[:-1, :-1], products[:-1, -1]
    penalty = ridge * max(float(np.trace(squares)) / len(layers), 1e-12)
    solved = np.linalg.solve(squares + penalty * np.eye(len(layers)), wanted)
    scale = float(np.abs(solved).max()) or 1.0
    weights = {layer: float(w / scale) for layer, w in zip(layers, solved, strict=True)}
    if not all(map(math.isfinite, weights.values())):
        raise SpecError("The maps hold no finite numbers; try another dtype.")
    name = PurePath(model.id).name  # folders differ between machines
    return LayerWeights(name, model.fingerprint or model.id, str(Spec.of(source)), weights, count)


def _cover(found: RelevanceMap, box: Box) -> npt.NDArray[np.float64]:
    """Of each cell, row by row, the part of *box* that lies in it."""
    rows, columns = (
        np.clip(np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start), 0, None)
        for edges, start, stop in (
            (np.array(found.grid.ys), box.top, box.bottom),
            (np.array(found.grid.xs), box.left, box.right),
        )
    )
    covered: npt.NDArray[np.float64] = np.outer(rows, columns).ravel() / box.area
    return covered
