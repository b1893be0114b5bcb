"""Drawn scenes to try the lens with, each with a question whose answer is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import Any

import attrs

from visualcrop import Sample
from visualcrop.errors import VisualcropError
from visualcrop.plugin import Dataset, Registry, Spec

THUMBNAIL = 480  # pixels on the longer side
_KEPT = 8  # scenes that stay encoded; a large one takes 10 MB
_PLACES = ("harbour", "market-street", "park", "writing-desk", "shelf-wall", "night-town")
# By the dataset of visualcrop-tiny, for the models that know it.
_SCENES: Mapping[str, Mapping[str, str]] = {
    "needles": {
        place: f"needles(about=tour, count=4, size=2k, seed=11, place={place})" for place in _PLACES
    },
    # On some `tiny-shapes` is right without a search, and on one FOCUS errs.
    "shapes": {
        "bolt": "shapes(about=attribute, count=1, size=4k, seed=1)",
        "flower": "shapes(about=attribute, count=1, size=4k, seed=2)",
        "plate": "shapes(about=detail, count=1, size=2k, seed=5)",
        "arrow": "shapes(about=relation, count=1, size=2k, seed=6)",
        "cross": "shapes(about=existence, count=1, size=2k, seed=4)",
        "squares": "shapes(about=count, count=1, size=2k, seed=6)",
        "moon": "shapes(about=attribute, count=1, size=2k, seed=6)",
        "rings": "shapes(about=count, count=1, size=2k, seed=4)",
    },
}


@attrs.frozen(eq=False)
class Scenes:
    """Scenes by name. Each is drawn when it is first asked for, and kept as PNG."""

    samples: Mapping[str, tuple[Sample, ...]]  # questions about the one picture
    _read: Any = attrs.field(init=False, default=attrs.Factory(lambda: lru_cache(_KEPT)(_encode)))
    _shrink: Any = attrs.field(init=False, default=attrs.Factory(lambda: lru_cache(64)(_shrink)))

    @classmethod
    def of(cls, registry: Registry, demo_dataset: str) -> Scenes:
        """
        The scenes for a model: those of the dataset that it knows, or else of `needles`.

        A model that knows only its own scenes, as `toy` does, gets no others.
        """
        name = Spec.parse(demo_dataset).name if demo_dataset else "needles"
        installed = bool(registry.entries_for(Dataset.kind, name))
        specs = _SCENES.get(name, {"scene": demo_dataset}) if installed else {}
        samples = {name: tuple(_first_picture(registry, spec)) for name, spec in specs.items()}
        return cls({name: found for name, found in samples.items() if found})

    def describe(self) -> list[dict[str, Any]]:
        """Name, size and questions of each, without drawing it."""
        return [
            {
                "name": name,
                "width": samples[0].source.size()[0],
                "height": samples[0].source.size()[1],
                "questions": [_describe(sample) for sample in samples],
            }
            for name, samples in self.samples.items()
        ]

    def read(self, name: str) -> bytes:
        """The picture as PNG; KeyError where there is no such scene."""
        found: bytes = self._read(self.samples[name][0])
        return found

    def read_thumbnail(self, name: str) -> bytes:
        """The picture as a small JPEG."""
        found: bytes = self._shrink(self.samples[name][0])
        return found

    def fingerprint(self, name: str) -> str:
        """Differs where the picture does."""
        return self.samples[name][0].source.fingerprint()


def _first_picture(registry: Registry, spec: str) -> Iterator[Sample]:
    """Questions about the dataset's first picture."""
    group = None
    with suppress(VisualcropError):
        for sample in registry.build(Dataset, spec):
            if group not in {None, sample.group}:
                return
            group = sample.group
            yield sample


def _describe(sample: Sample) -> dict[str, Any]:
    return {
        "text": sample.text,
        "choices": [*sample.choices],
        "answer": sample.answers[0] if sample.answers else None,
        "boxes": [[*map(float, attrs.astuple(target.box))] for target in sample.targets],
    }


def _encode(sample: Sample) -> bytes:
    return sample.source.read()


def _shrink(sample: Sample) -> bytes:
    picture = sample.source.open().picture.convert("RGB")
    picture.thumbnail((THUMBNAIL, THUMBNAIL), reducing_gap=2)
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=82)
    return encoded.getvalue()
