"""The dataset of OneVision's stage: prompts with one tiled image, or with several images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import PIL.Image

from visualcrop import Box, BudgetedModel, Finding, Image, Ledger, Question, Target, View, errors
from visualcrop.plugin import AnswerComposer, Registry, TargetExtractor

from .config import DataConfig
from .crop_dataset import (
    Seen,
    draw_sampled,
    paste_parts,
    render_places,
    sample_crop,
    sample_point,
    sample_roi,
    square_near,
    to_seen,
)
from .exchanges import Exchange, Sight, ask, ask_relation
from .pasted import Fill
from .pictures import Pictures, PictureWriter, Pixels, decode_picture, encode_picture
from .prompts import PromptRecorder, record_prompt
from .vision_inputs import (
    GRID,
    LLAVA,
    PIXEL_MEAN,
    PIXEL_STD,
    TILE,
    PlacedItem,
    Shown,
    VisibleThing,
    label_patches,
    move_box,
    preprocess,
    project_things,
)

PINPOINTS = [[2 * TILE.side, 2 * TILE.side]]  # two by two tiles, whatever the aspect ratio
MAX_TILES = 9  # of `anyres_max_9`
_WIDE_PER_PLACE, _CROPS_PER_PLACE, _PASTED_PER_PLACE, _CROWDS_PER_PLACE = 2, 5, 4, 2
_TILED_PER_PLACE = 1 + _WIDE_PER_PLACE + _CROPS_PER_PLACE + _PASTED_PER_PLACE + _CROWDS_PER_PLACE
_COMPOSED_PER_PLACE = 8
_COMPOSERS = ("interleaved", "text-boxes")  # in turn
_RELATIONS, _ABOUT_THE_SAME = 0.4, 3  # fraction that compares two places, and how often once more
_WRONG_FINDINGS = 0.1  # fraction of the findings that lie somewhere else
_ALIKE = 0.7  # fraction of the findings for absent things that are of one with their name or colour
_ARRAY_FILE, _JSON_FILE = "prompts.npz", "prompts.json"
_FIELDS = ("labels", "positions", "newlines")
_WHOLE_INPUT = Box(0, 0, LLAVA.side, LLAVA.side)  # that a picture is stretched to
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class PromptImage:
    """One image of a prompt, as one or five inputs of the vision tower."""

    jpegs: tuple[bytes, ...]  # of each input
    labels: Array  # inputs x 3 x patches
    positions: Array  # inputs x patches: from the image's first token; -1 if unpadding removes it
    newlines: Array  # positions of the newline tokens, from the image's first token
    length: int  # tokens of the image

    @classmethod
    def of(cls, pixels: Pixels, labels: Array, tokens: tuple[Array, Array, int]) -> PromptImage:
        """Of inputs x side x side x 3, with what `_token_positions` returns."""
        return cls(tuple(map(encode_picture, pixels)), labels, *tokens)

    @property
    def pixels(self) -> Pixels:
        """All inputs, N x side x side x 3."""
        return np.stack(list(map(decode_picture, self.jpegs)))

    @property
    def places(self) -> Array:
        """
        Column and row of each patch in LLaVA's grid over the picture, inputs x 2 x patches.

        -1 for padding, and for one of several images, which may be a part of the picture.
        """
        side = TILE.grid
        if len(self.jpegs) == 1:
            return np.full((1, 2, TILE.patches), -1)
        own = np.arange(side) * GRID // side
        whole = np.stack(np.meshgrid(own, own)).reshape(1, 2, -1)
        tiles = (self.positions[1:] >= 0).reshape(2, 2, side, side)
        kept = tiles.swapaxes(1, 2).reshape(2 * side, 2 * side)
        rows, columns = (np.cumsum(kept.any(axis)) - 1 for axis in (1, 0))
        across, down = np.meshgrid(*(at * GRID // (at.max() + 1) for at in (columns, rows)))
        places = np.where(kept, np.stack([across, down]), -1)
        on_tiles = places.reshape(2, 2, side, 2, side).transpose(1, 3, 0, 2, 4)
        return np.concatenate([whole, on_tiles.reshape(4, 2, -1)])


@attrs.frozen(eq=False)
class ImagePrompt:
    """Images with the text before each, and things or questions to ask about after them."""

    parts: tuple[str | int, ...]  # text, or the index of an image
    images: tuple[PromptImage, ...]
    things: tuple[Seen, ...]  # in the picture, and all of them unless there are questions
    questions: tuple[Exchange, ...] = ()


def render_prompts(folder: Path, data: DataConfig) -> list[ImagePrompt]:
    """Draw places and write prompts about all of them."""
    rendered = render_places(data, render_scene_prompts, _render_sign_prompts)
    prompts = [prompt for of_scene in rendered for prompt in of_scene]
    save_prompts(folder, prompts)
    return prompts


def render_scene_prompts(seed: int, *, photographs: bool = False) -> list[ImagePrompt]:
    """The prompts about one place."""
    rng, chance = np.random.default_rng([seed, 2]), Random(seed)  # noqa: S311 - no secrets
    place = draw_sampled(seed, rng, photographs=photographs)
    boxes = [place.whole]
    for _ in range(_WIDE_PER_PLACE):
        side = rng.uniform(0.4, 1.0) * min(place.picture.size)
        boxes.append(square_near(place, rng, sample_point(place, rng), side))
    boxes += [sample_crop(place, rng, near=n < 3) for n in range(_CROPS_PER_PLACE)]
    tiled = [_render_tiled_prompt(place, box) for box in boxes]
    fills: dict[Fill, int] = {"some": _PASTED_PER_PLACE, "crowd": _CROWDS_PER_PLACE}
    parts = paste_parts(place, rng, fills, photographs=photographs)
    tiled += [_render_tiled_prompt(part, part.whole) for part in parts]
    return tiled + list(_render_composed_prompts(place, rng, chance))


def _render_sign_prompts(seed: int, *, photographs: bool) -> list[ImagePrompt]:
    """As many prompts about one tiled part of another place, with signs pasted in."""
    rng = np.random.default_rng([seed, 6])
    place = draw_sampled(seed, rng, photographs=photographs)
    parts = paste_parts(place, rng, {"signs": _TILED_PER_PLACE}, photographs=photographs)
    return [_render_tiled_prompt(part, part.whole) for part in parts]


def _render_tiled_prompt(place: Shown, box: Box) -> ImagePrompt:
    crop = Box(*box.whole_pixels())
    things = project_things(place.items, crop, _WHOLE_INPUT)
    encoded = encode_tiled(place, box, image_processor())
    return ImagePrompt((0,), (encoded,), tuple(to_seen(t.item, t.box, t.visible) for t in things))


def _render_composed_prompts(
    place: Shown, rng: np.random.Generator, chance: Random
) -> Iterator[ImagePrompt]:
    """The composers' own prompts, for questions with findings as a search would have them."""
    extractor, *composers = _build_strategies()
    things = [_see_whole(placed) for placed in place.items]
    sight = attrs.evolve(Sight.of(things, place.picture.size), legible=0)
    for composer in islice(cycle(composers), _COMPOSED_PER_PLACE):
        exchanges = _ask_composed(sight, chance)
        if not exchanges or not (exchanges[0].about or exchanges[0].kind == "existence"):
            continue
        exchange = exchanges[0]
        question = Question(exchange.text, Image(place.picture))
        model = BudgetedModel(PromptRecorder(), Ledger())
        findings = [
            Finding(target, box)
            for target in extractor.extract(question, model)
            for box in _sample_found_boxes(place, target, exchange, rng)
        ]
        parts = record_prompt(composer, question, findings).parts[:-1]  # without the question
        views = [part for part in parts if isinstance(part, View)]
        if len(views) < 2:
            continue
        indices = iter(range(len(views)))
        yield ImagePrompt(
            tuple(next(indices) if isinstance(part, View) else part for part in parts),
            tuple(encode_padded(place, view.box, view.image.picture) for view in views),
            tuple(
                attrs.evolve(thing, box=move_box(thing.box, place.whole, _WHOLE_INPUT))
                for thing in exchange.about
            ),
            exchanges,
        )


