"""Small things can be told apart by silhouette and colour, and are where their boxes are."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from string import ascii_uppercase, digits

import numpy as np
import PIL.Image
import pytest

from visualcrop_tiny.world import (
    COLOURS,
    SIGN_STYLES,
    SIGN_WORDS,
    THINGS,
    Pose,
    Thing,
    draw_inked,
    draw_sprite,
    make_sign,
    nearest_colour,
    sign_size,
)
from visualcrop_tiny.world.drawing import line
from visualcrop_tiny.world.lettering import LETTERS, STROKE, write
from visualcrop_tiny.world.overview import draw_overview, write_overview
from visualcrop_tiny.world.palette import to_lab, tones

DOCS = Path(__file__).parents[3] / "docs"
MIRRORED = Pose(mirrored=True)


def silhouette(thing, side, pose):
    """Coverage in the middle of a square."""
    alpha = draw_inked(thing, side, pose).alpha
    square = np.zeros((side, side))
    top, left = ((side - length) // 2 for length in alpha.shape)
    square[top : top + alpha.shape[0], left : left + alpha.shape[1]] = alpha
    return square


def overlap(one, other):
    """Intersection by union, also of many with one."""
    return np.minimum(one, other).sum((-2, -1)) / np.maximum(one, other).sum((-2, -1))


def test_there_are_64_things_with_names():
    """One word each, with its plural and its article."""
    assert len(THINGS) == 64
    for name, thing in THINGS.items():
        assert name == thing.name
        assert name.isalpha()
        assert name.islower()
        assert thing.article == ("an" if name[0] in "aeiou" else "a")
    plurals = {thing.plural for thing in THINGS.values()}
    assert len(plurals) == 64
    irregular = {"fish", "leaves", "butterflies", "cherries"}
    endings = {
        thing.name: ("es" if thing.name.endswith(("s", "x", "sh", "ch")) else "s")
        for thing in THINGS.values()
    }
    regular = {name + ending for name, ending in endings.items()}
    assert plurals - regular == irregular


def test_things_are_said_as_in_a_sentence():
    """The article is that of the word that comes next."""
    anchor = THINGS["anchor"]
    assert [anchor.phrase(), anchor.phrase("red"), THINGS["kite"].phrase("orange")] == [
        "an anchor",
        "a red anchor",
        "an orange kite",
    ]
    assert THINGS["leaf"].phrase("green", 3) == "green leaves"
    assert THINGS["fish"].phrase(count=0) == "fish"


@pytest.mark.parametrize("size", [5, 10, 23, 60])
def test_masks_are_tight(size):
    """Each side of the mask has a pixel of the thing, the longer has as many as was asked for."""
    rng = np.random.default_rng(0)
    for thing in THINGS.values():
        sprite = draw_sprite(thing, size, "red", Pose.sample(rng))
        assert max(sprite.size) == size
        assert sprite.picture.size == sprite.size
        alpha = draw_inked(thing, size, MIRRORED).alpha
        assert alpha.max() <= 1 + 1e-5
        for side in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]):
            assert side.any(), thing.name


def test_coverage_does_not_depend_on_the_size():
    """A thing of 10 pixels has the area of one of 160, smaller by 256: thin lines do not fade."""
    for thing in THINGS.values():
        small, large = (draw_inked(thing, size).alpha.sum() for size in (10, 160))
        assert abs(256 * small / large - 1) < 0.08, thing.name


def test_inks_add_up():
    """Every pixel is as full of inks as it is covered, so no ink is lost or counted twice."""
    for thing in THINGS.values():
        drawn = draw_inked(thing, 40, Pose(9))
        assert (drawn.tones.sum(0) <= drawn.alpha + 1e-5).all()
        white = drawn.neutral.max(0) + 255 * drawn.tones.sum(0)
        assert (white <= 255 * drawn.alpha + 1e-3).all()


@pytest.mark.parametrize("pose", [Pose(), Pose(-12, 0.92, mirrored=True)])
def test_the_colour_is_the_main_area(pose):
    """At least 55 % of a thing has the colour that it is asked by."""
    shares = {name: draw_inked(thing, 48, pose).colour_share for name, thing in THINGS.items()}
    assert min(shares.values()) >= 0.55, min(shares, key=shares.__getitem__)


@pytest.mark.parametrize("size", [8, 16, 48])
def test_the_colour_can_be_named(size):
    """The average of what has the colour is nearest to the colour's name, of all nine."""
    for thing in THINGS.values():
        drawn = draw_inked(thing, size)
        for name, base in COLOURS.items():
            mixed = np.array(tones(base), float).T @ drawn.tones.sum((1, 2))
            assert nearest_colour(mixed / drawn.tones.sum()) == name


