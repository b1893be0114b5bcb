"""Houses in rows: walls, roofs, windows, doors, shops; and where small things can stand on them."""

from __future__ import annotations

from itertools import pairwise

import attrs
import numpy as np

from ..palette import Rgb, mix
from ..paths import Points, bar
from .canvas import Canvas, shade
from .extras import draw_extra, sample_muted, sample_person
from .stage import Stage
from .weather import GLOW

WALLS: tuple[Rgb, ...] = (
    *((226, 208, 176), (214, 178, 138), (190, 134, 112), (172, 186, 168), (160, 178, 188)),
    *((216, 188, 184), (206, 202, 192), (150, 142, 148), (198, 164, 116), (180, 158, 170)),
)
ROOFS: tuple[Rgb, ...] = ((162, 96, 78), (124, 84, 80), (96, 100, 116), (134, 118, 108))
_DOORS: tuple[Rgb, ...] = ((94, 78, 72), (82, 98, 104), (110, 88, 98), (88, 104, 88))
_AWNINGS: tuple[Rgb, ...] = ((176, 120, 108), (124, 146, 132), (118, 134, 158), (190, 160, 112))
_GROUND = 43  # height of a ground floor, in thousandths
_LEAVES: tuple[Rgb, ...] = ((92, 118, 84), (110, 132, 90), (84, 106, 88))
_LIT: Rgb = (255, 214, 134)
_LAMPS: tuple[Rgb, ...] = (  # behind the windows of a house
    *(_LIT, _LIT, (255, 230, 178), (246, 186, 106), (222, 222, 190)),
)
SNOW: Rgb = (240, 242, 246)


@attrs.define
class Ledges:
    """Where small things can stand: x, y of their foot, by what it is; and the houses."""

    sills: list[tuple[float, float]] = attrs.field(factory=list)
    roofs: list[tuple[float, float]] = attrs.field(factory=list)
    shops: list[tuple[float, float]] = attrs.field(factory=list)
    signs: list[tuple[float, float]] = attrs.field(factory=list)
    houses: list[House] = attrs.field(factory=list)  # from left to right
    doors: list[tuple[float, float]] = attrs.field(factory=list)
    panes: list[tuple[float, float, float]] = attrs.field(factory=list)  # left, right, foot


