"""Checkpoints that somebody made to run code of theirs: a tiny one, with a trap in its settings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.tiny.checkpoints import checkpoint

MARKER = "sprung"
_TRAP = """
from pathlib import Path

Path({marker!r}).touch()


class Trap:
    @classmethod
    def from_pretrained(cls, *given, **named):
        return cls()
"""
_AUTO = ("AutoConfig", "AutoModel", "AutoModelForImageTextToText", "AutoModelForCausalLM")
_MAP = dict.fromkeys((*_AUTO, "AutoImageProcessor", "AutoProcessor"), "trap.Trap")
_WORDS = {"auto_map": {"AutoTokenizer": ["trap.Trap", "trap.Trap"]}}


def malicious(root: Path) -> Iterator[Path]:
    """Folders, each with one way to have `trap.py` run; whoever runs it leaves a marker there."""
    unknown = {"model_type": "stranger"}
    yield _made(root / "config", "config.json", {"auto_map": _MAP})
    yield _made(root / "stranger", "config.json", {"auto_map": _MAP} | unknown)
    yield _made(root / "inner", "config.json", {"text_config": {"auto_map": _MAP} | unknown})
    yield _made(root / "part", "config.json", {"vision_config": {"auto_map": _MAP}})
    yield _made(root / "words", "tokenizer_config.json", _WORDS)
    yield _made(root / "own", "tokenizer_config.json", _WORDS | {"tokenizer_class": "Trap"})
    pixels: dict[str, Any] = {"auto_map": _MAP, "image_processor_type": "Trap"}
    yield _made(root / "pixels", "preprocessor_config.json", pixels)
    yield _made(root / "processor", "processor_config.json", {"image_processor": pixels})
    yield _made(root / "both", "processor_config.json", {"auto_map": _MAP})


def _made(folder: Path, name: str, more: Mapping[str, Any]) -> Path:
    shutil.copytree(checkpoint("llava"), folder)
    marker = str(folder.parent / MARKER)
    (folder / "trap.py").write_text(_TRAP.format(marker=marker))
    place = folder / name
    table = json.loads(place.read_text()) if place.is_file() else {}
    place.write_text(json.dumps(_merged(table, more)))
    return folder


def _merged(table: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    inner = {
        key: _merged(table[key], value)
        for key, value in more.items()
        if isinstance(value, dict) and isinstance(table.get(key), dict)
    }
    return {**table, **more, **inner}