def test_no_two_things_have_one_silhouette():
    """
    Even at 16 pixels, in either direction, two things share at most 0.85 of what they cover.

    A thing shares more with itself when it is tilted by three degrees, the step between poses
    (0.88 on average): so things differ by more than how they happen to stand.
    """
    upright = {name: silhouette(thing, 16, Pose()) for name, thing in THINGS.items()}
    mirrored = {name: silhouette(thing, 16, MIRRORED) for name, thing in THINGS.items()}
    for one, other in combinations(THINGS, 2):
        assert overlap(upright[one], upright[other]) <= 0.85, (one, other)
        assert overlap(upright[one], mirrored[other]) <= 0.85, (one, other)
    tilted = [
        overlap(upright[name], silhouette(thing, 16, Pose(3))) for name, thing in THINGS.items()
    ]
    assert np.mean(tilted) > 0.87


@pytest.mark.parametrize("side", [10, 16])
def test_a_silhouette_has_one_name(side):
    """Of those in three poses and their mirror images, the nearest to one at random is its own."""
    names = [*THINGS]
    poses = [Pose(tilt, 1.0, mirror) for tilt in (-9, 0, 9) for mirror in (False, True)]
    known = np.array([silhouette(thing, side, pose) for thing in THINGS.values() for pose in poses])
    rng, right, count = np.random.default_rng(3), 0, 4
    for _ in range(count):
        for name, thing in THINGS.items():
            nearest = overlap(known, silhouette(thing, side, Pose.sample(rng))).argmax()
            right += names[int(nearest) // len(poses)] == name
    assert right >= 0.95 * count * len(THINGS)


def test_colours_are_far_apart():
    """In CIELAB, whole colours by 38 and more, any two tones of them by 18 and more."""
    for one, other in combinations(COLOURS, 2):
        assert np.linalg.norm(to_lab(COLOURS[one]) - to_lab(COLOURS[other])) >= 38
        for tone in tones(COLOURS[one]):
            apart = np.linalg.norm(to_lab(tone) - to_lab(tones(COLOURS[other])), axis=-1)
            assert apart.min() >= 18, (one, other)


def test_cielab_is_as_published():
    """White, black, and sRGB's red by the formulas of IEC 61966-2-1 and CIE 15."""
    expected = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]])
    found = to_lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]]))
    assert np.abs(found - expected).max() < 0.02


def test_the_light_comes_from_the_upper_left():
    """In every pose: a mirrored or tilted thing is lit from the same side."""
    rows, columns = np.mgrid[0:64, 0:64]
    for pose in (Pose(), MIRRORED, Pose(12), Pose(-12, mirrored=True)):
        drawn = draw_inked(THINGS["apple"], 64, pose)
        _, light, shade = drawn.tones
        size = light.shape
        place = (rows + columns)[: size[0], : size[1]]
        lit, dark = ((part * place).sum() / part.sum() for part in (light, shade))
        assert lit < dark - 20


