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
from visualcrop_tiny.questions import QUESTION_TYPES, QAPair, QuestionContext
from visualcrop_tiny.scenes import KINDS, DrawnScene, PlacedThing, draw_scene

from .crop_dataset import sample_crop, sample_roi
from .prompts import PromptRecorder, record_prompt
from .vision_inputs import (
    GRID,
    NUM_PATCHES,
    PIXEL_MEAN,
    PIXEL_STD,
    SIDE,
    VisibleThing,
    label_patches,
    preprocess,
    project_things,
)
from .workers import map_in_processes

PINPOINTS = [[2 * SIDE, 2 * SIDE]]  # two by two tiles, whatever the aspect ratio
MAX_TILES = 9  # of `anyres_max_9`
_KINDS = (*KINDS, "relation", "count", "detail")
_TILED_PER_SCENE, _COMPOSED_PER_SCENE = 4, 4
_COMPOSERS = ("interleaved", "text-boxes")  # in turn
_WRONG_FINDINGS = 0.15  # fraction of the findings that lie somewhere else
_ARRAY_FILE, _JSON_FILE = "prompts.npz", "prompts.json"
_FIELDS = ("pixels", "labels", "positions", "newlines")
Array = npt.NDArray[Any]


@attrs.frozen(eq=False)
class PromptImage:
    """One image of a prompt, as one or five inputs of the vision tower."""

    pixels: Array  # inputs x 112 x 112 x 3, uint8
    labels: Array  # inputs x 3 x patches
    positions: Array  # inputs x patches: from the image's first token; -1 if unpadding removes it
    newlines: Array  # positions of the newline tokens, from the image's first token
    length: int  # tokens of the image


@attrs.frozen(eq=False)
class ImagePrompt:
    """Images with the text before each, and things or questions to ask about after them."""

    parts: tuple[str | int, ...]  # text, or the index of an image
    images: tuple[PromptImage, ...]
    things: tuple[VisibleThing, ...]  # to generate questions about, unless `questions` has some
    questions: tuple[QAPair, ...] = ()


def render_prompts(folder: Path, scenes: int, seed: int, workers: int = 2) -> list[ImagePrompt]:
    """Draw *scenes* scenes, with seeds from *seed* on, and write prompts about all of them."""
    rendered = map_in_processes(render_scene_prompts, range(seed, seed + scenes), workers)
    prompts = [prompt for of_scene in rendered for prompt in of_scene]
    save_prompts(folder, prompts)
    return prompts


