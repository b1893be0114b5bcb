"""Who and what stands about on the ground, in the air, and on the ledges of houses."""

from __future__ import annotations

import attrs
import numpy as np

from ..drawing import Thing
from .extras import (
    BARREL,
    BARROW,
    BENCH,
    CART,
    CRATE,
    GULL,
    POST,
    SACK,
    UNLIT_POST,
    draw_extra,
    sample_height,
    sample_muted,
    sample_person,
)
from .houses import Ledges
from .stage import IN_AIR, Stage
from .weather import GLOW

_APART = {"person": (20, 8), "post": (100, 400)}  # least across or down, in thousandths
_HIDDEN = {"person": 0.5, "post": 0.4, "stack": 0.2, "laden": 0.2}  # at most, by a person's height
_LARGER = {BENCH: 2.0, CART: 2.3, BARROW: 1.7}  # than a barrel


def grown(stage: Stage, y: float, vanish: float) -> float:
    """How large what stands at y is drawn: least where the ground begins, at *vanish*."""
    return 0.62 + 0.6 * (y - vanish) / max(1.0, stage.canvas.height - vanish)


@attrs.frozen
class Crowd:
    """
    What stands on a stretch of ground, drawn from back to front.

    Attributes:
        where: What the ground is called, such as `on the quay`.
        named: Share of all named things.
        laden: Share of those on crates.
        signs: How many signs.
        people: How many people, at a density of 1.
        stacks: Of crates.
        extras: Of the other kinds.
        posts: Lamp posts.
        kinds: Of the others.
        size: Of people in front, in thousandths of the longer side.

    """

    where: str
    named: float = 0.2
    laden: float = 0.0
    signs: int = 0
    people: float = 40
    stacks: float = 0
    extras: float = 60
    posts: int = 0
    kinds: tuple[Thing, ...] = (BARREL, CRATE, SACK)
    size: float = 44

    def draw(self, stage: Stage, top: float, bottom: float, vanish: float | None = None) -> None:
        """Draw it between two heights; what is nearer to *vanish*, or else the top, is smaller."""
        canvas, rng = stage.canvas, stage.rng
        kinds = ["thing"] * stage.count(self.named) + ["sign"] * self.signs + ["post"] * self.posts
        kinds += ["person"] * stage.scaled(self.people) + ["stack"] * stage.scaled(self.stacks)
        kinds += ["extra"] * stage.scaled(self.extras) + ["laden"] * stage.count(self.laden)
        rows = np.sort(rng.uniform(top, bottom, len(kinds)))
        taken: dict[str, list[tuple[float, float]]] = {}
        for kind, y in zip(rng.permutation(kinds), rows, strict=True):
            grow = grown(stage, float(y), top if vanish is None else vanish)
            others = taken.setdefault(str(kind), [])
            for _ in range(8):
                x = float(rng.uniform(0.01, 0.99)) * canvas.width
                across, down = np.multiply(_APART.get(str(kind), (0, 0)), grow * canvas.unit)
                apart = all(abs(x - a) >= across or y - b >= down for a, b in others)
                apart = apart and not self._will_be_hidden(stage, str(kind), x, float(y), grow)
                if apart and self._stand(stage, str(kind), (x, float(y)), grow):
                    others.append((x, float(y)))
                    break

    def _will_be_hidden(self, stage: Stage, kind: str, x: float, y: float, grow: float) -> bool:
        """Whether much of it would be behind what is to come where something is reserved."""
        knee = y - self.size * _HIDDEN.get(kind, 0.1) * grow * stage.canvas.unit
        return any(
            left < x < right and y < low and top + 0.13 * (low - top) < knee
            for left, top, right, low in stage.canvas.reserved
        )

    def _stand(self, stage: Stage, kind: str, foot: tuple[float, float], grow: float) -> bool:
        rng, (x, y) = stage.rng, foot
        if kind == "thing":
            return stage.thing(x, y, self.where, grow=grow)
        if kind == "sign":
            return stage.sign(x, y, self.where, ("board", "arrow")[int(rng.integers(2))])
        extra = self.kinds[int(rng.integers(len(self.kinds)))]
        sizes = {
            "person": (sample_person(rng), self.size * sample_height(rng)),
            "post": (POST if stage.mood.is_dark else UNLIT_POST, 2 * self.size),
            "extra": (extra, self.size * float(rng.uniform(0.32, 0.5)) * _LARGER.get(extra, 1)),
        }
        if kind in sizes:
            size = sizes[kind][1] * grow
            put = stage.prop(sizes[kind][0], x, y, size)
            if put and kind == "post":
                u = stage.canvas.unit
                lamp = x, y - 0.84 * size * u, 0.55 * size * u
                if stage.mood.hour == "evening":  # what stands before it hides its light
                    stage.canvas.glow(*lamp, GLOW, 0.35)
                else:
                    stage.lights.append(lamp)
            return put
        return _stack(
            stage, kind == "laden", foot, float(rng.uniform(0.38, 0.54)) * self.size * grow
        )


