"""A wall of shelves: books, boxes, pots and pictures, and things put down among them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import attrs
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter

from ..drawing import Thing
from ..palette import NEUTRALS, Rgb
from ..sprites import Pose
from .books import Place, draw_leaning, draw_run, draw_set, draw_stack
from .canvas import Canvas, shade
from .clutter import draw_mark
from .extras import (
    BASKET,
    BUST,
    CARTON,
    FERN,
    GLOBE,
    HOURGLASS,
    JAR,
    POT,
    RADIO,
    TIN,
    TYPEWRITER,
    VASES,
    draw_extra,
    make_vase,
    sample_muted,
)
from .marks import BUTTON, CLIP, COIN, PEN, PIN, RUBBER, SHAVING, STAMP
from .stage import Stage
from .surfaces import Panel, draw_panel
from .views import View, deal_views
from .wallpaper import draw_wall
from .weather import finish

ABSENT = frozenset({"book", "bottle"})
_WOODS: tuple[Rgb, ...] = (
    *((150, 108, 78), (178, 142, 106), (124, 92, 76), (206, 192, 170)),
    *((96, 76, 72), (226, 220, 208), (118, 136, 134)),
)
_SOLID = (
    *(POT, FERN, CARTON, CARTON, GLOBE, RADIO, HOURGLASS),
    *(JAR, JAR, TIN, TIN, BASKET, BUST, TYPEWRITER),
)
_CLOSED = 0.1  # how often a bay has drawers or doors
_BOARD, _DEPTH = 7.0, 6.0  # height of a board's front, and of what is seen of its upper side
_BACK, _FRONT = 4.5, 1.0  # how far above its front books stand, and things before them
_ROOM = 26.0  # least height that a thing needs
_SCALE = 0.75  # of small things, by what they are on a desk
# How small things lie on a board: seen from the side they are low.
_FLAT = ((COIN, Pose(0, 2.6)), (BUTTON, Pose(0, 2.2)), (CLIP, Pose(90, 0.5)), (PIN, Pose(-36)))
_LYING: tuple[tuple[Thing, Pose], ...] = (
    *(*_FLAT, *_FLAT, (PEN, Pose()), (STAMP, Pose(0, 2.4)), (RUBBER, Pose())),
    (SHAVING, Pose(0, 1.6)),
)


@attrs.frozen
class _Bay:
    """The room between two uprights and two boards; *bottom* is where the lower one's front is."""

    left: float
    right: float
    top: float
    bottom: float
    where: str

    @property
    def high(self) -> float:
        """From board to board."""
        return self.bottom - self.top


@attrs.define
class _Filled:
    """A bay with what is in it: where more may stand, and hang."""

    bay: _Bay
    feet: list[Place] = attrs.field(factory=list)
    hooks: list[float] = attrs.field(factory=list)


def draw_shelf(stage: Stage) -> None:
    """Draw it from the wall to what stands in front."""
    canvas, rng = stage.canvas, stage.rng
    wood = _WOODS[int(rng.integers(len(_WOODS)))]
    draw_wall(stage, wood)
    canvas.has_boards = True
    views, filled, bays = deal_views(rng), list[_Filled](), [*_plan_bays(stage)]
    tallest, closed = max(bay.high for bay in bays), False
    _draw_board(stage, 0, canvas.width, 0, wood)
    for bay in bays:
        _draw_boards(stage, bay, wood)
        closed = not closed and bay.high < 0.99 * tallest and bool(rng.random() < _CLOSED)
        if closed:
            _close_bay(stage, bay, wood)
        else:
            filled.append(_Filled(bay))
            _fill_bay(stage, filled[-1], views)
            _shade_bay(stage, bay)
        _draw_uprights(stage, bay, wood)
    _put_things(stage, filled)
    stage.keep_in_sight()
    for each in filled:
        _strew(stage, each)
    _light(stage)
    finish(canvas, stage.mood, rng, outdoors=False)


