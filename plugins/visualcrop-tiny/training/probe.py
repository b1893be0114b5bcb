"""
How large a thing has to be to be recognized: `python -m training.probe -m tiny`.

The image features in the middle of what is drawn are read as words, with the head of the decoder,
and counted by the size that it has in the eye.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import torch

from visualcrop import Box, errors
from visualcrop.plugin import say
from visualcrop_tiny.drawn import TRAIN_SEEDS_END

from .config import find_base
from .crop_dataset import draw_sampled, paste_somewhere
from .losses import CLASSES, class_ids
from .model import apply_logit_lens, encode_images, load_base, normalize_pixels
from .vision_inputs import CLEARLY_VISIBLE, LLAVA, VisionInput, show_whole

NAME, COLOUR, CHARACTER = range(3)  # in `CLASSES`
_SIZES = (0, 5, 6, 7, 8, 10, 14, 20, 30, LLAVA.side)  # pixels in the eye
_PARTS = 8  # with more things, and as many with signs, of each place


@attrs.frozen
class Recognition:
    """A thing or a character, and whether it was recognized."""

    kind: int
    size: float  # longer side of a thing, or height of a character, in pixels of the eye
    right: bool


def main(arguments: list[str] | None = None) -> int:
    """Print a table in Markdown; 1 if there is no such model."""
    parser = argparse.ArgumentParser(prog="python -m training.probe", description=__doc__)
    parser.add_argument("-m", "--model", default="tiny", help="name or folder of LLaVA's")
    parser.add_argument("--places", type=int, default=6, help="places of the train split, the last")
    args = parser.parse_args(arguments)
    try:
        network = load_base(find_base(args.model)).eval()
    except errors.VisualcropError as exc:
        say(str(exc), error=True)
        return 1
    views = _sample_views(args.places)
    say(format_table([each for view in views for each in probe(network, view)]))
    return 0


def _sample_views(places: int) -> Iterator[VisionInput]:
    """Whole places, and parts of them with things and signs pasted in."""
    for seed in range(TRAIN_SEEDS_END - places, TRAIN_SEEDS_END):
        rng = np.random.default_rng([seed, 7])
        place = draw_sampled(seed, rng)
        yield show_whole(place)
        for number in range(2 * _PARTS):
            yield show_whole(paste_somewhere(place, rng, "signs" if number >= _PARTS else "some"))


def probe(network: Any, view: VisionInput) -> Iterator[Recognition]:
    """What the features of one view say in the middle of each thing, and of each character."""
    with torch.no_grad():
        images = normalize_pixels(view.pixels[None].copy(), "cpu")
        logits = apply_logit_lens(network, encode_images(network, images))[0]

    def recognize(kind: int, truth: str, box: Box, size: float) -> Recognition:
        x, y = (min(int(side / LLAVA.patch), LLAVA.grid - 1) for side in box.centre)
        scores = logits[y * LLAVA.grid + x, class_ids(kind, "cpu")]
        return Recognition(kind, size, CLASSES[kind][int(scores.argmax())] == truth)

    for thing in view.things:
        if thing.visible < CLEARLY_VISIBLE:
            continue
        size = max(thing.box.width, thing.box.height)
        yield recognize(NAME, thing.item.name, thing.box, size)
        yield recognize(COLOUR, thing.item.colour, thing.box, size)
        for letter, box in thing.letters:
            yield recognize(CHARACTER, letter, box, box.height)


def format_table(found: Sequence[Recognition]) -> str:
    """A row for each range of sizes: the shares that were recognized, and of how many."""
    lines = ["| pixels | names | colours | characters |", "|---|--:|--:|--:|"]
    for low, high in pairwise(_SIZES):
        within = [each for each in found if low <= each.size < high]
        cells = [_format_share([t.right for t in within if t.kind == kind]) for kind in range(3)]
        lines.append(f"| {low} to {high} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_share(right: Sequence[bool]) -> str:
    return f"{sum(right) / len(right):.2f} of {len(right)}" if right else "–"


if __name__ == "__main__":
    sys.exit(main())