def _ask_composed(sight: Sight, chance: Random) -> tuple[Exchange, ...]:
    """A question to search for, and if it compares two places, others about the same two."""
    if chance.random() >= _RELATIONS:
        exchange = ask(sight, chance)
        return (exchange,) if exchange else ()
    first = ask_relation(sight, chance)
    if first is None:
        return ()
    again = [ask_relation(sight, chance, first.about) for _ in range(_ABOUT_THE_SAME)]
    return (first, *(exchange for exchange in again if exchange))


def _see_whole(placed: PlacedItem) -> Seen:
    """A thing in the whole picture, in its pixels."""
    return to_seen(placed.item, placed.item.box, placed.item.visible)


def _sample_found_boxes(
    place: Shown, target: Target, exchange: Exchange, rng: np.random.Generator
) -> list[Box]:
    """Boxes that a search might find for the target: mostly right."""
    named = [thing for thing in exchange.about if target.every or thing.name in target.text]
    boxes = [thing.box for thing in named or exchange.about[:1]]
    boxes = boxes or [_pick_mistaken(place, target, rng)]
    if rng.random() < _WRONG_FINDINGS:
        x, y = (rng.uniform(0, side) for side in place.picture.size)
        boxes = boxes[:-1] if target.every else [Box(x, y, x + 1, y + 1)]
    return [sample_roi(place, rng, box) for box in (boxes if target.every else boxes[:1])]