def _plan_bays(stage: Stage) -> Iterator[_Bay]:
    """Rows of several heights, whose uprights stand on one another for the most part."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    rows = max(4, round(canvas.height / (95 * u)))
    shares = rng.uniform(0.8, 1.14, rows)
    shares[rng.integers(rows)] = 1.24  # high enough for what is large
    edges = np.concatenate([[0], np.cumsum(shares / shares.sum())]) * (canvas.height - _BOARD * u)
    uprights = [float(rng.uniform(-90, -10)) * u]
    while uprights[-1] < canvas.width:
        uprights.append(uprights[-1] + float(rng.uniform(110, 190)) * u)
    for row, (top, bottom) in enumerate(pairwise(edges.tolist())):
        where = {0: "on the top shelf", rows - 1: "on the bottom shelf"}.get(
            row, f"on shelf {row + 1} from the top"
        )
        kept = uprights[:1]
        for x in uprights[1:-1]:
            if rng.random() > 0.24 or x - kept[-1] > 200 * u:
                kept.append(x)
        for left, right in pairwise([*kept, uprights[-1]]):
            yield _Bay(left, right, top + _BOARD * u, bottom, where)


def _draw_boards(stage: Stage, bay: _Bay, wood: Rgb) -> None:
    """The board below, from above and from the front."""
    canvas, u = stage.canvas, stage.canvas.unit
    top = bay.bottom - _DEPTH * u
    canvas.rectangle(bay.left, top, bay.right, bay.bottom, shade(wood, -0.28))
    canvas.fade((bay.left, top, bay.right, bay.bottom), 0.42)
    _draw_board(stage, bay.left - 4 * u, bay.right + 4 * u, bay.bottom, wood)


def _draw_board(stage: Stage, left: float, right: float, top: float, wood: Rgb) -> None:
    """The front of a board."""
    canvas, u = stage.canvas, stage.canvas.unit
    low = top + _BOARD * u
    canvas.rectangle(left, top, right, low, wood)
    canvas.rectangle(left, top, right, top + 1.2 * u, shade(wood, -0.35))
    canvas.rectangle(left, low - 1.2 * u, right, low, shade(wood, 0.35))


def _shade_bay(stage: Stage, bay: _Bay) -> None:
    """The shadows of the upright on the left and of the board above."""
    canvas, u = stage.canvas, stage.canvas.unit
    canvas.fade((bay.left, bay.top, bay.right, bay.top + 0.45 * bay.high), 0.42)
    canvas.fade((bay.left, bay.top, bay.left + 20 * u, bay.bottom), 0.3, across=True)


def _draw_uprights(stage: Stage, bay: _Bay, wood: Rgb) -> None:
    """The uprights on both sides."""
    canvas, u = stage.canvas, stage.canvas.unit
    for x in (bay.left, bay.right):
        canvas.rectangle(x - 3.5 * u, bay.top, x + 3.5 * u, bay.bottom, wood)
        canvas.rectangle(x + 2.5 * u, bay.top, x + 3.5 * u, bay.bottom, shade(wood, 0.3))
        canvas.rectangle(x - 3.5 * u, bay.top, x - 2.5 * u, bay.bottom, shade(wood, -0.2))


def _close_bay(stage: Stage, bay: _Bay, wood: Rgb) -> None:
    """Drawers or doors, on which nothing can stand."""
    rng, u = stage.rng, stage.canvas.unit
    doors = bool(rng.random() < 0.4)
    columns = max(2, round((bay.right - bay.left) / ((48 if doors else 62) * u)))
    across = np.linspace(bay.left + 3.5 * u, bay.right - 3.5 * u, columns + 1)
    down = np.linspace(bay.top, bay.bottom, 2 if doors else 3)
    for left, right in pairwise(across.tolist()):
        for top, low in pairwise(down.tolist()):
            knob = (right - 4.4 * u if doors else (left + right) / 2), (top + low) / 2
            _draw_front(stage.canvas, (left, top, right, low), knob, wood)


def _draw_front(
    canvas: Canvas, box: tuple[float, float, float, float], knob: tuple[float, float], wood: Rgb
) -> None:
    """The front of a drawer or a door, with a panel in it."""
    u, ink, (x, y) = canvas.unit, shade(wood, -0.12), knob
    # From the outside to the inside: how far from the four sides, and how much in the shade.
    for left, top, right, low, dark in (
        *((0, 0, 0, 0, 0.42), (1, 1, 1, 1, -0.3), (2, 2, 1, 1, 0.2), (2, 2, 2, 2, 0)),
        *((7, 7, 7, 7, 0.22), (8, 8, 7, 7, -0.2), (8, 8, 8, 8, 0)),
    ):
        sides = box[0] + left * u, box[1] + top * u, box[2] - right * u, box[3] - low * u
        canvas.rectangle(*sides, shade(ink, dark))
    canvas.dot(x + 0.5 * u, y + 0.9 * u, 2.6 * u, shade(ink, 0.5))
    canvas.dot(x, y, 2.3 * u, (206, 182, 128))
    canvas.dot(x - 0.6 * u, y - 0.6 * u, 0.9 * u, (240, 226, 190))


def _fill_bay(stage: Stage, filled: _Filled, views: Iterator[View]) -> None:
    """Books for the most part, with a box, a pot, a picture or a gap between them."""
    rng, u, bay = stage.rng, stage.canvas.unit, filled.bay
    x, end, base, last = bay.left + 6 * u, bay.right - 6 * u, bay.bottom - _BACK * u, ""
    while end - x > (36 if last in {"gap", "lean"} else 14) * u:  # no book stands all alone
        kind = str(rng.choice(_KINDS, p=_SHARES))
        place = Place(x, end, base)
        short = Place(x, min(end, x + float(rng.uniform(34, 110)) * u), base)
        after = None
        if kind == last and kind != "run":
            continue
        if kind == "set" and place.wide > 50 * u:
            after, foot = draw_set(stage, place, bay.high)
            filled.feet.append(foot)
        elif kind == "stack" and place.wide > 50 * u:
            after, foot = draw_stack(stage, place)
            filled.feet.append(foot)
        elif kind == "lean" and last == "run":
            after = draw_leaning(stage, Place(x - 2.6 * u, end, base), bay.high)
        elif kind == "gap":
            after = x + 30 * u if place.wide > 44 * u else None
            filled.hooks += [x + 15 * u] if after else []
        elif kind in {"vase", "solid"}:
            after = _draw_solid(stage, filled, place, vase=kind == "vase")
        elif kind == "picture":
            after = _draw_picture(stage, place, bay.high, next(views))
        if after is None:
            after, kind = draw_run(stage, short, bay.high), "run"
        last, x = kind, after + 3 * u


_KINDS = ("run", "set", "stack", "lean", "solid", "vase", "picture", "gap")
_SHARES = (0.27, 0.11, 0.11, 0.12, 0.15, 0.06, 0.09, 0.09)


def _draw_solid(stage: Stage, filled: _Filled, place: Place, *, vase: bool) -> float | None:
    """A carton, a plant or such; where it ends, or nothing if it has no room."""
    rng, high = stage.rng, filled.bay.high
    kind = make_vase(int(rng.integers(VASES))) if vase else _SOLID[int(rng.integers(len(_SOLID)))]
    size = float(rng.uniform(0.7, 0.88) if vase else rng.uniform(0.44, 0.62)) * high
    pose = Pose(0, 1.0, bool(rng.random() < 0.5))
    sprite = draw_extra(kind, max(4, round(size)), stage.mood.dim(sample_muted(rng)), pose)
    wide, tall = sprite.size
    if wide > place.wide:
        return None
    stage.canvas.place(sprite, place.left + wide / 2, place.base)
    if kind is CARTON:
        left, right = place.left + 0.2 * wide, place.left + 0.8 * wide
        filled.feet.append(Place(left, right, place.base - tall))
    return place.left + wide + 2 * stage.canvas.unit


def _draw_picture(stage: Stage, place: Place, high: float, view: View) -> float | None:
    """A picture in a frame; where it ends, or nothing if it has no room."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    tall = float(rng.uniform(0.56, 0.78)) * high
    wide = tall * float(rng.choice((0.78, 0.86, 1.26)))
    if wide > place.wide:
        return None
    middle = place.left + wide / 2, place.base - tall / 2
    frame = shade((150, 120, 90), float(rng.uniform(-0.3, 0.4)))
    draw_panel(canvas, Panel(*middle, wide, tall, 0, ""), frame, 2)
    canvas.area(Panel(*middle, wide - 2 * u, tall - 2 * u, 0, "").part(-0.5, -0.5, 0.5, 0.5), frame)
    canvas.area(
        Panel(*middle, wide - 7 * u, tall - 7 * u, 0, "").part(-0.5, -0.5, 0.5, 0.5),
        (236, 230, 218),
    )
    mount = float(rng.choice((9, 16))) * u
    view.draw(canvas, Panel(*middle, wide - mount, tall - mount, 0, ""), rng)
    return place.left + wide + 2 * u