@attrs.frozen
class House:
    """Sides of a house's wall and height of its ground floor, in pixels, and what it looks like."""

    left: float
    right: float
    top: float
    base: float
    wall: Rgb
    roof: Rgb
    ground: float
    storeys: int
    shop: bool
    pitch: float  # height of the roof, in pixels

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, with roof and chimney, in pixels."""
        edge = 0.07 * self.ground
        return self.left - edge, self.top - self.pitch - 4.4 * edge, self.right + edge, self.base

    @property
    def storey(self) -> float:
        """Height of one of the upper storeys, in pixels."""
        return (self.base - self.top - self.ground) / self.storeys


def draw_row(
    stage: Stage, left: float, right: float, base: float, heights: tuple[float, float]
) -> Ledges:
    """A row of houses side by side; *heights* of their walls are in thousandths."""
    ledges, rng, u, x = Ledges(), stage.rng, stage.canvas.unit, left
    wall, roof = (int(rng.integers(len(inks))) for inks in (WALLS, ROOFS))
    while x < right - 20 * u:
        wide = float(rng.uniform(62, 116)) * u
        wide = wide if x + wide < right - 50 * u else right - x
        high = float(rng.uniform(*heights)) * u
        wall = (wall + int(rng.integers(1, len(WALLS)))) % len(WALLS)  # not as the one before
        roof = (roof + int(rng.integers(1, len(ROOFS)))) % len(ROOFS)
        house = House(
            *(x, x + wide, base - high, base),
            stage.mood.dim(WALLS[wall]),
            stage.mood.dim(ROOFS[roof]),
            _GROUND * u,
            max(1, round((high - _GROUND * u) / (35 * u))),
            bool(rng.random() < 0.65),
            float(rng.uniform(22, 42)) * u,
        )
        draw_house(stage, house, ledges)
        x += wide
    return ledges


def draw_house(stage: Stage, house: House, ledges: Ledges) -> None:
    """One house, from roof to doorstep."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    wall = house.wall
    ledges.houses.append(house)
    gable = _draw_roof(stage, house, ledges)
    canvas.rectangle(house.left, house.top, house.right, house.base, wall)
    canvas.rectangle(house.right - 5 * u, house.top, house.right, house.base, shade(wall, 0.14))
    canvas.rectangle(house.left, house.top, house.left + 1.6 * u, house.base, shade(wall, -0.3))
    if not gable:
        canvas.rectangle(house.left, house.top, house.right, house.top + 5 * u, shade(wall, 0.2))
    canvas.rectangle(house.left, house.base - 5 * u, house.right, house.base, shade(wall, 0.24))
    if rng.random() < 0.4:
        _draw_bricks(canvas, house, rng)
    columns = max(2, round(house.width / (27 * u)))
    door = stage.mood.dim(_DOORS[int(rng.integers(len(_DOORS)))])
    shutters = door if rng.random() < 0.4 else None
    if rng.random() < 0.12:
        _draw_ivy(stage, house)
    flowers = bool(rng.random() < 0.3)
    for floor in range(house.storeys):
        y = house.top + floor * house.storey
        if floor:
            canvas.rectangle(house.left, y - u, house.right, y + u, shade(wall, 0.12))
        for column in range(columns):
            x = house.left + (column + 0.5) * house.width / columns
            at = x, y + house.storey * 0.22
            _draw_window(stage, at, ledges, shutters=shutters, flowers=flowers)
    _draw_ground_floor(stage, house, door, ledges)


def _draw_bricks(canvas: Canvas, house: House, rng: np.random.Generator) -> None:
    u, ink = canvas.unit, shade(house.wall, 0.1)
    for _ in range(int(house.width * (house.base - house.top) / (60 * u * u))):
        x = rng.uniform(house.left + 2 * u, house.right - 8 * u)
        y = house.top + 3 * u * int(rng.uniform(2, (house.base - house.top) / (3 * u)))
        canvas.rectangle(x, y, x + 5 * u, y + 2 * u, ink)