def render_scene_prompts(seed: int) -> list[ImagePrompt]:
    """The prompts about one scene."""
    rng, chance = np.random.default_rng([seed, 2]), Random(seed)  # noqa: S311 - no secrets
    side = int(rng.choice((1024, 1536, 2048, 2048)))
    size = (side, side) if rng.random() < 0.7 else (side, side * 3 // 4)
    scene = draw_scene(seed, *size, _KINDS[seed % len(_KINDS)])
    boxes = [Box(0, 0, *size)]
    boxes += [sample_crop(scene, rng, of_subject=n < 2) for n in range(_TILED_PER_SCENE - 1)]
    tiled = [_render_tiled_prompt(scene, box) for box in boxes]
    return tiled + list(_render_composed_prompts(scene, rng, chance))


def _render_tiled_prompt(scene: DrawnScene, box: Box) -> ImagePrompt:
    things = project_things(scene.things, Box(*box.whole_pixels()), Box(0, 0, SIDE, SIDE))
    return ImagePrompt((0,), (encode_tiled(scene, box, image_processor()),), tuple(things))


def _render_composed_prompts(
    scene: DrawnScene, rng: np.random.Generator, chance: Random
) -> Iterator[ImagePrompt]:
    """The composers' own prompts, for questions with findings as a search would have them."""
    context, (extractor, *composers) = QuestionContext(scene.things), _build_strategies()
    for composer in islice(cycle(composers), _COMPOSED_PER_SCENE):
        pair = QUESTION_TYPES[chance.choice(list(QUESTION_TYPES))](context, chance)
        if pair is None or not pair.about:
            continue
        question = Question(pair.text, Image(scene.picture))
        model = BudgetedModel(PromptRecorder(), Ledger())
        findings = [
            Finding(target, box)
            for target in extractor.extract(question, model)
            for box in _sample_found_boxes(scene, target, pair, rng)
        ]
        parts = record_prompt(composer, question, findings).parts[:-1]  # without the question
        views = [part for part in parts if isinstance(part, View)]
        if len(views) < 2:
            continue
        indices = iter(range(len(views)))
        yield ImagePrompt(
            tuple(next(indices) if isinstance(part, View) else part for part in parts),
            tuple(encode_padded(scene, view.box, view.image.picture) for view in views),
            (),
            (pair,),
        )


def _sample_found_boxes(
    scene: DrawnScene, target: Target, pair: QAPair, rng: np.random.Generator
) -> list[Box]:
    """Boxes that a search might find for the target: mostly right."""
    things = [t for t in pair.about if target.every or t.shape in target.text] or [*pair.about[:1]]
    if rng.random() < _WRONG_FINDINGS:
        x, y = (rng.uniform(0, side) for side in scene.picture.size)
        elsewhere = PlacedThing("", "", Box(x, y, x + 1, y + 1))
        things = [elsewhere] if not target.every else things[:-1]
    return [sample_roi(scene, rng, thing) for thing in (things if target.every else things[:1])]


@cache
def _build_strategies() -> tuple[TargetExtractor, *tuple[AnswerComposer, ...]]:
    build = Registry.load().build
    return build(TargetExtractor, "rules"), *(build(AnswerComposer, name) for name in _COMPOSERS)


def encode_tiled(scene: DrawnScene, box: Box, processor: Any) -> PromptImage:
    """A crop as the only image of a prompt: resized to one input, and in two by two tiles."""
    crop = Box(*box.whole_pixels())
    picture = scene.picture.crop(crop.whole_pixels())
    raw = processor(picture, do_rescale=False, do_normalize=False, return_tensors="np")
    pixels = raw["pixel_values"][0].transpose(0, 2, 3, 1).astype(np.uint8)
    resized = project_things(scene.things, crop, Box(0, 0, SIDE, SIDE))
    tiled = project_things(scene.things, crop, _place_on_tiles(picture.size))
    labels = [label_patches(resized)]
    labels += [label_patches(_shift(tiled, x, y)) for y in (0, SIDE) for x in (0, SIDE)]
    return PromptImage(pixels, np.stack(labels), *_token_positions(picture.size))


def encode_padded(
    scene: DrawnScene, box: Box, picture: PIL.Image.Image | None = None
) -> PromptImage:
    """A crop as one of several images, padded to a square; *picture* may have drawn outlines."""
    crop = Box(*box.whole_pixels())
    pixels, scale, left, top = preprocess((picture or scene.picture).crop(crop.whole_pixels()))
    target = Box(left, top, left + crop.width * scale, top + crop.height * scale)
    labels = label_patches(project_things(scene.things, crop, target))
    return PromptImage(
        pixels[None],
        labels[None],
        np.arange(NUM_PATCHES)[None],
        np.array([NUM_PATCHES]),
        NUM_PATCHES + 1,
    )


@cache
def image_processor() -> Any:
    """LLaVA-OneVision's image processor, for this vision tower."""
    from transformers import LlavaOnevisionImageProcessorPil

    return LlavaOnevisionImageProcessorPil(
        size={"height": SIDE, "width": SIDE},
        image_grid_pinpoints=PINPOINTS,
        image_mean=[PIXEL_MEAN] * 3,
        image_std=[PIXEL_STD] * 3,
    )


def _place_on_tiles(size: tuple[int, int]) -> Box:
    """The box of a picture of *size* on the square of 2 x 2 tiles, in pixels."""
    side = 2 * SIDE
    width, height = (min(side, -(-side * length // max(size))) for length in size)
    left, top = (side - width) // 2, (side - height) // 2
    return Box(left, top, left + width, top + height)


def _shift(things: Sequence[VisibleThing], x: int, y: int) -> list[VisibleThing]:
    """The things in pixels of the tile whose top left is at *x* and *y*."""
    boxes = [thing.box for thing in things]
    shifted = [Box(b.left - x, b.top - y, b.right - x, b.bottom - y) for b in boxes]
    return [attrs.evolve(thing, box=box) for thing, box in zip(things, shifted, strict=True)]


def _token_positions(size: tuple[int, int]) -> tuple[Array, Array, int]:
    """
    Positions of a tiled image's tokens: first the resized input, then the tiles row by row.

    Returns:
        Positions of the patches, 5 x patches, -1 where padding is cut off; positions of the
        newlines, one after each row of the tiles; and the number of tokens.
    """
    columns, rows = (_count_unpadded(side, max(size)) for side in size)
    cells = NUM_PATCHES + np.arange(rows * (columns + 1)).reshape(rows, columns + 1)
    grid = np.full((2 * GRID, 2 * GRID), -1)
    top, left = (2 * GRID - rows) // 2, (2 * GRID - columns) // 2
    grid[top : top + rows, left : left + columns] = cells[:, :-1]
    tiles = grid.reshape(2, GRID, 2, GRID).transpose(0, 2, 1, 3).reshape(4, NUM_PATCHES)
    positions = np.concatenate([np.arange(NUM_PATCHES)[None], tiles])
    return positions, cells[:, -1], NUM_PATCHES + cells.size


def _count_unpadded(side: int, longer: int) -> int:
    """Columns or rows of patches without padding, as `unpad_image` of transformers counts."""
    full = 2 * GRID
    kept = int(round(side * (full / longer), 7))
    return full - 2 * ((full - kept) // 2)


def save_prompts(folder: Path, prompts: Sequence[ImagePrompt]) -> None:
    """Write the prompts: arrays in NumPy's format, all else in JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    images = [image for prompt in prompts for image in prompt.images]
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(image, name) for image in images]) for name in _FIELDS
    }
    np.savez(folder / _ARRAY_FILE, **arrays)
    (folder / _JSON_FILE).write_text(json.dumps(list(map(_to_json, prompts))), "utf-8")


def load_prompts(folder: Path) -> list[ImagePrompt]:
    """Read what `save_prompts` wrote; without pickle, so a folder cannot run code."""
    try:
        entries = json.loads((folder / _JSON_FILE).read_text("utf-8"))
        with np.load(folder / _ARRAY_FILE, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _FIELDS}
        return list(_from_json(entries, arrays))
    except (OSError, ValueError, LookupError, TypeError) as exc:
        raise errors.FileError(
            f"The prompts in {str(folder)!r} cannot be read; remove the folder, and they are "
            "drawn again."
        ) from exc


def _to_json(prompt: ImagePrompt) -> dict[str, Any]:
    return {
        "parts": prompt.parts,
        "images": [(len(im.pixels), len(im.newlines), im.length) for im in prompt.images],
        "things": [attrs.asdict(thing) for thing in prompt.things],
        "questions": [attrs.asdict(pair) for pair in prompt.questions],
    }


def _from_json(
    entries: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array]
) -> Iterator[ImagePrompt]:
    row = newline = 0
    for entry in entries:
        images = []
        for rows, newlines, length in entry["images"]:
            own = {name: arrays[name][row : row + rows] for name in _FIELDS[:3]}
            own["newlines"] = arrays["newlines"][newline : newline + newlines]
            images.append(PromptImage(**own, length=length))
            row, newline = row + rows, newline + newlines
        yield ImagePrompt(
            tuple(entry["parts"]),
            tuple(images),
            tuple(
                VisibleThing(
                    _thing_from_json(thing["thing"]), Box(**thing["box"]), thing["visible"]
                )
                for thing in entry["things"]
            ),
            tuple(_pair_from_json(**pair) for pair in entry["questions"]),
        )


def _pair_from_json(
    kind: str, text: str, answer: str, choices: list[str], about: list[dict[str, Any]]
) -> QAPair:
    return QAPair(kind, text, answer, tuple(choices), tuple(map(_thing_from_json, about)))


def _thing_from_json(entry: Mapping[str, Any]) -> PlacedThing:
    return PlacedThing(entry["shape"], entry["colour"], Box(**entry["box"]), entry["text"])