def _stack(stage: Stage, laden: bool, foot: tuple[float, float], side: float) -> bool:  # noqa: FBT001
    """Three crates, or one where there is no room for more, and perhaps a named thing on top."""
    u, (x, y) = stage.canvas.unit, foot
    if not stage.prop(CRATE, x, y, side):
        return False
    if stage.prop(CRATE, x + side * u, y + u, side):
        x, y = x + side * 0.5 * u, y - side * 0.76 * u
        stage.prop(CRATE, x, y, side)
    if laden:
        stage.thing(x, y - side * 0.76 * u, "on a crate", grow=side / 20)
    return True


def draw_foreground(stage: Stage, kinds: tuple[Thing, ...]) -> None:
    """People in front of all and something large, cut off by the lower edge of the picture."""
    canvas, rng = stage.canvas, stage.rng
    places = rng.permutation(np.linspace(0.04, 0.96, 13))
    sizes = [62.0] * stage.scaled(float(rng.integers(3, 6)))
    for x, size in zip(places, [56.0, *sizes], strict=False):
        kind = sample_person(rng) if size > 60 else kinds[int(rng.integers(len(kinds)))]
        pixels = size * float(rng.uniform(0.92, 1.05)) * canvas.unit
        foot = canvas.height + 0.3 * pixels
        stage.large(kind, float(x) * canvas.width, foot, pixels, stage.mood.dim(sample_muted(rng)))


def fly(stage: Stage, horizon: float, share: float, gulls: float) -> None:
    """
    Gulls and things in the sky above the *horizon*.

    No thing is where something is reserved; those at night have a pale rim.
    """
    canvas, rng, dark = stage.canvas, stage.rng, stage.mood.hour == "night"
    for _ in range(stage.scaled(gulls)):
        size = max(4, round(rng.uniform(7, 15) * canvas.unit))
        x, y = rng.uniform(0, 1) * canvas.width, rng.uniform(0.1, 0.98) * horizon
        gull = draw_extra(GULL, size, (200, 198, 196), light=stage.mood.light)
        canvas.place(gull, x, y, shadow=0)
    for _ in range(stage.count(share)):
        for _ in range(9):
            x, y = rng.uniform(0.04, 0.96) * canvas.width, rng.uniform(0.12, 0.75) * horizon
            if stage.thing(x, y, "in the sky", IN_AIR, shadow=0, grow=1.36):
                if dark:
                    canvas.rim(stage.placed[-1][1], 1.1 * canvas.unit, (206, 210, 236), 0.7)
                break


def fill_ledges(stage: Stage, ledges: Ledges, share: float, signs: int) -> None:
    """Things on roofs and sills and in shop windows, and signs over the shops."""
    rng = stage.rng
    for spots, part, where in (
        (ledges.roofs, 0.35, "on a roof"),
        (ledges.sills, 0.38, "on a window sill"),
        (ledges.shops, 0.27, "in a shop window"),
    ):
        wanted = stage.count(share * part)
        for index in rng.permutation(len(spots)):
            x, y = spots[index]
            if wanted > 0 and 0 < x < stage.canvas.width:
                shadow = 0.3 if where == "on a window sill" else 0
                wanted -= stage.thing(x, y, where, shadow=shadow)
    for index in rng.permutation(len(ledges.signs)):
        if signs > 0:
            x, y = ledges.signs[index]
            signs -= stage.sign(x, y, "over a shop", "plate")
