"""Small things that were put down on a desk: in clusters, and loose between calm parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TypeAlias

import attrs
import numpy as np

from ..drawing import Thing
from ..sprites import Pose, Sprite
from .extras import draw_extra, sample_muted
from .marks import BUTTON, CLIP, COIN, COINS, DISH, NOTE, PEN, PIN, RUBBER, SHAVING, SIZES, STAMP
from .stage import Stage
from .surfaces import Panel

Rng: TypeAlias = np.random.Generator
Frame: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom
_Spot: TypeAlias = tuple[Thing, float, float, float]  # kind, across, down and turn in a cluster
_Sampler: TypeAlias = Callable[[Rng], list[_Spot]]
_APART = 6.0  # between small things that lie loose, in thousandths
_CALM = 90.0  # radius of a calm part
# How often each kind lies loose.
_LOOSE: dict[Thing, int] = dict(
    zip(
        (COIN, BUTTON, PIN, CLIP, STAMP, SHAVING, RUBBER, NOTE, PEN),
        (4, 4, 4, 4, 2, 2, 1, 1, 1),
        strict=True,
    )
)


@attrs.define(eq=False)
class Ground:
    """Boxes of what lies on a desk already."""

    _boxes: list[Frame] = attrs.field(factory=list)

    def add(self, box: Frame) -> None:
        """Take a place."""
        self._boxes.append(box)

    def is_free(self, box: Frame, gap: float = 0.0) -> bool:
        """Whether nothing is within a *gap* around a box; below 0, boxes may meet by so much."""
        left, top, right, bottom = box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap
        return not any(
            left < one[2] and one[0] < right and top < one[3] and one[1] < bottom
            for one in self._boxes
        )


def sample_turn(rng: Rng, most: float = 180) -> Pose:
    """How something lies, turned by up to so many degrees either way."""
    return Pose.sample(rng, most, 0)


def draw_mark(stage: Stage, kind: Thing, pose: Pose, scale: float = 1) -> Sprite:
    """Something small without a name, of about its size on a desk times a *scale*."""
    size = SIZES[kind] * scale * float(stage.rng.uniform(0.92, 1.08)) * _reach(kind, pose.tilt)
    ink = stage.mood.dim(sample_muted(stage.rng))
    kind = COINS[int(stage.rng.integers(len(COINS)))] if kind is COIN else kind
    return draw_extra(kind, max(4, round(size * stage.canvas.unit)), ink, pose)


def lay(
    stage: Stage,
    kind: Thing,
    middle: tuple[float, float],
    pose: Pose,
    fits: Callable[[Frame], bool] | None = None,
) -> Frame | None:
    """Put down something without a name where its box *fits*; the box, if it was put there."""
    sprite, (x, y) = draw_mark(stage, kind, pose), middle
    half, low = sprite.size[0] / 2, sprite.size[1] / 2
    box = x - half, y - low, x + half, y + low
    if fits and not fits(box):
        return None
    return box if stage.canvas.place(sprite, x, y + low, shadow=0.22) else None


@lru_cache(4096)
def _reach(kind: Thing, tilt: int) -> float:
    """How long a thing's box is when it is turned, by what it is as drawn."""
    turned = kind.corners @ Pose(tilt).matrix.T
    return float(np.ptp(turned, 0).max() / np.ptp(kind.corners, 0).max())


def strew(stage: Stage, panels: list[Panel], ground: Ground) -> None:
    """Clusters of one or two kinds, and what lies loose."""
    canvas, rng = stage.canvas, stage.rng
    order = rng.permutation(len(_CLUSTERS)).tolist()
    for number in range(stage.scaled(rng.uniform(14, 19))):
        _put_cluster(stage, _CLUSTERS[order[number % len(order)]], ground)
    for number in rng.permutation(len(panels))[: stage.scaled(3)]:
        _clip_edge(stage, panels, panels[int(number)], ground)
    calm = rng.uniform(0.1, 0.9, (3, 2)) * (canvas.width, canvas.height)
    fits = partial(ground.is_free, gap=_APART * canvas.unit)
    kinds = [kind for kind, times in _LOOSE.items() for _ in range(times)]
    for _ in range(stage.scaled(110)):
        kind = kinds[int(rng.integers(len(kinds)))]
        for _ in range(6):
            at = rng.uniform(0.02, 0.98, 2) * (canvas.width, canvas.height)
            if np.hypot(*(calm - at).T).min() < _CALM * canvas.unit:
                continue
            box = lay(stage, kind, (float(at[0]), float(at[1])), sample_turn(rng), fits)
            if box:
                ground.add(box)
                break