def _draw_ivy(stage: Stage, house: House) -> None:
    """A stem up one side of a house, with leaves about it."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    inks = [stage.mood.dim(ink) for ink in _LEAVES]
    root, side = (house.left, 1) if rng.random() < 0.5 else (house.right, -1)
    tall, bend = house.base - house.top, float(rng.uniform(0, 6.3))
    ups = np.linspace(0, 0.9, 24)
    stem = root + side * (4 + 3 * np.sin(7 * ups + bend)) * u
    line = np.stack([stem, house.base - ups * tall], 1)
    ends = line[::-1] + np.array([1.2 * u, 0])
    canvas.area(np.concatenate([line, ends]), stage.mood.dim((112, 92, 76)))
    for _ in range(int(tall / (0.8 * u))):
        up = 0.9 * float(rng.random()) ** 1.2
        middle = float(np.interp(up, ups, stem))
        far = float(rng.normal(0, 1)) * (5.5 - 4 * up) * u  # thinner towards its end
        x, y = max(house.left, min(house.right, middle + far)), house.base - up * tall
        canvas.dot(x, y, float(rng.uniform(1.2, 2.6)) * u, inks[int(rng.integers(3))])


def _draw_flowers(stage: Stage, x: float, y: float) -> None:
    """A box of flowers on a sill."""
    canvas, rng, u, mood = stage.canvas, stage.rng, stage.canvas.unit, stage.mood
    bloom = _tint(stage)
    for place in np.linspace(-6, 6, 6):
        leaf = mood.dim(_LEAVES[int(rng.integers(3))])
        canvas.dot(x + float(place) * u, y - float(rng.uniform(0.6, 2)) * u, 2.2 * u, leaf)
        canvas.dot(x + float(place) * u, y - float(rng.uniform(1.5, 4)) * u, 1.2 * u, bloom)
    canvas.rectangle(x - 8 * u, y, x + 8 * u, y + 4 * u, mood.dim((142, 108, 84)))
    canvas.rectangle(x - 8 * u, y, x + 8 * u, y + u, mood.dim((176, 138, 106)))


def _draw_snow(canvas: Canvas, edge: Points, thick: float) -> None:
    """Snow that hangs down by about so much from the upper *edge* of a roof."""
    lower = edge + np.array([0, thick]) * (1 + 0.3 * np.cos(np.arange(len(edge)) * 2.4))[:, None]
    canvas.area(np.concatenate([edge, lower[::-1]]), SNOW)


def _draw_roof(stage: Stage, house: House, ledges: Ledges) -> bool:
    """A roof, and whether it is a gable."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    left, right, top, roof = house.left - 3 * u, house.right + 3 * u, house.top, house.roof
    middle, high = (left + right) / 2, house.pitch
    chimney = float(rng.uniform(left + 14 * u, right - 26 * u))
    canvas.rectangle(chimney, top - high - 8 * u, chimney + 12 * u, top, shade(roof, 0.1))
    canvas.rectangle(
        chimney - 2 * u, top - high - 11 * u, chimney + 14 * u, top - high - 7 * u, shade(roof, 0.3)
    )
    if stage.mood.weather == "snow":
        canvas.area(bar(chimney - 2 * u, top - high - 13.4 * u, 16 * u, 4 * u, 1.8 * u), SNOW)
    gable = bool(rng.random() < 0.5)
    inset = (right - left) / 2 if gable else float(rng.uniform(8, 22)) * u
    outline = np.array(
        [[left, top], [left + inset, top - high], [right - inset, top - high], [right, top]]
    )
    if gable:
        side = high * 3 * u / (middle - left)  # of the wall, up to the roof that juts out
        sides = [[house.left, top], [house.left, top - side], [middle, top - high]]
        sides += [[house.right, top - side], [house.right, top]]
        canvas.area(np.array(sides), house.wall)
        ridge = np.array([[left, top], [middle, top - high], [right, top]])
        thick = ridge[::-1] + np.array([0, -7 * u])
        canvas.area(np.concatenate([ridge, thick]), roof)
        if stage.mood.weather == "snow":
            _draw_snow(canvas, _between(*thick[::-1]), 4 * u)
        canvas.dot(middle, top - high * 0.34, 7 * u, stage.mood.dim((232, 226, 212)))
        lit = stage.mood.hour == "night" and rng.random() < 0.5
        canvas.dot(middle, top - high * 0.34, 5 * u, _LIT if lit else (86, 102, 122))
        return True
    canvas.area(outline, roof)
    for y in np.arange(top - high + 4 * u, top, 5 * u):
        lean = inset * (y - top) / high
        canvas.rectangle(left - lean + 2 * u, y, right + lean - 2 * u, y + u, shade(roof, 0.13))
    if stage.mood.weather == "snow":
        slope = np.linspace(0, 0.5, 7)[::-1, None] * (outline[0] - outline[1])
        mirrored = slope[::-1] * (-1, 1)
        edge = [outline[1] + slope, _between(*outline[1:3]), outline[2] + mirrored]
        _draw_snow(canvas, np.concatenate(edge), 0.1 * high)
    canvas.rectangle(left, top - 2 * u, right, top + 2 * u, shade(roof, 0.3))
    spots = int((right - left - 2 * inset) // (26 * u))
    ledges.roofs += [(left + inset + (i + 0.5) * 26 * u, top - high) for i in range(spots)]
    return False


def _between(*corners: Points) -> Points:
    """Many points on the lines from corner to corner."""
    pairs = pairwise(corners)
    return np.concatenate([np.linspace(start, end, 12) for start, end in pairs])


def _draw_window(
    stage: Stage,
    at: tuple[float, float],
    ledges: Ledges,
    *,
    shutters: Rgb | None = None,
    flowers: bool = False,
) -> None:
    """A window with its upper middle at a place; somebody may look out of it."""
    canvas, rng, u, (x, y) = stage.canvas, stage.rng, stage.canvas.unit, at
    wide, high = 11 * u, 17 * u
    left, right, low = x - wide / 2, x + wide / 2, y + high
    lit = stage.mood.is_dark and rng.random() < (0.6 if stage.mood.hour == "night" else 0.35)
    frame = stage.mood.dim((236, 230, 218))
    glass = _LAMPS[int(x + y) % 5] if lit else mix((92, 112, 132), stage.mood.sky[0], 0.2)
    if lit and stage.mood.hour == "night":
        canvas.glow(x, y + high / 2, 17 * u, GLOW, 0.5)
    canvas.rectangle(left - 1.8 * u, y - 1.8 * u, right + 1.8 * u, low + 1.5 * u, frame)
    canvas.rectangle(left, y, right, low, glass)
    if not lit:
        canvas.rectangle(left, y, right, y + 4 * u, shade(glass, 0.3))
        canvas.rectangle(left + u, y + 5 * u, left + 3 * u, low - 4 * u, shade(glass, -0.3))
    elif rng.random() < 0.5:
        canvas.rectangle(left, y, left + 3 * u, low, (226, 160, 120))
    looks_out = bool(rng.random() < 0.08)
    if looks_out:
        person = draw_extra(
            sample_person(rng, "leaning"),
            max(4, round(13 * u)),
            sample_muted(rng),
            light=stage.mood.light,
        )
        canvas.place(person, x, low + u, shadow=0)
    else:
        canvas.rectangle(x - 0.6 * u, y, x + 0.6 * u, low, frame)
        canvas.rectangle(left, y + high * 0.4, right, y + high * 0.4 + u, frame)
    if shutters is not None:
        for side in (left - 8 * u, right + 2 * u):
            canvas.rectangle(side, y - u, side + 6 * u, low + u, shutters)
            for line in np.arange(y + u, low, 3 * u):
                canvas.rectangle(side + u, line, side + 5 * u, line + u, shade(shutters, 0.3))
    under = stage.mood.dim((120, 108, 112))
    canvas.rectangle(left - 3.5 * u, low + u, right + 3.5 * u, low + 3 * u, shade(frame, -0.25))
    canvas.rectangle(left - 3.5 * u, low + 3 * u, right + 3.5 * u, low + 4.2 * u, under)
    if flowers and rng.random() < 0.6:
        _draw_flowers(stage, x, low)
    elif not looks_out:
        ledges.sills.append((x, low + 1.2 * u))


def _draw_ground_floor(stage: Stage, house: House, ink: Rgb, ledges: Ledges) -> None:
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    base = house.base
    at_left = bool(rng.random() < 0.5)
    door = house.left + 14 * u if at_left else house.right - 14 * u
    canvas.rectangle(
        door - 9.5 * u, base - 29 * u, door + 9.5 * u, base, stage.mood.dim((226, 216, 200))
    )
    canvas.rectangle(door - 7.5 * u, base - 27 * u, door + 7.5 * u, base, ink)
    canvas.rectangle(door - 5 * u, base - 24 * u, door + 5 * u, base - 15 * u, shade(ink, -0.25))
    canvas.rectangle(door - 5 * u, base - 12 * u, door + 5 * u, base - 3 * u, shade(ink, 0.2))
    canvas.rectangle(door + 4 * u, base - 14 * u, door + 6 * u, base - 12 * u, (222, 190, 110))
    ledges.doors.append((door, base))
    left, right = (
        (door + 14 * u, house.right - 6 * u)
        if at_left
        else (
            house.left + 6 * u,
            door - 14 * u,
        )
    )
    if right - left < 20 * u:
        return
    if not house.shop:
        for x in np.arange(left + 9 * u, right - 6 * u, 25 * u):
            _draw_window(stage, (float(x), base - 30 * u), ledges)
        return
    glass: Rgb = _LIT if stage.mood.is_dark else (146, 168, 178)
    if stage.mood.is_dark:
        canvas.glow((left + right) / 2, base - 14 * u, 0.8 * (right - left), GLOW, 0.5)
    canvas.rectangle(left - 2 * u, base - 27 * u, right + 2 * u, base - 3 * u, shade(ink, 0.1))
    canvas.rectangle(left, base - 25 * u, right, base - 7 * u, glass)
    canvas.rectangle(left, base - 25 * u, right, base - 20 * u, shade(glass, 0.22))
    _draw_wares(stage, left, right, base - 7 * u)
    for x in np.arange(left + 12 * u, right - 8 * u, 22 * u):
        ledges.shops.append((float(x), base - 7 * u))
    ledges.panes.append((left, right, base))
    fascia = base - house.ground + 2 * u  # a board for a sign, where the ground floor is high
    if fascia < base - 46 * u:
        canvas.rectangle(left - 4 * u, fascia, right + 4 * u, base - 38 * u, shade(ink, 0.35))
        canvas.rectangle(left - 4 * u, fascia, right + 4 * u, fascia + 1.2 * u, shade(ink, -0.2))
    draw_awning(stage, left - 4 * u, right + 4 * u, base - 40 * u)
    ledges.signs.append(((left + right) / 2, base - (38 if fascia < base - 46 * u else 40.5) * u))


def _draw_wares(stage: Stage, left: float, right: float, base: float) -> None:
    """Boxes and balls in a shop window."""
    canvas, rng, u = stage.canvas, stage.rng, stage.canvas.unit
    x = left + 2 * u
    while x < right - 8 * u:
        ink, wide = _tint(stage), float(rng.uniform(3, 6)) * u
        if rng.random() < 0.5:
            for _ in range(int(rng.integers(1, 4))):
                canvas.dot(x + wide / 2, base - wide / 2, wide / 2, shade(ink, 0.2))
                x += wide * 0.9
        else:
            tall = float(rng.uniform(4, 11)) * u
            canvas.rectangle(x, base - tall, x + wide, base, shade(ink, 0.15))
            canvas.rectangle(x, base - tall * 0.7, x + wide, base - tall * 0.5, shade(ink, -0.4))
        x += wide + float(rng.uniform(1, 4)) * u


def _tint(stage: Stage) -> Rgb:
    """One of the muted colours, as they are at this hour."""
    return stage.mood.dim(sample_muted(stage.rng))


def draw_awning(stage: Stage, left: float, right: float, top: float, grow: float = 1) -> None:
    """A striped awning with a scalloped edge."""
    canvas, u = stage.canvas, stage.canvas.unit * grow
    ink = stage.mood.dim(_AWNINGS[int(stage.rng.integers(len(_AWNINGS)))])
    pale = stage.mood.dim((238, 230, 214))
    count = max(3, round((right - left) / (8 * u)))
    step, high, flare = (right - left) / count, 11 * u, 3 * u
    canvas.rectangle(left, top + high, right, top + high + 5 * u, (60, 54, 70))
    for stripe in range(count):
        tint = ink if stripe % 2 else pale
        x, y, low = left + stripe * step, top, top + high
        spread = (stripe / count - 0.5) * 2 * flare, ((stripe + 1) / count - 0.5) * 2 * flare
        canvas.area(
            f"M {x} {y} H {x + step} L {x + step + spread[1]} {low} "
            f"Q {x + step / 2 + sum(spread) / 2} {low + 5 * u} {x + spread[0]} {low} Z",
            tint,
        )
    canvas.rectangle(left, top - u, right, top + u, shade(ink, 0.3))
    if stage.mood.weather == "snow":
        edge = np.stack([np.linspace(left, right, 14), np.full(14, top - 1.6 * u)], 1)
        _draw_snow(canvas, edge, 6 * u)
