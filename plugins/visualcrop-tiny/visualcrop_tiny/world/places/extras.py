"""What stands about without being asked for: people, barrels, crates, gulls, plants."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..drawing import Ink, Layer, Thing, fill, line, patch
from ..palette import FULL_LIGHT, Light, Rgb
from ..paths import bar, disc, oval
from ..sprites import Pose, Sprite, ink_sprite

# Colours of what is not asked for, so muted that none is one of the nine.
MUTED: tuple[Rgb, ...] = (
    *((168, 112, 104), (184, 146, 116), (196, 180, 136), (128, 146, 122), (112, 138, 142)),
    *((112, 124, 150), (140, 122, 146), (182, 150, 154), (146, 130, 118), (204, 198, 186)),
)
SKINS: tuple[Ink, ...] = ("skin", "tan", "umber")


_UPRIGHT = Pose()


@lru_cache(512)
def draw_extra(
    extra: Thing, size: int, ink: Rgb, pose: Pose = _UPRIGHT, light: Light = FULL_LIGHT
) -> Sprite:
    """An extra in a muted colour; its longer side has *size* pixels."""
    return ink_sprite(extra, size, ink, pose, light)


def sample_muted(rng: np.random.Generator) -> Rgb:
    """One of the muted colours."""
    return MUTED[int(rng.integers(len(MUTED)))]


def _extra(name: str, *layers: Layer, edge: float = 2.2) -> Thing:
    return Thing(name, name + "s", "a", layers, edge)


Posture: TypeAlias = Literal["standing", "seated", "leaning"]
PEOPLE = 432
_CHILDREN = 0.14  # share of people who are


def make_person(design: int, posture: Posture = "standing") -> Thing:
    """One of 432 people, by number: skin, clothes, hair, and what the arms do."""
    skin = SKINS[design % 3]
    arms = (0, 0, 1, 1, 2, 3)[design // 72]
    arms += (design // 3 + design // 12) % len(_LOADS) if arms == 3 else 0
    return _make_person(skin, design // 3 % 4, design // 12 % 6, arms, posture)


@lru_cache(3 * PEOPLE)
def _make_person(skin: Ink, clothes: int, hair: int, arms: int, posture: Posture) -> Thing:
    legs, coat = _CLOTHES[clothes]
    if posture == "seated":
        legs = _FOLDED[clothes % 2]
    sleeves, *carried = _ARMS[arms]
    hands = fill(skin, "".join(disc(x, y, 4) for x, y in _HANDS[arms]))
    held = [*carried, hands] if carried else []
    return _extra(
        "person",
        *(() if posture == "leaning" else legs),
        *(() if carried else (sleeves, hands)),
        *(_TORSO if posture != "standing" and clothes == 1 else coat),
        *((sleeves, *held) if carried else ()),
        fill(skin, oval(50, 19, 12, 13)),
        _FACE,
        *_HAIR[hair],
        edge=1.8,
    )


def sample_person(rng: np.random.Generator, posture: Posture = "standing") -> Thing:
    """One of the people."""
    return make_person(int(rng.integers(PEOPLE)), posture)


def sample_height(rng: np.random.Generator) -> float:
    """How tall somebody is, by a grown-up."""
    child = rng.random() < _CHILDREN
    return float(rng.uniform(0.56, 0.7) if child else rng.uniform(0.92, 1.06))


_BOOTS = line("dark", 6, "M 42 95 H 37 M 58 95 H 63")
_TROUSERS = (line("denim", 9, "M 43 66 L 42 90 M 57 66 L 58 90"), _BOOTS)
_STOCKINGS = (line("dark", 6, "M 44 82 V 95 M 56 82 V 95"),)
_TORSO = (fill("colour", "M 35 36 Q 50 29 65 36 L 64 68 H 36 Z"),)
_CLOTHES: tuple[tuple[tuple[Layer, ...], tuple[Layer, ...]], ...] = (
    (_TROUSERS, _TORSO),
    (_STOCKINGS, (fill("colour", "M 37 34 Q 50 28 63 34 L 72 84 Q 50 90 28 84 Z"),)),
    (
        _TROUSERS,
        (
            *_TORSO,
            fill("denim", bar(40, 48, 20, 20)),
            line("denim", 3, "M 42 50 V 35 M 58 50 V 35"),
        ),
    ),
    (
        (*_STOCKINGS, fill("denim", "M 37 62 H 63 L 70 85 H 30 Z")),
        (*_TORSO, fill("paper", "M 42 48 H 58 L 61 80 H 39 Z")),
    ),
)
_FOLDED: tuple[tuple[Layer, ...], ...] = (
    (
        line("denim", 10, "M 42 66 L 28 76 L 54 80 M 58 66 L 72 76 L 46 80"),
        line("dark", 7, "M 34 81 H 40 M 60 81 H 66"),
    ),
    (fill("denim", "M 37 58 H 63 Q 84 72 82 84 H 18 Q 16 72 37 58 Z"),),
)
_LOADS: tuple[tuple[Layer, ...], ...] = (  # a parcel, a basket, a loaf, a newspaper
    (fill("wood", bar(37, 48, 26, 20)), patch("paper", "M 50 46 V 70 M 36 58 H 64", 3)),
    (
        line("wood", 3, "M 38 56 Q 50 36 62 56"),
        fill("leaf", disc(45, 55, 4) + disc(54, 54, 4.4)),
        fill("straw", "M 34 55 H 66 L 61 71 H 39 Z"),
        patch("wood", "M 34 60 H 66 M 36 65 H 64", 1.6),
    ),
    (
        fill("straw", bar(33, 51, 34, 14, 7)),
        patch("wood", "M 41 53 L 45 63 M 49 52 L 53 64 M 57 53 L 61 63", 2.4),
    ),
    (
        fill("paper", "M 34 46 L 50 49 L 66 46 V 66 L 50 69 L 34 66 Z"),
        patch("stone", "M 37 52 H 47 M 37 57 H 47 M 37 62 H 47 M 53 57 H 63 M 53 62 H 63", 1.6),
        patch("dark", "M 53 52 H 63", 2.6),
    ),
)
_ARMS: tuple[tuple[Layer, ...], ...] = (
    (line("colour", 8, "M 37 38 L 27 54 L 29 64 M 63 39 L 78 32 L 80 20"),),
    (line("colour", 8, "M 37 38 L 27 54 L 29 64 M 63 38 L 73 54 L 71 64"),),
    (line("colour", 8, "M 37 38 L 25 49 L 36 60 M 63 38 L 75 49 L 64 60"),),
    *((line("colour", 8, "M 37 38 L 29 54 L 35 60 M 63 38 L 71 54 L 65 60"), *ld) for ld in _LOADS),
)
_HANDS = (
    ((29, 67), (80, 15)),
    ((29, 67), (71, 67)),
    ((38, 61), (62, 61)),
    *[((37, 61), (63, 61))] * len(_LOADS),
)
_FACE = fill(
    "line",
    disc(45.5, 19, 1.6)
    + disc(54.5, 19, 1.6)
    + "M 45.5 24.5 Q 50 29.5 54.5 24.5 Q 50 27 45.5 24.5 Z",
)
_HAIR: tuple[tuple[Layer, ...], ...] = (
    (fill("dark", "M 38 20 C 34 2 66 2 62 20 C 60 10 42 10 38 20 Z"),),
    (fill("straw", "M 38 14 C 38 -3 62 -3 62 14 Z"), fill("straw", oval(50, 14, 19, 4))),
    (fill("umber", "M 36 34 C 28 10 38 2 50 2 C 62 2 72 10 64 34 L 60 16 Q 50 10 40 16 Z"),),
    (fill("stone", disc(50, 2, 5.5) + "M 38 20 C 34 2 66 2 62 20 C 58 11 42 11 38 20 Z"),),
    (
        fill(
            "umber", "M 38 20 C 38 38 62 38 62 20 Q 60 24 55 22.5 Q 50 21.5 45 22.5 Q 40 24 38 20 Z"
        ),
    ),
    (fill("deep", "M 37 15 C 37 0 63 0 63 15 Z"), fill("pale", bar(36, 12, 28, 5, 2))),
)

BARREL = _extra(
    "barrel",
    fill("colour", "M 22 6 H 78 Q 94 50 78 96 H 22 Q 6 50 22 6 Z"),
    patch("line", "M 36 4 Q 28 50 36 98 M 50 4 V 98 M 64 4 Q 72 50 64 98", 1.8),
    patch("metal", "M 8 24 H 92 M 8 76 H 92", 7),
    fill("deep", oval(50, 8, 27, 5)),
)
CRATE = _extra(
    "crate",
    fill("colour", bar(4, 14, 92, 78, 2)),
    patch("deep", "M 4 34 H 96 M 4 53 H 96 M 4 72 H 96", 3),
    patch("pale", "M 14 88 L 86 18", 9),
    fill("pale", bar(4, 14, 10, 78) + bar(86, 14, 10, 78)),
    line("line", 1.6, "M 14 14 V 92 M 86 14 V 92"),
)
SACK = _extra(
    "sack",
    fill("colour", "M 34 20 C 8 36 2 80 14 94 Q 50 100 86 94 C 98 80 92 36 66 20 Z"),
    fill("colour", "M 30 6 Q 50 14 70 6 L 64 22 H 36 Z"),
    line("wood", 4, "M 34 22 H 66"),
    line("line", 1.8, "M 30 50 Q 26 70 32 84 M 66 44 Q 74 64 70 78"),
)
BOLLARD = _extra(
    "bollard",
    fill("dark", "M 34 30 H 66 L 70 92 H 30 Z"),
    fill("stone", "M 22 12 Q 50 2 78 12 V 26 Q 50 36 22 26 Z"),
    line("straw", 6, "M 30 60 Q 50 70 70 60 M 29 69 Q 50 79 71 69"),
)
COIL = _extra(
    "coil",
    line("straw", 9, oval(50, 76, 38, 16)),
    line("straw", 9, oval(50, 66, 36, 15)),
    line("straw", 9, oval(50, 56, 33, 13)),
    line("straw", 7, "M 78 56 C 98 50 98 30 84 28"),
)
GULL = _extra(
    "gull",
    fill(
        "paper",
        "M 50 56 C 36 24 16 20 2 34 C 20 32 34 48 44 68 Q 50 74 56 68 "
        "C 66 48 80 32 98 34 C 84 20 64 24 50 56 Z",
    ),
    fill("stone", "M 2 34 C 8 26 16 24 22 26 L 16 34 Z M 98 34 C 92 26 84 24 78 26 L 84 34 Z"),
)
BUOY = _extra(
    "buoy",
    line("dark", 3, "M 50 4 V 40"),
    fill("colour", "M 34 36 H 66 L 82 84 Q 50 98 18 84 Z"),
    patch("paper", "M 20 56 H 80", 12),
)
BUSH = _extra(
    "bush",
    fill(
        "colour", disc(28, 64, 24) + disc(52, 44, 28) + disc(76, 62, 22) + bar(10, 64, 82, 28, 14)
    ),
    fill("pale", disc(44, 36, 7) + disc(24, 58, 5) + disc(66, 46, 4)),
    fill("deep", disc(60, 74, 6) + disc(38, 78, 5) + disc(82, 74, 4)),
    edge=1.5,
)
POT = _extra(
    "pot",
    fill("leaf", disc(34, 36, 20) + disc(62, 32, 22) + disc(50, 20, 17)),
    fill("colour", disc(30, 28, 6) + disc(54, 18, 6) + disc(70, 34, 6) + disc(46, 42, 6)),
    fill("wood", "M 22 54 H 78 V 64 H 74 L 68 97 H 32 L 26 64 H 22 Z"),
)
TREE = _extra(
    "tree",
    fill("umber", "M 44 60 H 57 L 61 98 H 40 Z"),
    fill("colour", disc(30, 46, 20) + disc(50, 26, 24) + disc(70, 46, 20) + disc(50, 50, 20)),
    fill("pale", disc(42, 18, 6) + disc(24, 40, 4.5) + disc(58, 30, 3.6)),
    fill("deep", disc(60, 58, 6) + disc(76, 54, 4.4) + disc(40, 60, 5)),
    edge=0.9,
)
FIR = _extra(
    "fir",
    fill("umber", bar(45, 80, 10, 18)),
    fill("colour", "M 50 2 L 70 34 H 62 L 80 60 H 70 L 90 86 H 10 L 30 60 H 20 L 38 34 H 30 Z"),
    edge=0.9,
)
BENCH = _extra(
    "bench",
    line("dark", 5, "M 16 46 V 92 M 84 46 V 92"),
    line("wood", 8, "M 8 32 H 92 M 8 45 H 92"),
    fill("wood", "M 9 56 H 91 L 99 71 H 1 Z"),
    patch("line", "M 6 61 H 94 M 3 66 H 97", 1.2),
    fill("umber", "M 1 71 H 99 V 75 H 1 Z"),
)


def _make_post(pane: Ink) -> Thing:
    return _extra(
        "post",
        line("dark", 4, "M 50 24 V 92"),
        fill("dark", "M 42 90 H 58 L 61 99 H 39 Z"),
        fill(pane, "M 42 10 H 58 L 55 26 H 45 Z"),
        fill("dark", "M 38 11 L 50 1 L 62 11 Z"),
        edge=1.0,
    )


POST, UNLIT_POST = _make_post("flame"), _make_post("glass")
STONE = _extra(
    "stone",
    fill("stone", "M 6 76 Q 8 40 40 34 Q 76 26 94 66 Q 96 86 70 88 H 22 Q 6 88 6 76 Z"),
    edge=1.5,
)
CARTON = _extra(
    "carton",
    fill("colour", bar(6, 22, 88, 72, 2)),
    fill("pale", "M 6 22 L 18 8 H 82 L 94 22 Z"),
    patch("deep", "M 50 8 V 22", 6),
    fill("paper", bar(62, 62, 22, 18, 2)),
)
POPLAR = _extra(
    "poplar",
    fill("umber", bar(45, 82, 9, 16)),
    fill("colour", "M 50 1 C 70 14 74 60 66 84 Q 50 94 34 84 C 26 60 30 14 50 1 Z"),
    fill("pale", disc(43, 24, 3.4) + disc(40, 44, 4.4) + disc(52, 36, 2.6)),
    fill("deep", disc(58, 62, 4.6) + disc(48, 76, 3.6) + disc(60, 46, 3)),
    edge=0.9,
)
BIRCH = _extra(
    "birch",
    fill("paper", "M 46 50 H 55 L 57 98 H 44 Z"),
    patch("dark", "M 44 62 H 50 M 52 70 H 58 M 43 80 H 50 M 52 89 H 58", 2),
    fill("colour", oval(50, 30, 27, 28) + disc(28, 48, 15) + disc(70, 50, 15)),
    fill("pale", disc(40, 16, 4) + disc(30, 36, 3.4) + disc(54, 26, 3)),
    fill("deep", disc(62, 52, 4) + disc(46, 50, 3.4) + disc(72, 44, 3)),
    edge=0.9,
)
BARROW = _extra(
    "barrow",
    line("wood", 6, "M 60 62 L 98 40 M 66 68 L 74 90"),
    fill("leaf", disc(34, 34, 12) + disc(50, 30, 13) + disc(62, 38, 10)),
    fill("colour", "M 16 38 H 76 L 64 70 H 30 Z"),
    fill("dark", disc(24, 80, 14)),
    fill("stone", disc(24, 80, 6)),
)
CART = _extra(
    "cart",
    line("wood", 5, "M 84 46 L 99 40"),
    fill("straw", disc(26, 34, 11) + disc(46, 30, 13) + disc(66, 34, 11)),
    fill("colour", bar(8, 38, 78, 24, 2)),
    patch("deep", "M 8 50 H 86", 2.6),
    line("dark", 5, disc(30, 74, 17) + disc(66, 74, 17)),
    line("wood", 3, "M 30 58 V 90 M 14 74 H 46 M 66 58 V 90 M 50 74 H 82"),
)
GLOBE = _extra(
    "globe",
    fill("wood", "M 34 90 H 66 L 72 98 H 28 Z M 46 80 H 54 V 92 H 46 Z"),
    line("wood", 5, "M 78 20 A 38 38 0 0 1 22 70"),
    fill("colour", disc(50, 42, 34)),
    patch("pale", "M 26 22 Q 44 16 46 32 Q 36 46 24 44 Z M 56 40 Q 74 36 76 52 Q 66 70 56 60 Z"),
    edge=1.8,
)
RADIO = _extra(
    "radio",
    line("metal", 3, "M 78 30 L 94 4"),
    fill("colour", bar(4, 30, 92, 66, 10)),
    fill("straw", disc(34, 62, 22)),
    line("deep", 2.4, "M 18 54 H 50 M 14 62 H 54 M 18 70 H 50"),
    fill("paper", bar(62, 42, 26, 14, 2)),
    fill("dark", disc(68, 74, 6) + disc(84, 74, 6)),
)
HOURGLASS = _extra(
    "hourglass",
    fill("glass", "M 30 14 H 70 Q 70 40 54 50 Q 70 60 70 86 H 30 Q 30 60 46 50 Q 30 40 30 14 Z"),
    fill(
        "straw", "M 36 30 H 64 Q 60 42 50 48 Q 40 42 36 30 Z M 34 84 Q 40 66 50 64 Q 60 66 66 84 Z"
    ),
    fill("colour", bar(22, 4, 56, 11, 3) + bar(22, 85, 56, 11, 3)),
)
FERN = _extra(
    "fern",
    line(
        "leaf",
        6,
        "M 50 60 Q 30 20 8 34 M 50 60 Q 70 20 92 34 M 50 60 Q 40 16 24 8 M 50 60 Q 60 16 76 8 "
        "M 50 60 Q 52 30 50 4 M 50 62 Q 26 44 6 60 M 50 62 Q 74 44 94 60",
    ),
    fill("colour", "M 26 58 H 74 L 66 97 H 34 Z"),
    fill("pale", bar(23, 54, 54, 9, 2)),
)
JAR = _extra(
    "jar",
    fill(
        "glass",
        "M 24 20 H 76 Q 86 24 86 36 V 88 Q 86 97 77 97 H 23 Q 14 97 14 88 V 36 Q 14 24 24 20 Z",
    ),
    fill("colour", "M 21 48 Q 50 41 79 48 V 86 Q 79 91 74 91 H 26 Q 21 91 21 86 Z"),
    fill("wood", bar(22, 5, 56, 16, 4)),
    patch("paper", bar(30, 58, 40, 20, 2)),
    patch("stone", "M 36 65 H 64 M 36 71 H 56", 2),
)
TIN = _extra(
    "tin",
    fill("colour", bar(14, 14, 72, 83, 5)),
    fill("pale", bar(9, 5, 82, 16, 5)),
    fill("paper", oval(50, 58, 25, 19)),
    patch("deep", "M 38 54 H 62 M 42 63 H 58", 3),
)
BASKET = _extra(
    "basket",
    fill("colour", disc(34, 32, 19)),
    fill("pale", disc(64, 30, 21)),
    line("deep", 1.8, "M 22 26 Q 34 20 46 30 M 20 34 Q 34 28 48 38 M 50 24 Q 64 18 78 30"),
    fill("straw", "M 8 42 H 92 L 84 97 H 16 Z"),
    patch("wood", "M 4 56 H 96 M 6 70 H 94 M 8 84 H 92", 2.6),
    patch("wood", "M 26 42 L 30 97 M 42 42 L 43 97 M 58 42 L 57 97 M 74 42 L 70 97", 2),
    fill("straw", bar(3, 37, 94, 11, 5)),
)
BUST = _extra(
    "bust",
    fill("stone", bar(30, 82, 40, 16, 2) + bar(40, 72, 20, 14)),
    fill(
        "stone", "M 18 76 Q 20 56 42 52 V 40 H 58 V 52 Q 80 56 82 76 Q 66 82 50 82 Q 34 82 18 76 Z"
    ),
    fill("stone", oval(50, 25, 16, 20)),
    line("line", 1.6, "M 42 23 H 47 M 53 23 H 58 M 50 24 L 48 31 H 51 M 45 37 Q 50 39 55 37"),
)
TYPEWRITER = _extra(
    "typewriter",
    fill("paper", "M 28 2 H 72 V 40 H 28 Z"),
    patch("stone", "M 34 10 H 64 M 34 17 H 60 M 34 24 H 66", 1.8),
    fill("dark", bar(6, 32, 88, 13, 6)),
    fill("colour", "M 16 42 H 84 L 98 96 H 2 Z"),
    fill("deep", "M 20 54 H 80 L 88 86 H 12 Z"),
    fill(
        "paper",
        "".join(disc(x, 60, 3.4) for x in range(26, 78, 12))
        + "".join(disc(x, 69, 3.4) for x in range(22, 82, 14))
        + "".join(disc(x, 78, 3.4) for x in range(20, 84, 12)),
    ),
)

VASES = 24
_VASES: tuple[tuple[Layer, ...], ...] = (
    (
        fill("colour", "M 44 50 H 56 L 55 61 C 70 66 66 98 58 98 H 42 C 34 98 30 66 45 61 Z"),
        patch("pale", oval(41, 76, 2.4, 8)),
    ),
    (
        fill("colour", "M 40 52 H 60 V 58 C 72 64 70 96 62 98 H 38 C 30 96 28 64 40 58 Z"),
        patch("deep", "M 24 72 H 76 M 24 78 H 76", 2),
    ),
    (fill("colour", "M 36 52 H 64 L 58 98 H 42 Z"), patch("paper", "M 30 66 H 70", 6)),
    (
        fill("colour", "M 45 54 H 55 V 62 C 74 64 74 98 56 98 H 44 C 26 98 26 64 45 62 Z"),
        patch("pale", "M 40 70 H 60 V 90 H 40 Z"),
    ),
)


@lru_cache(VASES)
def make_vase(design: int) -> Thing:
    """One of 24 vases, by number: its shape, and how the twigs in it spread and blossom."""
    rng = np.random.default_rng(design)
    stems, leaves, tips = list[str](), list[str](), list[str]()
    for lean in np.linspace(-1, 1, int(rng.integers(3, 6))):
        tip = 50 + lean * rng.uniform(20, 32), 4 + abs(lean) * 12 + rng.uniform(0, 10)
        line_of = np.array([(50 + 3 * lean, 54), (50 + 7 * lean, 34), tip])
        stems.append("M {} {} Q {} {} {} {}".format(*line_of.ravel()))
        below = 0.7 * line_of[2] + 0.3 * line_of[1]
        tips += [disc(tip[0], tip[1], 6.4), disc(below[0] + 6, below[1] + 2, 5.2)]
        for number, part in enumerate(np.linspace(0.3, 1, int(rng.integers(5, 8)))):
            weights = np.array([(1 - part) ** 2, 2 * part * (1 - part), part**2])
            side = 0 if part == 1 else (-1) ** number * rng.uniform(0.6, 1.1)
            leaves.append(_leaf(weights @ line_of, line_of[2] - line_of[0], side))
    grown: Ink = ("leaf", "leaf", "straw")[design // 4 % 3]
    return _extra(
        "vase",
        line("wood", 1.6, " ".join(stems)),
        fill(grown, " ".join(leaves)),
        *([fill("pale", "".join(tips))] if design % 3 == 1 else []),
        *_VASES[design % len(_VASES)],
        edge=1.5,
    )


def _leaf(start: npt.NDArray[np.float64], along: npt.NDArray[np.float64], turn: float) -> str:
    """A small leaf that grows from a twig."""
    cos, sin = np.cos(turn), np.sin(turn)
    way = np.array([[cos, -sin], [sin, cos]]) @ along / np.hypot(*along)
    side = np.array([-way[1], way[0]])
    ends = start + 4.5 * way + 4 * side, start + 9 * way, start + 4.5 * way - 4 * side, start
    return "M {} {} Q {} {} {} {} Q {} {} {} {} Z".format(*start, *np.ravel(ends))
