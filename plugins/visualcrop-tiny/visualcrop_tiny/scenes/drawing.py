"""Draws a scene as planned: background, things, lighting and JPEG artefacts."""

from __future__ import annotations

import io
from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageChops
import PIL.ImageDraw

from .plan import Kind, PlacedThing, Placement, Rng, ScenePlan, Things, plan_scene, scene_rng
from .shapes import COLOURS, shape_mask

_Draw = PIL.ImageDraw.ImageDraw
_RESAMPLING = PIL.Image.Resampling


@attrs.frozen(eq=False)
class DrawnScene:
    """A picture and the things in it. The things that its question is about come first."""

    picture: PIL.Image.Image = attrs.field(repr=False)
    things: tuple[PlacedThing, ...]
    kind: Kind = "attribute"
    subject_count: int = 1  # how many of the first things its question is about


def draw_scene(
    seed: int, width: int, height: int, kind: Kind = "attribute", things: Things = "relative"
) -> DrawnScene:
    """Plan and draw a scene for questions of *kind*; the same arguments give the same pixels."""
    return draw_plan(plan_scene(seed, width, height, kind, things))


def draw_plan(plan: ScenePlan) -> DrawnScene:
    """Draw the scene of a plan."""
    size = plan.width, plan.height
    rng = scene_rng(plan.seed, *size, plan.kind, "paint")
    picture = _draw_background(rng, size, plan.scale)
    for placement in plan.placements:
        _draw_thing(rng, picture, placement)
    picture = _add_photographic_noise(rng, picture)
    return DrawnScene(picture, plan.things, plan.kind, plan.subject_count)


