"""Tiny models in the place of those that the paper's tables name."""

from __future__ import annotations

from tests.support.paper_tables import read_table
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.seal import tower, vqa, vsm

_DEEP = {3: 32}  # layers of the decoder by table, where its searchers name layers
_FAMILIES = {
    "llava-1.5": "llava",
    "llava-onevision": "llava-onevision",
    "qwen2.5-vl": "qwen2-5-vl",
}


def of_families(number: int) -> dict[str, str]:
    """Random checkpoints of the same families, by the name of the model in a table's file."""
    return {
        name: str(checkpoint(family, _DEEP.get(number)))
        for name, family in _FAMILIES.items()
        if name in read_table(number).models
    } | _of_seal(number)


def that_search(number: int) -> dict[str, str]:
    """The trained tiny model, which finds targets and so searches; SEAL's own are random."""
    return {
        name: "tiny-shapes" for name in _FAMILIES if name in read_table(number).models
    } | _of_seal(number)


def _of_seal(number: int) -> dict[str, str]:
    """Random checkpoints in the format of SEAL's two models."""
    folders = {"seal": ("seal-vqa", vqa), "seal-vsm": ("seal-vsm", vsm)}
    return {
        name: f'{spec}(checkpoint="{folder()}", vision_tower="{tower()}", dtype=float32)'
        for name, (spec, folder) in folders.items()
        if name in read_table(number).models
    }