def _put_things(stage: Stage, filled: list[_Filled]) -> None:
    """Signs, then named things: on boards, on what stands there, and on hooks."""
    rng = stage.rng
    for _ in [wish for wish in stage.wishes if wish.side]:
        tallest = max(each.bay.high for each in filled)
        for number in rng.permutation(len(filled)):
            bay = filled[int(number)].bay
            if bay.high > 0.99 * tallest and _stand_large(stage, bay):
                break
    signs = [each for each in filled if rng.random() < 0.05 * stage.density]
    for each in signs or filled:
        if signs or any(wish.name == "sign" for wish in stage.wishes):
            _put_sign(stage, each.bay)
    order = [int(n) for _ in range(6) for n in rng.permutation(len(filled))]
    left = stage.count(1.0)
    for number in order:
        if left <= 0 and not stage.wishes:
            break
        left -= _put_thing(stage, filled[number])


def _span(stage: Stage, bay: _Bay, margin: float) -> Place | None:
    """The board of a bay as far as it is in the picture, less a *margin* at both sides."""
    u = stage.canvas.unit
    left, right = max(bay.left, 0) + margin * u, min(bay.right, stage.canvas.width) - margin * u
    return Place(left, right, bay.bottom - _FRONT * u) if left < right else None


def _stand_large(stage: Stage, bay: _Bay) -> bool:
    side = max((wish.side for wish in stage.wishes), default=0)
    place = _span(stage, bay, side / 2 + 8)
    if not side or not place:
        return False
    return stage.thing(float(stage.rng.uniform(place.left, place.right)), place.base, bay.where)


