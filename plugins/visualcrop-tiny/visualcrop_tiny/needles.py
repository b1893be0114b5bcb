"""Needles: questions about small things hidden in large drawn places, with their boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

import attrs
import PIL.Image

from visualcrop import Sample
from visualcrop.plugin import Problem, TargetBox, option

from .drawn import LONG_SIDES, DrawnDataset, DrawnSource, sample_sides
from .place_names import ABOUT, PLACES, TOUR, About, Place

if TYPE_CHECKING:
    from .place_questions import PlaceQuestion
    from .world.places import PlaceSpec

SMALL: tuple[About, ...] = tuple(about for about in ABOUT if about != "large")
_ABSOLUTE_SIDE = 2048  # absolute things have as many pixels as in a picture of this side
_TRIES = 8  # places for a question, before another one is asked


@lru_cache(1)  # a question opens its picture several times
def _draw(spec: PlaceSpec) -> PIL.Image.Image:
    return PIL.Image.fromarray(spec.draw().image)


@attrs.frozen
class PlaceSource(DrawnSource):
    """A place that is drawn when it is opened."""

    spec: PlaceSpec

    def draw(self) -> PIL.Image.Image:
        return _draw(self.spec)

    def size(self) -> tuple[int, int]:
        return self.spec.size


@attrs.frozen
class Needles(DrawnDataset):
    """Small named things in large drawn places: a harbour, a market street, a park and others."""

    name = "needles"

    about: Literal["small", "tour", About] = option(
        "small",
        help="kind of question; small: every kind but large, in turn; tour: four about each "
        "picture: attribute, count, relation and detail",
    )
    place: Literal["any", Place] = option("any", help="the place; any: each in turn")

    def read(self) -> Iterator[Sample | Problem]:
        if self.about == "tour":
            pictures = map(self._make_tour, range(-(-self.count // len(TOUR))))
            yield from islice(chain.from_iterable(pictures), self.count)
        else:
            yield from map(self._make_sample, range(self.count))

    def published(self) -> dict[str, int]:
        images = -(-self.count // len(TOUR)) if self.about == "tour" else self.count
        return {"samples": self.count, "images": images}

    def _make_sample(self, number: int) -> Sample | Problem:
        """The question with this number: the first that a picture has room for."""
        from .place_questions import plan_question  # with the world, which no start-up needs

        assert self.about != "tour"  # noqa: S101 - whose questions come together
        about = SMALL[number % len(SMALL)] if self.about == "small" else self.about
        place = self._choose_place(number)
        id, sides, scale, seeds = self._prepare(about, place, number)
        for tried, seed in enumerate(seeds):
            draft = seeds[tried - tried % _TRIES]
            planned = plan_question(about, place, draft, seed, sides, scale)
            if planned is not None:
                return _to_sample(id, about, *planned)
        return _no_room(id)

    def _make_tour(self, number: int) -> Sequence[Sample | Problem]:
        """The questions about one picture."""
        from .place_questions import plan_tour

        place = self._choose_place(number)
        group, sides, scale, seeds = self._prepare("tour", place, number)
        ids = [f"{group}-{about}" for about in TOUR]
        for tried, seed in enumerate(seeds):
            planned = plan_tour(place, seeds[tried - tried % _TRIES], seed, sides, scale)
            if planned is not None:
                asked = zip(ids, TOUR, planned[1], strict=True)
                samples = [_to_sample(id, about, planned[0], each) for id, about, each in asked]
                return [attrs.evolve(sample, group=group) for sample in samples]
        return [_no_room(id) for id in ids]

    def _prepare(
        self, about: str, place: Place, number: int
    ) -> tuple[str, tuple[int, int], float, list[int]]:
        """An id, and the size, the scale of things and the seeds of the pictures to try."""
        side = LONG_SIDES[self.size]
        scale = min(1.0, _ABSOLUTE_SIDE / side) if self.things == "absolute" else 1.0
        seeds = self._list_seeds(number)
        sides = sample_sides(seeds[0], side)
        return self._make_id(place, about, number), sides, scale, seeds

    def _choose_place(self, number: int) -> Place:
        """Each place in turn; every kind of question meets each of them."""
        if self.place != "any":
            return self.place
        turn = number // len(SMALL) + number if self.about == "small" else number
        return PLACES[turn % len(PLACES)]


def _no_room(id: str) -> Problem:
    return Problem(id, "No picture that was tried has room for a question of this kind.")


def _to_sample(id: str, about: About, spec: PlaceSpec, question: PlaceQuestion) -> Sample:
    return Sample(
        id=id,
        source=PlaceSource(spec),
        text=question.text,
        choices=question.choices,
        answer=question.choices.index(question.answer),
        group=id,
        category=(about, spec.kind),
        targets=tuple(TargetBox(name, item.box) for name, item in question.targets),
        meta={"scene": spec.seed},
        sentences=question.sentences,
    )
