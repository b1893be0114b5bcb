"""Which parts of a scene to look at: the whole, crops as a search makes them, and canvases."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from visualcrop import Box
from visualcrop.plugin import merge_boxes

from ..scenes import Scene, Thing
from .sight import GRID, View, canvas, part, whole

PER_SCENE = 14
_CROPS, _WIDES, _UNIONS, _CANVASES = 6, 2, 1, 4


def views(scene: Scene, rng: np.random.Generator) -> Iterator[View]:
    """`PER_SCENE` views of a scene, no two alike."""
    yield whole(scene)
    for _ in range(_WIDES):
        side = rng.uniform(0.3, 0.75) * max(scene.picture.size)
        yield part(scene, near(scene, rng, _somewhere(scene, rng), side))
    for number in range(_CROPS):
        yield part(scene, crop(scene, rng, lead=number < 3))
    for _ in range(_UNIONS):
        pair = [roi(scene, rng, thing) for thing in _some(scene, rng, 2)]
        yield part(scene, reduce(Box.around, pair))
    for number in range(_CANVASES):
        yield canvas(scene, _several(scene, rng, alike=number < 3))


def crop(scene: Scene, rng: np.random.Generator, *, lead: bool) -> Box:
    """A box as a search proposes them, or one of any size."""
    place = _somewhere(scene, rng)
    if lead or rng.random() < 0.4:
        thing = scene.things[rng.integers(scene.leads)] if lead else None
        return roi(scene, rng, thing) if thing else near(scene, rng, place, _side(scene, rng))
    side = np.exp(rng.uniform(np.log(100), np.log(730)))
    chosen = scene.things[rng.integers(len(scene.things))].box.centre
    return near(scene, rng, chosen if rng.random() < 0.75 else place, side)


def _several(scene: Scene, rng: np.random.Generator, *, alike: bool) -> list[Box]:
    """Boxes on one canvas: of all things of a shape, or of some things."""
    shape = scene.things[0].shape
    alike = alike and scene.kind == "count"
    if alike:
        chosen = [thing for thing in scene.things if thing.shape == shape]
        if rng.random() < 0.2:
            chosen.append(scene.things[-1])
    elif scene.kind == "relation" and rng.random() < 0.5:
        chosen = list(scene.things[:2])
    else:
        chosen = _some(scene, rng, int(rng.integers(2, 5)))
    boxes = [roi(scene, rng, thing) for thing in chosen]
    return merge_boxes(boxes) if alike or rng.random() < 0.7 else boxes


def roi(scene: Scene, rng: np.random.Generator, thing: Thing) -> Box:
    """About three cells of the map over the whole scene, the thing somewhere in it."""
    side = min(_side(scene, rng), *scene.picture.size)
    return near(scene, rng, thing.box.centre, max(side, 1.1 * thing.box.width))


def _side(scene: Scene, rng: np.random.Generator) -> float:
    cells = rng.choice([3, 3, 3, 5]) * rng.uniform(0.95, 1.05)
    return float(cells) * max(scene.picture.size) / GRID


def near(scene: Scene, rng: np.random.Generator, place: tuple[float, float], side: float) -> Box:
    """A square with *place* in it, not always in the middle, moved into the picture."""
    starts = []
    for at, room in zip(place, scene.picture.size, strict=True):
        start = at - side / 2 + rng.uniform(-0.35, 0.35) * side
        starts.append(min(max(0.0, start), max(0.0, room - side)))
    width, height = scene.picture.size
    left, top = starts
    return Box(left, top, min(left + side, width), min(top + side, height))


def _somewhere(scene: Scene, rng: np.random.Generator) -> tuple[float, float]:
    width, height = scene.picture.size
    return rng.uniform(0, width), rng.uniform(0, height)


def _some(scene: Scene, rng: np.random.Generator, count: int) -> list[Thing]:
    order = rng.permutation(len(scene.things))[:count]
    return [scene.things[index] for index in order]