def _put_sign(stage: Stage, bay: _Bay) -> None:
    place = _span(stage, bay, 34)
    if place is None:
        return
    for _ in range(6):
        x = float(stage.rng.uniform(place.left, place.right))
        if stage.sign(x, place.base, bay.where, "plate"):
            return


def _put_thing(stage: Stage, filled: _Filled) -> bool:
    """A named thing on the board or on what stands there, or on a hook under the board above."""
    rng, bay = stage.rng, filled.bay
    front = _span(stage, bay, 15)
    beside = any(wish.beside for wish in stage.wishes)  # needs room on one level
    if front is None:
        return False
    for _ in range(8):
        share = rng.random()
        if share < 0.2 and filled.hooks and not beside:
            put = _hang(stage, bay, filled.hooks[int(rng.integers(len(filled.hooks)))])
        else:
            high = share < 0.55 and not beside
            place = _choose_foot(stage, filled, front) if high else front
            x = float(rng.uniform(place.left, place.right))
            put = stage.thing(x, place.base, bay.where)
        if put:
            return True
    return False


def _choose_foot(stage: Stage, filled: _Filled, front: Place) -> Place:
    """The upper side of a stack or such with room above it, or else the board."""
    u, bay = stage.canvas.unit, filled.bay
    high = [
        Place(foot.left + 8 * u, foot.right - 8 * u, foot.base)
        for foot in filled.feet
        if foot.base - _ROOM * u > bay.top and foot.wide > 20 * u
    ]
    return high[int(stage.rng.integers(len(high)))] if high else front


def _hang(stage: Stage, bay: _Bay, x: float) -> bool:
    """Hang a named thing under the board above, by a thread."""
    canvas, u = stage.canvas, stage.canvas.unit
    if not stage.thing(x, bay.top + float(stage.rng.uniform(36, 46)) * u, bay.where, shadow=0.3):
        return False
    track = canvas.tracked[-1]
    at = track.left + float(np.flatnonzero(track.alpha[0]).mean())
    low = track.top + 0.5 * u
    canvas.rectangle(at - 0.4 * u, bay.top, at + 0.4 * u, low, NEUTRALS["dark"])
    canvas.rectangle(at - 2 * u, bay.top, at + 2 * u, bay.top + 1.4 * u, NEUTRALS["metal"])
    return True


def _strew(stage: Stage, filled: _Filled) -> None:
    """Small things that lie on a board and on what stands there, none on another."""
    rng, u = stage.rng, stage.canvas.unit
    front = _span(stage, filled.bay, 12)
    if front is None:
        return
    taken: list[Place] = []
    for _ in range(stage.scaled(rng.uniform(2, 6))):
        kind, pose = _LYING[int(rng.integers(len(_LYING)))]
        place = _choose_foot(stage, filled, front) if rng.random() < 0.4 else front
        sprite, x = (
            draw_mark(stage, kind, pose, _SCALE),
            float(rng.uniform(place.left, place.right)),
        )
        if sprite.size[0] >= 0.8 * place.wide:  # it would reach past an end
            continue
        half = sprite.size[0] / 2
        x = min(max(x, place.left + half), place.right - half)
        spot = Place(x - half - 2 * u, x + half + 2 * u, place.base)
        if any(one.base == spot.base and one.meets(spot) for one in taken):
            continue
        taken.append(spot)
        stage.canvas.place(sprite, x, place.base, shadow=0.22)


def _light(stage: Stage) -> None:
    """Daylight from one side, or the pool of light of a lamp."""
    canvas, rng = stage.canvas, stage.rng
    side, x, y = (int(part) for part in rng.uniform(0, (2, 128, 72)))
    if rng.random() < 0.6:
        ramp = np.linspace(255, 0, 128)
        mask = PIL.Image.fromarray(np.tile(ramp[:: 1 - 2 * side], (72, 1)).astype(np.uint8))
    else:
        mask = PIL.Image.new("L", (128, 72))
        PIL.ImageDraw.Draw(mask).ellipse((x - 44, y - 34, x + 44, y + 34), fill=255)
        mask = mask.filter(PIL.ImageFilter.GaussianBlur(18))
    canvas.light(mask, (1.14, 1.1, 1.02))