def _pick_mistaken(place: Shown, target: Target, rng: np.random.Generator) -> Box:
    """What a search may take for an absent target: mostly a thing of its name or colour."""
    items, words = [placed.item for placed in place.items], target.text.split()
    alike = [item for item in items if item.name in words or item.colour in words]
    among = alike if alike and rng.random() < _ALIKE else items
    return among[int(rng.integers(len(among)))].box


@cache
def _build_strategies() -> tuple[TargetExtractor, *tuple[AnswerComposer, ...]]:
    build = Registry.load().build
    return build(TargetExtractor, "rules"), *(build(AnswerComposer, name) for name in _COMPOSERS)


def encode_tiled(place: Shown, box: Box, processor: Any) -> PromptImage:
    """A crop as the only image of a prompt: resized to one input, and in two by two tiles."""
    crop, side = Box(*box.whole_pixels()), TILE.side
    picture = place.picture.crop(crop.whole_pixels())
    raw = processor(picture, do_rescale=False, do_normalize=False, return_tensors="np")
    pixels = raw["pixel_values"][0].transpose(0, 2, 3, 1).astype(np.uint8)
    on_tiles = _place_on_tiles(picture.size)
    targets = [Box(0, 0, side, side)]
    targets += [_shift(on_tiles, x, y) for y in (0, side) for x in (0, side)]
    labels = [label_patches(_project(place, crop, target), TILE) for target in targets]
    return PromptImage.of(pixels, np.stack(labels), _token_positions(picture.size))


def encode_padded(place: Shown, box: Box, picture: PIL.Image.Image | None = None) -> PromptImage:
    """A crop as one of several images, padded to a square; *picture* may have drawn outlines."""
    crop = Box(*box.whole_pixels())
    shown = (picture or place.picture).crop(crop.whole_pixels())
    pixels, scale, left, top = preprocess(shown, TILE)
    target = Box(left, top, left + crop.width * scale, top + crop.height * scale)
    labels = label_patches(_project(place, crop, target), TILE)
    positions, newline = np.arange(TILE.patches)[None], np.array([TILE.patches])
    return PromptImage.of(pixels[None], labels[None], (positions, newline, TILE.patches + 1))


def _project(place: Shown, source: Box, target: Box) -> list[VisibleThing]:
    return project_things(place.items, source, target, TILE)


@cache
def image_processor() -> Any:
    """LLaVA-OneVision's image processor, for this vision tower."""
    from transformers import LlavaOnevisionImageProcessorPil

    return LlavaOnevisionImageProcessorPil(
        size={"height": TILE.side, "width": TILE.side},
        image_grid_pinpoints=PINPOINTS,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )


def _place_on_tiles(size: tuple[int, int]) -> Box:
    """The box of a picture of *size* on the square of 2 x 2 tiles, in pixels."""
    side = 2 * TILE.side
    width, height = (min(side, -(-side * length // max(size))) for length in size)
    left, top = (side - width) // 2, (side - height) // 2
    return Box(left, top, left + width, top + height)


def _shift(box: Box, x: float, y: float) -> Box:
    """The same box, from the tile whose top left is at *x* and *y*."""
    return Box(box.left - x, box.top - y, box.right - x, box.bottom - y)


def _token_positions(size: tuple[int, int]) -> tuple[Array, Array, int]:
    """
    Positions of a tiled image's tokens: first the resized input, then the tiles row by row.

    Returns:
        Positions of the patches, 5 x patches, -1 where padding is cut off; positions of the
        newlines, one after each row of the tiles; and the number of tokens.
    """
    columns, rows = (_count_unpadded(side, max(size)) for side in size)
    side, patches = TILE.grid, TILE.patches
    cells = patches + np.arange(rows * (columns + 1)).reshape(rows, columns + 1)
    grid = np.full((2 * side, 2 * side), -1)
    top, left = (2 * side - rows) // 2, (2 * side - columns) // 2
    grid[top : top + rows, left : left + columns] = cells[:, :-1]
    tiles = grid.reshape(2, side, 2, side).transpose(0, 2, 1, 3).reshape(4, patches)
    positions = np.concatenate([np.arange(patches)[None], tiles])
    return positions, cells[:, -1], patches + cells.size


def _count_unpadded(side: int, longer: int) -> int:
    """Columns or rows of patches without padding, as `unpad_image` of transformers counts."""
    full = 2 * TILE.grid
    kept = int(round(side * (full / longer), 7))
    return full - 2 * ((full - kept) // 2)


def save_prompts(folder: Path, prompts: Sequence[ImagePrompt]) -> None:
    """Write the prompts: pictures as JPEGs, arrays in NumPy's format, all else in JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    images = [image for prompt in prompts for image in prompt.images]
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(image, name) for image in images]) for name in _FIELDS
    }
    np.savez(folder / _ARRAY_FILE, **arrays)
    with PictureWriter(folder) as writer:
        writer.write(jpeg for image in images for jpeg in image.jpegs)
    (folder / _JSON_FILE).write_text(json.dumps(list(map(_to_json, prompts))), "utf-8")


def load_prompts(folder: Path) -> list[ImagePrompt]:
    """Read what `save_prompts` wrote; without pickle, so a folder cannot run code."""
    try:
        entries = json.loads((folder / _JSON_FILE).read_text("utf-8"))
        with np.load(folder / _ARRAY_FILE, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _FIELDS}
        return list(_from_json(entries, arrays, Pictures.open(folder)))
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise errors.FileError(
            f"The prompts in {str(folder)!r} cannot be read; remove the folder, and they are "
            "drawn again."
        ) from exc


def _to_json(prompt: ImagePrompt) -> dict[str, Any]:
    return {
        "parts": prompt.parts,
        "images": [(len(im.jpegs), len(im.newlines), im.length) for im in prompt.images],
        "things": [attrs.asdict(thing) for thing in prompt.things],
        "questions": [attrs.asdict(pair) for pair in prompt.questions],
    }


def _from_json(
    entries: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array], pictures: Pictures
) -> Iterator[ImagePrompt]:
    row = newline = 0
    for entry in entries:
        images = []
        for rows, newlines, length in entry["images"]:
            jpegs = tuple(map(pictures.read, range(row, row + rows)))
            own = {name: arrays[name][row : row + rows] for name in _FIELDS[:2]}
            own["newlines"] = arrays["newlines"][newline : newline + newlines]
            images.append(PromptImage(jpegs, **own, length=length))
            row, newline = row + rows, newline + newlines
        yield ImagePrompt(
            tuple(entry["parts"]),
            tuple(images),
            tuple(_seen_from_json(thing) for thing in entry["things"]),
            tuple(_exchange_from_json(**exchange) for exchange in entry["questions"]),
        )


def _exchange_from_json(
    kind: str, text: str, answer: str, choices: list[str], about: list[dict[str, Any]]
) -> Exchange:
    return Exchange(kind, text, answer, tuple(choices), tuple(map(_seen_from_json, about)))


def _seen_from_json(entry: Mapping[str, Any]) -> Seen:
    return Seen(**{**entry, "box": Box(**entry["box"])})