def test_poses_are_drawn_by_seed():
    """The same seed gives the same poses; they are few enough to be kept."""
    one, other = ([Pose.sample(np.random.default_rng(5)) for _ in range(9)] for _ in range(2))
    assert one == other
    rng = np.random.default_rng(0)
    assert 20 < len({Pose.sample(rng) for _ in range(2000)}) <= 9 * 5 * 2
    first = draw_sprite(THINGS["crab"], 30, "pink", Pose(6))
    draw_sprite.cache_clear()
    draw_inked.cache_clear()
    again = draw_sprite(THINGS["crab"], 30, "pink", Pose(6))
    assert first.picture.tobytes() == again.picture.tobytes()
    assert first.mask.tobytes() == again.mask.tobytes()


def test_another_colour_costs_no_drawing():
    """All nine colours of a thing are mixed from one set of masks."""
    draw_inked.cache_clear()
    draw_sprite.cache_clear()
    for colour in COLOURS:
        assert draw_sprite(THINGS["boat"], 33, colour).picture
    assert draw_inked.cache_info().misses == 1


def test_a_thing_is_few_edges():
    """What drawing costs: edges by the pixels that they cross, and areas by all pixels."""
    edges = [len(thing.parts.edges.starts) for thing in THINGS.values()]
    masks = [len(thing.parts.inks) for thing in THINGS.values()]
    assert np.mean(edges) < 600
    assert max(edges) < 1500
    assert np.mean(masks) < 15


@pytest.mark.parametrize("style", SIGN_STYLES)
def test_letters_have_the_height_that_was_asked_for(style):
    """A sign of any width is sized by its letters."""
    for text in ("INN", "WIDTH", "7"):
        sign = make_sign(text, "white", style)
        ink = draw_inked(sign, sign_size(sign, 40))
        scale = max(ink.alpha.shape) / float(np.ptp(sign.corners, 0).max())
        assert abs(40 * scale - 40) < 0.5
        assert ink.alpha.max() <= 1 + 1e-5


@pytest.mark.parametrize("letters", [ascii_uppercase, digits])
def test_every_letter_is_read_at_ten_pixels(letters):
    """Each is nearest to itself when it is tilted. Words have no numerals, so O may be like 0."""
    assert LETTERS.issuperset(letters)
    drawn = {one: Thing(one, "", "a", (line("line", STROKE, write(one, 0, 0)),)) for one in letters}
    known = np.array([silhouette(letter, 12, Pose()) for letter in drawn.values()])
    for number, letter in enumerate(drawn.values()):
        for pose in (Pose(3), Pose(-3)):
            assert overlap(known, silhouette(letter, 12, pose)).argmax() == number


def test_words_on_signs():
    """Two to five letters, each of which can be written, and none twice."""
    assert len(set(SIGN_WORDS)) == len(SIGN_WORDS) >= 60
    for word in SIGN_WORDS:
        assert 2 <= len(word) <= 5
        assert LETTERS.issuperset(word)
    with pytest.raises(ValueError, match="'é'"):
        make_sign("CAFé", "red")


def test_the_sheet_in_the_docs_is_what_is_drawn(tmp_path):
    """`python -m visualcrop_tiny.world.overview docs/images/things.png` was run after a change."""
    published = DOCS / "images" / "things.png"
    assert published.stat().st_size <= 400_000
    with PIL.Image.open(published) as image:
        stored = np.asarray(image.convert("RGB"), float)
    drawn = np.asarray(draw_overview(), float)
    assert stored.shape == drawn.shape
    assert np.abs(stored - drawn).mean() < 2
    write_overview(tmp_path / "sheet.png")
    with PIL.Image.open(tmp_path / "sheet.png") as image:
        assert np.abs(stored - np.asarray(image.convert("RGB"), float)).mean() < 1


def test_the_page_names_all_things_and_colours():
    """Names, plurals and RGB of the page are those of the code, and no others."""
    page = (DOCS / "reference" / "things.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    words = {tuple(row) for row in rows}
    for thing in THINGS.values():
        assert (thing.phrase(), thing.plural) in {row[:2] for row in words} | {
            row[2:4] for row in words
        }
    for name, rgb in COLOURS.items():
        assert (name, "{}, {}, {}".format(*rgb)) in words
    assert sum(len(row) // 2 for row in words if row[0].startswith(("a ", "an "))) == 64
