"""Time of day and weather: the sky, the tint of everything, and what falls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs
import numpy as np
import PIL.Image

from ..palette import FULL_LIGHT, Light, Rgb, mix
from ..paths import Points
from .canvas import Canvas

Hour: TypeAlias = Literal["morning", "noon", "evening", "night"]
Weather: TypeAlias = Literal["clear", "cloudy", "rain", "snow", "mist"]
GLOW: Rgb = (255, 196, 104)  # of lamps and lit windows
HOURS: tuple[Hour, ...] = ("morning", "noon", "evening", "night")
WEATHERS: tuple[Weather, ...] = ("clear", "cloudy", "rain", "snow", "mist")
_SKIES: dict[Hour, tuple[Rgb, ...]] = {
    "morning": ((150, 190, 214), (206, 216, 214), (246, 222, 196)),
    "noon": ((108, 172, 216), (160, 204, 226), (212, 230, 228)),
    "evening": ((98, 112, 164), (206, 142, 146), (250, 196, 138)),
    "night": ((22, 28, 62), (38, 48, 92), (84, 84, 126)),
}
_GREYS: dict[Weather, Rgb] = {
    **dict.fromkeys(("cloudy", "mist"), (186, 194, 198)),
    "rain": (150, 160, 170),
    "snow": (198, 202, 210),
}
_TINTS: dict[Hour, tuple[float, float, float]] = {
    "morning": (1.0, 0.97, 0.94),
    "noon": (1.0, 1.0, 1.0),
    "evening": (1.0, 0.91, 0.84),
    "night": (0.88, 0.9, 1.0),
}


@attrs.frozen
class Mood:
    """When it is, and what the weather is like."""

    hour: Hour
    weather: Weather

    @classmethod
    def sample(cls, rng: np.random.Generator, *, night: bool = False) -> Mood:
        """A mood by chance; most days are clear."""
        hour = "night" if night else HOURS[int(rng.choice(3, p=(0.3, 0.4, 0.3)))]
        return cls(hour, WEATHERS[int(rng.choice(5, p=(0.4, 0.24, 0.14, 0.12, 0.1)))])

    @property
    def sky(self) -> tuple[Rgb, ...]:
        """Colours of the sky, from above."""
        if self.weather == "clear":
            return _SKIES[self.hour]
        grey: Rgb = (58, 62, 88) if self.hour == "night" else _GREYS[self.weather]
        share = {"cloudy": 0.3, "rain": 0.78, "mist": 0.6, "snow": 0.62}[self.weather]
        return tuple(mix(ink, grey, share) for ink in _SKIES[self.hour])

    @property
    def haze(self) -> Rgb:
        """The colour of what is far away."""
        return self.sky[-1]

    @property
    def is_dark(self) -> bool:
        """Whether lamps are lit."""
        return self.hour in {"evening", "night"}

    def dim(self, ink: Rgb) -> Rgb:
        """The colour of what is not asked for: darker at night, when named things are lit."""
        return mix(ink, (34, 38, 82), 0.42) if self.hour == "night" else ink

    @property
    def light(self) -> Light:
        """The light on what is drawn without a colour asked for."""
        return (0.62, 0.64, 0.8) if self.hour == "night" else FULL_LIGHT

    def far(self, ink: Rgb, distance: float) -> Rgb:
        """A colour seen from a *distance* of 0 (near) to 1 (at the horizon)."""
        thick = 0.85 if self.weather in {"mist", "rain"} else 0.6
        return mix(ink, self.haze, distance * thick)


def draw_sky(canvas: Canvas, mood: Mood, rng: np.random.Generator, horizon: float) -> float:
    """Sky down to the *horizon*, with sun or moon at the returned x, stars and clouds."""
    u = canvas.unit
    canvas.gradient(0, horizon + 2, mood.sky)
    # On the left, where the light comes from.
    x, y = rng.uniform(0.06, 0.38) * canvas.width, rng.uniform(0.12, 0.45) * horizon
    if mood.hour == "night" and mood.weather == "clear":
        for _ in range(140):
            size = rng.uniform(0.4, 1.3) * u
            at = rng.uniform(0, canvas.width), rng.uniform(0, horizon)
            canvas.dot(at[0], at[1], size, (226, 226, 240))
        canvas.glow(x, y, 110 * u, (190, 196, 220), 0.5)
        canvas.dot(x, y, 26 * u, (240, 236, 214))
        canvas.dot(x - 7 * u, y - 5 * u, 4 * u, (222, 216, 196))
        canvas.dot(x + 8 * u, y + 6 * u, 6 * u, (222, 216, 196))
        full = 2.9 * x / canvas.width  # at 1 the moon is full, and below it wanes
        if full < 1:
            dark = _dark_side(26.4 * u, 0.25 + 0.65 * full) + np.array([x, y])
            canvas.area(dark, mix(mood.sky[0], (240, 236, 214), 0.1))
    elif mood.weather == "clear":
        y = y if mood.hour == "noon" else horizon * 0.72
        canvas.glow(x, y, 170 * u, (255, 244, 208), 0.8)
        canvas.dot(x, y, 24 * u, (255, 246, 214))
    clouds = {"clear": 4, "snow": 6, "mist": 5, "cloudy": 11, "rain": 13}[mood.weather]
    for _ in range(clouds):
        _draw_cloud(canvas, mood, rng, horizon, (x, y))
    return float(x)


def _dark_side(radius: float, lit: float) -> Points:
    """The part of the moon, about 0, 0, that gets no light; *lit* is the share of the other."""
    turns = np.linspace(-0.5, 0.5, 32) * math.pi
    edge = np.stack([np.cos(turns), np.sin(turns)], 1) * radius
    cos, sin = math.cos(0.4), math.sin(0.4)  # it leans
    shape: Points = np.concatenate([edge, edge[::-1] * (2 * lit - 1, 1)])
    leaning: Points = shape @ np.array([[cos, sin], [-sin, cos]])
    return leaning


def _draw_cloud(
    canvas: Canvas,
    mood: Mood,
    rng: np.random.Generator,
    horizon: float,
    lamp: tuple[float, float],
) -> None:
    """A cloud, but none before sun or moon, the *lamp* of the sky."""
    u, y = canvas.unit, float(rng.uniform(0.04, 0.8) * horizon)
    x, wide = float(rng.uniform(-0.05, 1.05) * canvas.width), float(rng.uniform(60, 190) * u)
    if mood.weather == "clear" and abs(x - lamp[0]) < 0.7 * wide + 40 * u:
        x = x + 0.5 * canvas.width
    bright = 0.25 if mood.hour == "night" else 0.3 if mood.weather == "rain" else 0.75
    light = mix(mood.sky[1], (255, 252, 244), bright)
    turns = np.linspace(0, math.tau, 64, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], 1)
    puffs = []
    for place in np.linspace(-0.5, 0.5, int(rng.integers(4, 8))):
        radius = wide * float(rng.uniform(0.12, 0.24)) * (1 - abs(place) * 0.9)
        puffs.append(circle * (radius * 1.25, radius) + (x + place * wide, y - radius * 0.55))
    puffs.append(circle * (wide * 0.56, wide * 0.075) + (x, y - wide * 0.075))
    lower = [puff + np.array([0, wide * 0.03]) for puff in puffs]
    canvas.area(lower, mix(light, mood.sky[0], 0.35))
    canvas.area(puffs, light)


def finish(
    canvas: Canvas,
    mood: Mood,
    rng: np.random.Generator,
    lights: Sequence[tuple[float, float, float]] = (),
    *,
    outdoors: bool = True,
) -> None:
    """Rain or snow, the tint of the hour, and after dusk the glow of *lights*: x, y, radius."""
    if mood.weather == "rain" and outdoors:
        _draw_rain(canvas, rng)
    if mood.weather == "snow" and outdoors:
        _draw_snow(canvas, rng)
    tint = np.array(_TINTS[mood.hour])
    if not outdoors:
        tint = (1 + tint) / 2
    if mood.weather in {"rain", "cloudy"}:
        tint = tint * (0.95, 0.97, 0.99)
    if not (tint == 1).all():
        table = np.clip(np.arange(256) * tint[:, None] + 0.5, 0, 255).astype(int)
        canvas.picture = canvas.picture.point(table.ravel().tolist())
    if mood.is_dark:
        for x, y, radius in lights:
            canvas.glow(x, y, radius, GLOW, 0.28 if mood.hour == "night" else 0.35)


def _draw_rain(canvas: Canvas, rng: np.random.Generator) -> None:
    u = canvas.unit
    long = max(6, round(22 * u))
    lean = max(1, long // 4)
    strip = np.zeros((long, lean + 2))
    for row in range(long):
        strip[row, round((long - 1 - row) / long * lean)] = 1
    mask = PIL.Image.fromarray((strip * 90).astype(np.uint8))
    for _ in range(500):
        corner = int(rng.integers(canvas.width)), int(rng.integers(canvas.height))
        canvas.picture.paste((232, 238, 244), corner, mask)


def _draw_snow(canvas: Canvas, rng: np.random.Generator) -> None:
    u = canvas.unit
    for _ in range(420):
        side = max(2, round(rng.uniform(2, 5) * u))
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        if not any(  # a flake may be as large as a letter
            item.left - side < x < item.right + side and item.top - side < y < item.bottom + side
            for item in canvas.tracked
        ):
            canvas.glow(x, y, side, (255, 255, 255), 1.0)
