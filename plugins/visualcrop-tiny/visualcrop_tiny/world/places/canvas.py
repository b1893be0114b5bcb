"""A picture that is drawn from back to front, and knows what is still seen of each item."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageFilter

from ..coverage import Edges, Levels, cover, cover_levels
from ..drawing import TONES, Parts, Thing, extent
from ..palette import FULL_LIGHT, NEUTRALS, Light, Rgb, in_light, mix, tones
from ..paths import Points, disc, flatten, placed, turned
from ..sprites import Sprite

_SHADE: Rgb = (38, 30, 58)
_LARGE, _BAND = 2**16, 64  # pixels of a mask that is pasted in bands, and rows of a band
_SHARED = 0.12  # most that two items have of their boxes in common
Frame: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom, in whole pixels
_Cover: TypeAlias = PIL.Image.Image | Sprite  # a sprite's mask is drawn only where it matters


@attrs.define(eq=False)
class Tracked:
    """An item on the canvas: where it is, and how much of each of its pixels is seen."""

    left: int
    top: int
    alpha: npt.NDArray[np.uint8]
    seen: npt.NDArray[np.uint8]
    least: float = 0.6  # of it that is seen, whatever comes to stand before it
    right: int = attrs.field(init=False)
    bottom: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.right = self.left + int(self.alpha.shape[1])
        self.bottom = self.top + int(self.alpha.shape[0])

    @property
    def share(self) -> float:
        """How much of it is seen, from 0 to 1."""
        return float(self.seen.sum() / self.alpha.sum())


class Canvas:
    """
    A picture to be drawn on. Places are in pixels, from the upper left corner.

    `unit` is a thousandth of the longer side, so that one place is drawn at any size. Where only
    items matter nothing is *painted*: they are where they would be, and the picture is empty.
    """

    def __init__(self, width: int, height: int, *, painted: bool = True) -> None:
        self.width, self.height = width, height
        self.unit = max(width, height) / 1000
        self.painted = painted
        self.picture = PIL.Image.new("RGB", (width, height) if painted else (1, 1))
        self.tracked: list[Tracked] = []
        self.reserved: list[tuple[float, float, float, float]] = []  # for no more named things
        self.has_boards = False  # what is placed touches a board, where it is darkest

    def gradient(self, top: float, bottom: float, colours: Sequence[Rgb]) -> None:
        """Fill the whole width with colours that run into one another from *top* to *bottom*."""
        y, low = round(top), round(bottom)
        if low <= y or not self.painted:
            return
        places = np.linspace(0, len(colours) - 1, low - y)
        column = np.stack(
            [np.interp(places, range(len(colours)), [c[i] for c in colours]) for i in range(3)], 1
        )
        noise = np.random.default_rng(0).uniform(0, 1, (low - y, 64, 1))  # no bands of one colour
        strip = PIL.Image.fromarray((column[:, None] + noise).astype(np.uint8))
        for x in range(0, self.width, 64):
            self.picture.paste(strip, (x, y))

    def rectangle(self, left: float, top: float, right: float, bottom: float, ink: Rgb) -> None:
        """Fill a rectangle, on whole pixels."""
        box = round(left), round(top), round(right), round(bottom)
        if box[0] < box[2] and box[1] < box[3]:
            self._hide(box, None)
            if self.painted:
                self.picture.paste(ink, box)

    def area(self, path: str | Points | Sequence[Points], ink: Rgb, opacity: float = 1) -> None:
        """Fill an area, anti-aliased."""
        if isinstance(path, str):
            polygons = [turned(points) for points, _ in flatten(path)]
        else:
            polygons = [turned(path)] if isinstance(path, np.ndarray) else [*path]
        frame = self._frame(polygons)
        if frame and (self.painted or self._crossed(frame)):
            self.stamp(ink, frame[:2], _mask(polygons, frame, opacity))

    def stamp(self, ink: Rgb, corner: tuple[int, int], mask: PIL.Image.Image) -> None:
        """Paste a colour through a mask."""
        self._hide((*corner, corner[0] + mask.width, corner[1] + mask.height), mask)
        if self.painted and mask.width * mask.height < _LARGE:
            self.picture.paste(ink, corner, mask)
        elif self.painted:
            self._fill(ink, corner, np.asarray(mask))

    def _fill(self, ink: Rgb, corner: tuple[int, int], levels: Levels) -> None:
        """Paste a colour through a large mask, band by band: the middle is often all covered."""
        for top in range(0, len(levels), _BAND):
            band, y = levels[top : top + _BAND], corner[1] + top
            touched, full = np.flatnonzero(band.max(0)), np.flatnonzero(band.min(0) == 255)
            if not len(touched):
                continue
            left, right = int(touched[0]), int(touched[-1]) + 1
            start = end = right
            if len(full) and full[-1] - full[0] == len(full) - 1:
                start, end = int(full[0]), int(full[-1]) + 1
                self.picture.paste(ink, (corner[0] + start, y, corner[0] + end, y + len(band)))
            for one, other in ((left, start), (end, right)):
                if one < other:
                    part = PIL.Image.fromarray(band[:, one:other])
                    self.picture.paste(ink, (corner[0] + one, y), part)

    def dot(self, x: float, y: float, radius: float, ink: Rgb) -> None:
        """Fill a circle; its middle is moved to the nearest half pixel."""
        mask = _disc(max(1, round(2 * radius)))
        self.stamp(ink, (round(x - mask.width / 2), round(y - mask.height / 2)), mask)

    def place(
        self, sprite: Sprite, x: float, y: float, *, shadow: float = 0.3, upright: bool = False
    ) -> bool:
        """
        Stand a sprite with the middle of its foot at x, y; false where there is no room.

        The shadow of what is *upright* is on the ground, that of anything else behind it.
        """
        if not self.has_room(sprite, x, y):
            return False
        box = _box(sprite, x, y)
        if upright:
            self.stand_shade(x, y, sprite.size[0])
        elif shadow and self.painted:
            self._cast(sprite.mask, box, shadow)
            if self.has_boards:
                wide = sprite.size[0]
                self.shade_ground(x, y, 1.2 * wide, max(3.0, 0.14 * wide), 0.6)
        self._hide(box, sprite)
        if self.painted:
            self.picture.paste(sprite.picture, box[:2], sprite.mask)
        return True

    def place_item(  # noqa: PLR0913 - those of `place`, and one more
        self,
        sprite: Sprite,
        x: float,
        y: float,
        *,
        least: float,
        shadow: float = 0.3,
        upright: bool = False,
    ) -> Tracked | None:
        """Like `place`: apart from other items, and *least* of it, from 0 to 1, stays in sight."""
        box = _box(sprite, x, y)
        if self._is_reserved(box) or any(_share(box, item) > _SHARED for item in self.tracked):
            return None
        if not self.place(sprite, x, y, shadow=shadow, upright=upright):
            return None
        alpha = np.asarray(sprite.mask)
        self.tracked.append(Tracked(*box[:2], alpha, alpha.copy(), least))
        return self.tracked[-1]

    def draw(  # noqa: PLR0913 - what, where, and how it looks there
        self,
        thing: Thing,
        size: float,
        ink: Rgb,
        foot: tuple[float, float],
        *,
        mirrored: bool = False,
        light: Light = FULL_LIGHT,
    ) -> tuple[float, float] | None:
        """
        Draw a large thing with the middle of its *foot* at x, y; returns its width and height.

        Layer by layer, each no larger than it is. It stays away where it would hide an item.
        """
        x, y = foot
        left, top, right, bottom = thing.extent
        scale = size / max(right - left, bottom - top)
        across = -scale if mirrored else scale
        matrix = np.array(
            [[across, 0, x - across * (left + right) / 2], [0, scale, y - scale * bottom]]
        )
        frame = self._frame(placed([np.array([[left, top], [right, bottom]])], matrix))
        if frame is None:
            return None
        if self.painted or self._crossed(frame):
            count = len(thing.parts.inks) if self.painted else 1
            edges = thing.parts.placed(matrix, scale, count).relative_to(*frame[:2])
            levels = cover_levels(edges, count, frame[2] - frame[0], frame[3] - frame[1])
            mask = PIL.Image.fromarray(levels[0])
            if not self._may_hide(frame, mask):
                return None
            self.stamp(NEUTRALS["line"], frame[:2], mask)
            if self.painted:
                ends = thing.parts.extents @ matrix[:, :2].T + matrix[:, 2]
                boxes = np.sort(ends, 1) - frame[:2]
                self._draw_parts(thing.parts, levels, boxes, frame[:2], ink=ink, light=light)
        return (right - left) * scale, (bottom - top) * scale

    def _draw_parts(  # noqa: PLR0913 - what, where, and how it looks there
        self,
        parts: Parts,
        levels: Levels,
        boxes: Points,
        corner: tuple[int, int],
        *,
        ink: Rgb,
        light: Light,
    ) -> None:
        """Paint each part of a thing, no further than it reaches."""
        levels = _separate(parts, levels)
        starts = np.maximum(np.floor(boxes[:, 0]), 0).astype(int).tolist()
        ends = np.maximum(np.ceil(boxes[:, 1]), 0).astype(int).tolist()
        for number in parts.order[1:]:
            (left, top), (right, bottom) = starts[number], ends[number]
            level = levels[number, top:bottom, left:right]
            name, tone = parts.inks[number]
            tint = in_light(tones(NEUTRALS.get(name, ink))[TONES.index(tone)], light)
            at = corner[0] + left, corner[1] + top
            if level.size >= _LARGE:
                self._fill(tint, at, level)
            elif level.size:
                self.picture.paste(tint, at, PIL.Image.fromarray(level))

    def _frame(self, polygons: Sequence[Points]) -> Frame | None:
        """The box around polygons, as far as it is in the picture."""
        points = np.concatenate([*polygons])
        left, top = np.maximum(np.floor(points.min(0)), 0).astype(int).tolist()
        right, bottom = np.ceil(points.max(0)).astype(int).tolist()
        right, bottom = min(right, self.width), min(bottom, self.height)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _cast(self, mask: PIL.Image.Image, box: Frame, strength: float) -> None:
        """A soft shadow to the lower right."""
        drop = max(1, round(max(mask.size) * 0.06))
        shade, margin = _blurred(mask, drop, strength)
        self.picture.paste(_SHADE, (box[0] - margin + drop, box[1] - margin + drop), shade)

    def cast(self, areas: Sequence[Points], lift: float, strength: float = 0.3) -> None:
        """The soft shadow of areas so many pixels above, to their lower right; hides nothing."""
        if not self.painted:
            return
        step = max(1, round(lift / 2))  # what is soft may be coarse
        coarse = [turned(area) / step for area in areas]
        left, top, right, bottom = extent(coarse)
        frame = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
        drop = max(1, round(lift / step))
        mask, margin = _blurred(_mask(coarse, frame), drop, strength)
        corner = (frame[0] - margin + drop) * step, (frame[1] - margin + drop) * step
        shade = mask.resize((mask.width * step, mask.height * step), PIL.Image.Resampling.BILINEAR)
        self.picture.paste(_SHADE, corner, shade)

    def fade(self, frame: Sequence[float], strength: float, *, across: bool = False) -> None:
        """A shadow that gets weaker from the upper side of a frame down, or from left to right."""
        left, top, right, bottom = map(round, frame)
        if not self.painted or right <= left or bottom <= top:
            return
        ramp = (255 * strength * np.linspace(1, 0, 64) ** 1.5).astype(np.uint8)
        mask = PIL.Image.fromarray(ramp[None] if across else ramp[:, None])
        self.picture.paste(_SHADE, (left, top), mask.resize((right - left, bottom - top)))

    def light(self, mask: PIL.Image.Image, gains: Sequence[float]) -> None:
        """Brighten each channel, as much as a *mask* over all of the picture says; of any size."""
        if not self.painted:
            return
        levels = np.clip(np.outer(gains, np.arange(256)) + 0.5, 0, 255).astype(int)
        lit = self.picture.point(levels.ravel().tolist())
        self.picture.paste(
            lit, (0, 0), mask.resize(self.picture.size, PIL.Image.Resampling.BILINEAR)
        )

    def stand_shade(self, x: float, y: float, wide: float) -> None:
        """The shadow of what stands at x, y and is so *wide*."""
        self.shade_ground(x + 0.04 * wide, y, 1.1 * wide, 0.26 * wide, 0.55)

    def shade_ground(  # noqa: PLR0913 - where, how large, and how strong
        self, x: float, y: float, wide: float, high: float, strength: float, *, ink: Rgb = _SHADE
    ) -> None:
        """A soft oval shadow on the ground, about x, y, or light in another *ink*."""
        if not self.painted:
            return
        blob = _blob().resize((max(1, round(wide)), max(1, round(high))))
        blob = blob.point(_faded(strength))
        self.picture.paste(ink, (round(x - wide / 2), round(y - high / 2)), blob)

    def rim(self, item: Tracked, wide: float, ink: Rgb, strength: float) -> None:
        """Light around an item, up to so *wide*, behind all of it."""
        if not self.painted:
            return
        step = max(1, round(wide))
        alpha = np.pad(item.alpha, 2 * step)
        spread = PIL.Image.fromarray(alpha).filter(PIL.ImageFilter.MaxFilter(2 * step + 1))
        soft = np.asarray(spread.filter(PIL.ImageFilter.BoxBlur(step / 2)), float)
        mask = PIL.Image.fromarray((soft * (1 - alpha / 255) * strength).astype(np.uint8))
        self.picture.paste(ink, (item.left - 2 * step, item.top - 2 * step), mask)

    @contextmanager
    def further(self, grow: float) -> Iterator[None]:
        """Within, all is drawn smaller by *grow*."""
        unit = self.unit
        self.unit = unit * grow
        yield
        self.unit = unit

    def glow(self, x: float, y: float, radius: float, ink: Rgb, strength: float) -> None:
        """Light that fades outwards."""
        if not self.painted:
            return
        side = max(2, round(2 * radius))
        blob = _blob().resize((side, side)).point(_faded(strength))
        self.picture.paste(ink, (round(x - radius), round(y - radius)), blob)

    def has_room(self, sprite: Sprite, x: float, y: float) -> bool:
        """Whether a sprite at x, y is all in the picture and hides no item too much."""
        box = _box(sprite, x, y)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= self.width and box[3] <= self.height
        return inside and self._may_hide(box, sprite)

    def has_place(self, x: float, y: float, high: float, wide: float) -> bool:
        """Whether a solid box with the middle of its foot at x, y hides no item too much."""
        box = round(x - wide / 2), round(y - high), round(x + wide / 2), round(y)
        return all(self._left(item, box) for item in self._crossed(box))

    def _left(self, item: Tracked, box: Frame) -> bool:
        inner, _ = _left_of(item, box, None)
        lost = int(item.seen[inner].sum())
        return int(item.seen.sum()) - lost >= item.least * int(item.alpha.sum())

    def _is_reserved(self, box: Frame) -> bool:
        return any(
            left < box[2] and box[0] < right and top < box[3] and box[1] < bottom
            for left, top, right, bottom in self.reserved
        )

    def _crossed(self, box: Frame) -> list[Tracked]:
        left, top, right, bottom = box
        return [
            t
            for t in self.tracked
            if t.left < right and left < t.right and t.top < bottom and top < t.bottom
        ]

    def _may_hide(self, box: Frame, hider: _Cover) -> bool:
        for item in self._crossed(box):
            inner, left = _left_of(item, box, hider)
            lost = int(item.seen[inner].sum()) - int(left.sum())
            if (int(item.seen.sum()) - lost) < item.least * int(item.alpha.sum()):
                return False
        return True

    def _hide(self, box: Frame, hider: _Cover | None) -> None:
        for item in self._crossed(box):
            inner, left = _left_of(item, box, hider)
            item.seen[inner] = left


def _mask(polygons: Sequence[Points], frame: Frame, opacity: float = 1) -> PIL.Image.Image:
    """How much of each pixel of a frame polygons cover."""
    left, top, right, bottom = frame
    edges = Edges.of([polygons]).relative_to(left, top)
    return PIL.Image.fromarray(cover_levels(edges, 1, right - left, bottom - top, 255 * opacity)[0])


def _separate(parts: Parts, levels: Levels) -> Levels:
    """What is painted of each part: details on what they lie on, rims where no area was moved."""
    inside, parent = parts.insides
    both = levels[inside].astype(np.uint16) * levels[parent]
    levels[inside] = (both + 127) // 255
    areas = levels[np.tile(parts.toned, 2)]
    rims = levels[len(levels) - len(areas) :]
    np.subtract(areas, np.minimum(areas, rims), out=rims)
    return levels


def _box(sprite: Sprite, x: float, y: float) -> Frame:
    """The pixels of a sprite with the middle of its foot at x, y."""
    wide, high = sprite.size
    left, top = round(x - wide / 2), round(y - high)
    return left, top, left + wide, top + high


def _share(box: Frame, item: Tracked) -> float:
    """How much of the smaller one of a box and that of an item is in the other."""
    across = min(box[2], item.right) - max(box[0], item.left)
    down = min(box[3], item.bottom) - max(box[1], item.top)
    smaller = min((box[2] - box[0]) * (box[3] - box[1]), item.alpha.size)
    return max(0, across) * max(0, down) / smaller


def _left_of(
    item: Tracked, box: Frame, hider: _Cover | None
) -> tuple[tuple[slice, slice], npt.NDArray[np.uint8]]:
    """Which part of an item a box meets, and what is then seen of it there."""
    left, top = max(item.left, box[0]), max(item.top, box[1])
    right, bottom = min(item.right, box[2]), min(item.bottom, box[3])
    inner = slice(top - item.top, bottom - item.top), slice(left - item.left, right - item.left)
    seen = item.seen[inner]
    if hider is None:
        return inner, np.zeros_like(seen)
    mask = hider.mask if isinstance(hider, Sprite) else hider
    part = np.asarray(mask)[top - box[1] : bottom - box[1], left - box[0] : right - box[0]]
    return inner, (seen.astype(np.uint16) * (255 - part) // 255).astype(np.uint8)


def _blurred(mask: PIL.Image.Image, drop: int, strength: float) -> tuple[PIL.Image.Image, int]:
    margin = 2 * drop
    wide = PIL.Image.new("L", (mask.width + 2 * margin, mask.height + 2 * margin))
    wide.paste(mask, (margin, margin))
    soft = wide.filter(PIL.ImageFilter.BoxBlur(drop))
    return soft.point(_faded(strength)), margin


@lru_cache(64)
def _faded(strength: float) -> list[int]:
    """Levels of a mask, all weaker by one factor."""
    return [round(level * strength) for level in range(256)]


@lru_cache(256)
def _disc(side: int) -> PIL.Image.Image:
    """A filled circle."""
    middle = side / 2
    edges = Edges.of([[turned(flatten(disc(middle, middle, middle))[0][0])]])
    return PIL.Image.fromarray((cover(edges, 1, side, side)[0] * 255 + 0.5).astype(np.uint8))


@lru_cache(1)
def _blob() -> PIL.Image.Image:
    """A round spot that fades outwards."""
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    fade = np.clip(1 - np.hypot(x, y), 0, 1) ** 1.6
    return PIL.Image.fromarray((255 * fade).astype(np.uint8))


def shade(ink: Rgb, share: float) -> Rgb:
    """A colour in more shade, or in more light if *share* is below 0."""
    return mix(ink, _SHADE, share) if share > 0 else mix(ink, (255, 248, 230), -share)
