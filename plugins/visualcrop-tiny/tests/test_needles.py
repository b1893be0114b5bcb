"""The dataset of places keeps the contract, and no split knows a picture of another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualcrop import errors
from visualcrop.plugin import Dataset, Registry
from visualcrop.testing import DatasetSuite
from visualcrop_tiny.drawn import SPLITS, split_of
from visualcrop_tiny.needles import SMALL, Needles, PlaceSource
from visualcrop_tiny.place_names import ABOUT, TOUR
from visualcrop_tiny.world.places import PLACES

DOCS = Path(__file__).parents[3] / "docs"


class TestNeedles(DatasetSuite):
    """The shipped benchmark."""

    strategy = Needles

    def dataset(self) -> Needles:
        """Enough to meet each kind and place once."""
        return Needles(count=6, size="1k")


def test_splits_and_seeds_share_no_picture() -> None:
    """Each scene's seed tells its split, and each split asks something else."""
    sets = [Needles(split=split, count=4, size="1k") for split in SPLITS]
    sets.append(Needles(split="test", seed=1, count=4, size="1k"))
    samples = [(places.split, sample) for places in sets for sample in places]
    assert all(split_of(sample.meta["scene"]) == split for split, sample in samples)
    assert len({sample.source.fingerprint() for _, sample in samples}) == 16


def test_each_kind_meets_each_place() -> None:
    """In turn, so that figures by kind and by place are of as many questions."""
    places = Needles(count=36)
    met = {(SMALL[number % 6], places._choose_place(number)) for number in range(36)}
    assert len(met) == len(SMALL) * len(PLACES)


@pytest.mark.parametrize("place", ["harbour", "shelf-wall"])
def test_one_place_and_one_kind(place) -> None:
    """As asked for."""
    for sample in Needles(place=place, about="count", count=2, size="1k"):
        assert sample.category == ("count", place)


def test_absolute_things_do_not_grow() -> None:
    """At 4K they have about as many pixels as at 2K; below, nothing changes."""
    one, other = (
        next(iter(Needles(size="4k", things=things, about="attribute", place="shelf-wall")))
        for things in ("relative", "absolute")
    )
    sides = [max(s.targets[0].box.width, s.targets[0].box.height) for s in (one, other)]
    assert 80 <= sides[0] <= 150
    assert 40 <= sides[1] <= 80
    assert one.id != other.id
    assert one.source.fingerprint() != other.source.fingerprint()
    small = [next(iter(Needles(size="1k", things=t))) for t in ("relative", "absolute")]
    assert small[0].source == small[1].source


def test_a_tour_asks_four_kinds_about_each_picture() -> None:
    """Of one picture, whose things no other question of it could mean; a part may be asked."""
    tour = [*Needles(about="tour", count=7, size="1k", place="shelf-wall")]
    assert [sample.category[0] for sample in tour] == [*TOUR, *TOUR[:3]]
    for samples in (tour[:4], tour[4:]):
        assert len({(sample.group, sample.source.fingerprint()) for sample in samples}) == 1
        names = [{target.name.split()[-1] for target in sample.targets} for sample in samples]
        assert sum(map(len, names)) == len(set.union(*names))
    assert tour[0].group != tour[4].group
    assert Needles(about="tour", count=7).published() == {"samples": 7, "images": 2}


def test_a_longer_run_begins_with_a_shorter_one() -> None:
    """More questions leave those before as they were."""
    assert [*Needles(count=5, size="1k")][:3] == [*Needles(count=3, size="1k")]


def test_boxes_are_those_of_the_picture() -> None:
    """What is drawn when it is opened has the targets where the sample says."""
    sample = next(iter(Needles(size="1k", place="park", about="attribute")))
    assert isinstance(sample.source, PlaceSource)
    boxes = {item.box for item in sample.source.spec.draw().items}
    assert {target.box for target in sample.targets} <= boxes
    assert sample.source.size() == sample.source.open().picture.size


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**16}, {"count": 2**24}])
def test_numbers_that_would_overlap_are_refused(wrong) -> None:
    """Nothing can reach into the seeds of another split."""
    with pytest.raises(errors.SpecError, match="must be from 0 to"):
        Needles(**wrong)


def test_it_is_registered() -> None:
    """By the plug-in's hook, so that every command knows it."""
    built = Registry.load().build(Dataset, "needles(count=6, place=night-town)")
    assert built == Needles(count=6, place="night-town")


def test_the_page_shows_questions_that_are_asked() -> None:
    """Its sample questions are the first of each kind in two places, with choices and answers."""
    page = (DOCS / "reference" / "needles.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| `needles\(", line)]
    assert rows == [*_rows()]


def _rows() -> Iterator[str]:
    """A row of the page's table for each sample."""
    for about in ABOUT:
        for place in ("harbour", "writing-desk"):
            spec = f"needles(about={about}, count=1, place={place})"
            (sample,) = Needles(about=about, count=1, place=place)
            choices = ", ".join(sample.choices)
            yield f"| `{spec}` | {sample.text} | {choices} | {sample.answers[0]} |"


@pytest.mark.parametrize("place", PLACES)
def test_the_page_shows_each_place(place) -> None:
    """In a picture that is quick to load."""
    assert (DOCS / "images" / f"place-{place}.jpg").stat().st_size <= 150_000
