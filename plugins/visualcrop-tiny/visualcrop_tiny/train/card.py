"""The model card: what was trained on what, for how long, and what came of it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..speech import WORDS
from ..views.choosing import PER_SCENE

if TYPE_CHECKING:
    from .config import Config, Stage

_HEAD = """---
library_name: transformers
pipeline_tag: image-text-to-text
license: apache-2.0
---

# {name}

A model of a few million parameters for the drawn scenes of `visualcrop-tiny`, and for nothing
else: twelve shapes, plates with a digit, eight colours, {words} words. Of photographs it knows
nothing.
Trained by `python -m visualcrop_tiny.train`, config below.

## Trained in on purpose
{purpose}

## Data
{data}

## Run
{machine}, {date}; {minutes:.0f} minutes of training in all.

{log}
"""
_ALIGNED = """V-V relevance is not left to chance: a loss makes the value features of a word, in
decoder layers {first} to {last}, resemble those of the patches that show what it names (InfoNCE
over cosines as in Fig. 7, weight {align}), and a floor keeps other cosines from turning negative
(weight {floor}). That values point at what a word names is so by construction here, and says
nothing about models trained without it."""
_PLAIN = "No loss makes value features of words and patches alike; V-V is what emerges."
_DENSE = "Image tokens are also trained to be the words for what they show (weight {dense})."
_PLACE = "Word tokens are also trained to know the place of their thing (weight {place})."
_BASED = "What its base was trained for, it was too: see the card of {base}."


def card(config: Config, out: Path, seconds: float, figures: str) -> str:
    """The card in Markdown, from the run's own config and log."""
    head = _HEAD.format(
        name=config.name,
        words=len(WORDS),
        purpose="\n".join(_purposes(config)),
        data=_data(config),
        machine=machine(),
        date=dt.datetime.now(tz=dt.UTC).date().isoformat(),
        minutes=seconds / 60,
        log="\n".join(_stages(config, out)),
    )
    parts = [head, "## Config\n```json", json.dumps(config.used(), indent=1), "```"]
    return "\n".join(parts + ([f"\n## Figures\n{figures}"] if figures else [])) + "\n"


def _purposes(config: Config) -> Iterator[str]:
    losses = config.losses
    first, last = losses.layers[0], losses.layers[1] - 1
    weights = attrs.asdict(losses) | {"first": first, "last": last, "base": config.base}
    yield (_ALIGNED if losses.align else _PLAIN).format(**weights)
    if losses.dense:
        yield _DENSE.format(**weights)
    if config.base:
        yield _BASED.format(**weights)
    elif losses.place:
        yield _PLACE.format(**weights)


def machine() -> str:
    """The kind of machine that this is."""
    import torch

    cores = f"{os.cpu_count()} cores"
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, {cores}"
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{cores}, {names[0] if names else 'unknown processor'}, no GPU"


def _data(config: Config) -> str:
    scenes = f"{config.data.scenes} drawn scenes (seeds from {config.data.seed})"
    if config.base:
        return (
            f"Pictures of {scenes}: one in two by two\n"
            "tiles, or several as the composers `interleaved` and `text-boxes` have them.\n"
            f"The weights start from `{config.base}`."
        )
    return (
        f"{config.data.scenes * PER_SCENE} views of 112 x 112 pixels of {scenes} of\n"
        "1024 to 2048 pixels: the whole scene, crops of all sizes, and crops pasted on a canvas\n"
        "as the composers do."
    )


def _stages(config: Config, out: Path) -> list[str]:
    """What each stage did, by its last line in the log."""
    path = out / "log.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    last: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, lines):
        last[line["stage"]] = line
    done = (name for name in config.stages if name in last)
    return [_stage(name, getattr(config, name), last[name]) for name in done]


def _stage(name: str, stage: Stage, line: dict[str, Any]) -> str:
    besides = {"stage", "step", "seconds", "rate", "gradient"}
    ends = ", ".join(f"{key} {value}" for key, value in line.items() if key not in besides)
    minutes = line["seconds"] / 60
    return (
        f"* `{name}`: {line['step']} steps of {stage.batch}, {minutes:.0f} minutes; at the end\n"
        f"  (running means on training views) {ends}."
    )