def _draw_thing(rng: Rng, picture: PIL.Image.Image, placement: Placement) -> None:
    spec, corner = placement.spec, (placement.left, placement.top)
    mask = shape_mask(spec.shape, spec.size, placement.angle)
    ink = np.clip(np.array(COLOURS[spec.colour]) + rng.normal(0, 10, 3), 0, 255)
    if rng.random() < 0.5:
        drop = max(2, spec.size // 40)
        shadow = mask.point([level * 2 // 5 for level in range(256)])
        picture.paste((25, 25, 25), (corner[0] + drop, corner[1] + drop), shadow)
    picture.paste(_to_rgb(ink), corner, mask)
    if spec.text:
        digit = shape_mask(spec.text, round(spec.size * 0.8), placement.angle)
        shift = (spec.size - digit.width) // 2
        dark = ink @ np.array((0.3, 0.6, 0.1)) < 120
        contrasting = (240, 240, 240) if dark else (20, 20, 20)
        picture.paste(contrasting, (corner[0] + shift, corner[1] + shift), digit)


def _to_rgb(ink: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in ink)
    return red, green, blue


def _add_photographic_noise(rng: Rng, picture: PIL.Image.Image) -> PIL.Image.Image:
    """Uneven light on half of the pictures, JPEG artefacts on half."""
    if rng.random() < 0.5:
        levels = rng.uniform(190, 255, (2, 2)).astype(np.uint8)
        light = PIL.Image.fromarray(levels).resize(picture.size, _RESAMPLING.BILINEAR)
        picture = PIL.ImageChops.multiply(picture, PIL.Image.merge("RGB", (light,) * 3))
    if rng.random() < 0.5:
        stored = io.BytesIO()
        picture.save(stored, "JPEG", quality=int(rng.integers(55, 96)))
        picture = PIL.Image.open(stored).convert("RGB")
    return picture


def _draw_background(rng: Rng, size: tuple[int, int], scale: float) -> PIL.Image.Image:
    """Muted texture, structures, lines and clutter, on which bright things stand out."""
    base = float(rng.integers(70, 165))
    ground = _add_noise(rng, _sample_base_colours(rng, size, base))
    draw = PIL.ImageDraw.Draw(ground, "RGBA")
    style = _STYLES[rng.integers(len(_STYLES))]
    style(rng, draw, size, base)
    _draw_lines(rng, draw, size, base)
    _draw_clutter(rng, draw, size, scale)
    return ground


def _sample_base_colours(rng: Rng, size: tuple[int, int], base: float) -> PIL.Image.Image:
    """A smooth gradient through 6 x 6 random colours about the grey level *base*."""
    tint, grey = rng.normal(0, 11, 3), rng.normal(0, 20, (6, 6, 1))
    low = np.clip(base + tint + grey + rng.normal(0, 5, (6, 6, 3)), 25, 215).astype(np.uint8)
    return PIL.Image.fromarray(low).resize(size, _RESAMPLING.BICUBIC)


def _add_noise(rng: Rng, ground: PIL.Image.Image) -> PIL.Image.Image:
    """Add coarse noise, and fine noise that repeats one tile of 256 pixels."""
    coarse = 128 + rng.normal(0, rng.uniform(4, 14), (48, 48))
    middle = PIL.Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    fine = 128 + rng.integers(-8, 9, (128, 128)).repeat(2, 0).repeat(2, 1)
    rows, columns = -(-ground.height // 256), -(-ground.width // 256)
    tiled = np.tile(fine.astype(np.uint8), (rows, columns))[: ground.height, : ground.width]
    noise = PIL.ImageChops.add(
        middle.resize(ground.size, _RESAMPLING.BILINEAR), PIL.Image.fromarray(tiled), offset=-128
    )
    return PIL.ImageChops.add(ground, PIL.Image.merge("RGB", (noise,) * 3), offset=-128)


def _sample_muted_colour(rng: Rng, base: float, spread: float) -> tuple[int, int, int]:
    """RGB near the grey level *base*; *spread* is the deviation of its brightness."""
    red, green, blue = np.clip(base + rng.normal(0, spread) + rng.normal(0, 8, 3), 20, 225)
    return int(red), int(green), int(blue)


def _draw_blocks(rng: Rng, draw: _Draw, size: tuple[int, int], base: float) -> None:
    unit = max(size) / 1024
    for _ in range(rng.integers(3, 9)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        wide, high = rng.uniform(60, 320, 2) * unit
        fill = (*_sample_muted_colour(rng, base, 28), int(rng.integers(60, 190)))
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape((x, y, x + wide, y + high), fill=fill)


def _draw_tiles(rng: Rng, draw: _Draw, size: tuple[int, int], base: float) -> None:
    step = rng.uniform(60, 240) * max(size) / 1024
    ink, width = (*_sample_muted_colour(rng, base - 30, 12), 150), int(rng.integers(2, 7))
    for x in np.arange(rng.uniform(0, step), size[0], step):
        draw.line((x, 0, x, size[1]), fill=ink, width=width)
    for y in np.arange(rng.uniform(0, step), size[1], step):
        draw.line((0, y, size[0], y), fill=ink, width=width)


def _draw_planks(rng: Rng, draw: _Draw, size: tuple[int, int], base: float) -> None:
    y = 0.0
    while y < size[1]:
        high = rng.uniform(40, 160) * max(size) / 1024
        fill = (*_sample_muted_colour(rng, base, 14), 120)
        draw.rectangle((0, y, size[0], y + high), fill=fill)
        draw.line((0, y, size[0], y), fill=(20, 20, 20, 90), width=3)
        y += high


def _draw_terrazzo(rng: Rng, draw: _Draw, size: tuple[int, int], base: float) -> None:
    for _ in range(rng.integers(60, 200)):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        wide, high = rng.uniform(4, 26, 2)
        draw.ellipse((x, y, x + wide, y + high), fill=(*_sample_muted_colour(rng, base, 26), 170))


_STYLES: tuple[Callable[[Rng, _Draw, tuple[int, int], float], None], ...] = (
    *(_draw_blocks, _draw_tiles, _draw_planks, _draw_terrazzo),
)


def _draw_lines(rng: Rng, draw: _Draw, size: tuple[int, int], base: float) -> None:
    for _ in range(rng.integers(0, 6)):
        ends = rng.uniform(0, 1, 4) * np.array([*size, *size])
        draw.line(
            tuple(ends), fill=_sample_muted_colour(rng, base, 30), width=int(rng.integers(2, 9))
        )


def _draw_clutter(rng: Rng, draw: _Draw, size: tuple[int, int], scale: float) -> None:
    """Muted polygons, about as large as the small things."""
    for _ in range(rng.integers(4, 20)):
        count = int(rng.integers(5, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        radii = rng.uniform(10, 30) * scale * rng.uniform(0.5, 1, count)
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        points = zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)
        draw.polygon([*points], fill=_sample_muted_colour(rng, float(rng.integers(30, 210)), 0))