def _put_cluster(stage: Stage, sample: _Sampler, ground: Ground) -> None:
    """Some small things side by side, where nothing is yet."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    spots = sample(rng)
    turn = np.radians(rng.uniform(-40, 40))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    offsets = np.array([spot[1:3] for spot in spots]) @ turned * u
    half = (max(SIZES[spot[0]] for spot in spots) / 2 + 3) * u
    (left, top), (right, bottom) = offsets.min(0) - half, offsets.max(0) + half
    for _ in range(12):
        x = float(rng.uniform(-left, canvas.width - right))
        y = float(rng.uniform(-top, canvas.height - bottom))
        box = x + left, y + top, x + right, y + bottom
        if ground.is_free(box):
            break
    else:
        return
    for (kind, _, _, tilt), (across, down) in zip(spots, offsets, strict=True):
        degrees = 3 * round((tilt + np.degrees(turn)) / 3)
        lay(stage, kind, (x + float(across), y + float(down)), Pose(degrees))
    ground.add(box)


def _clip_edge(stage: Stage, panels: list[Panel], panel: Panel, ground: Ground) -> None:
    """Clips on the upper edge of a page, as far as nothing lies on it."""
    rng, start = stage.rng, float(stage.rng.uniform(-0.4, 0.1))
    pose = Pose(3 * round(panel.turn / 3))
    for number in range(int(rng.integers(3, 6))):
        across = start + number * 14 * stage.canvas.unit / panel.width
        x, y = panel.point(across, -0.5)
        inner = panel.point(across, -0.48)
        if across < 0.45 and [one for one in panels if one.holds(*inner)][-1:] == [panel]:
            lay(stage, CLIP, (x, y), pose, ground.is_free)


def _loosely(rng: Rng, kind: Thing, number: int, gap: float) -> list[_Spot]:
    """So many of a kind about a point, at least a *gap* apart."""
    spots: list[_Spot] = []
    reach = gap * number**0.5 * 0.75
    for _ in range(12 * number):
        x, y = (float(part) for part in rng.normal(0, 0.6 * reach, 2))
        if all(np.hypot(x - other[1], y - other[2]) > gap for other in spots):
            spots.append((kind, x, y, float(rng.uniform(-180, 180))))
        if len(spots) == number:
            break
    return spots


def _coins(rng: Rng) -> list[_Spot]:
    if rng.random() < 0.5:
        return _loosely(rng, COIN, int(rng.integers(7, 14)), 9)
    turns = np.linspace(-0.6, 0.6, int(rng.integers(5, 9)))  # fanned
    return [(COIN, 46 * float(np.sin(t)), -46 * float(np.cos(t)), 0) for t in turns]


def _dish(rng: Rng) -> list[_Spot]:
    kind = (PIN, BUTTON, CLIP)[int(rng.integers(3))]
    inside = [spot for spot in _loosely(rng, kind, 16, 8) if np.hypot(spot[1], spot[2]) < 17]
    return [(DISH, 0, 0, 0), *inside]


def _stamps(rng: Rng) -> list[_Spot]:
    across, down = (int(number) for number in rng.integers((3, 2), (6, 4)))
    return [(STAMP, 12.5 * x, 14.0 * y, 0) for x in range(across) for y in range(down)]


def _notes(rng: Rng) -> list[_Spot]:
    return [(NOTE, 4.0 * n, 3.0 * n, float(rng.uniform(-12, 12))) for n in range(3)]


def _rubbed(rng: Rng) -> list[_Spot]:
    return [*_loosely(rng, SHAVING, int(rng.integers(8, 13)), 10), (RUBBER, 34, 6, 10)]


def _pens(rng: Rng) -> list[_Spot]:
    return [(PEN, float(rng.uniform(-6, 6)), 11.0 * n, float(rng.uniform(-6, 6))) for n in range(3)]


def _haberdashery(rng: Rng) -> list[_Spot]:
    kind, gap = ((BUTTON, 9.5), (PIN, 11), (CLIP, 13))[int(rng.integers(3))]
    return _loosely(rng, kind, int(rng.integers(8, 14)), gap)


_CLUSTERS: tuple[_Sampler, ...] = (
    *(_coins, _coins, _dish, _dish, _stamps, _notes, _rubbed, _pens),
    *(_haberdashery, _haberdashery, _haberdashery),
)
