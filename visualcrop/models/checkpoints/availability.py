"""Whether a checkpoint is on this machine, or can be fetched; nothing is fetched to find out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from ...errors import VisualcropError
from ...utils.paths import expand_path
from .load_errors import OFFLINE, check_place, is_folder, is_hub_reachable
from .validation import CONFIG, Files
from .weights import Weights

Where: TypeAlias = Literal["here", "hub", "nowhere"]
_WEIGHTS = (".safetensors", ".bin")  # endings of files of weights; the first that there is counts


@attrs.frozen
class Availability:
    """Where a checkpoint is, and how large."""

    checkpoint: str
    where: Where
    bytes: int | None = None  # of its weights; none if nobody says
    model_type: str = ""  # in its config, if that is here
    layers: int | None = None  # of its language model, as its config says, if that is here
    reason: str = ""  # why it is nowhere, or what is broken about it: a sentence


def find_checkpoint(checkpoint: str, revision: str | None = None) -> Availability:
    """Look for a checkpoint: a folder, a name in the hub's cache, or a name on the hub."""
    place = str(expand_path(checkpoint)) if checkpoint.startswith("~") else checkpoint
    if is_folder(place):
        return _look_into(checkpoint, place)
    try:
        check_place(place)
    except VisualcropError as exc:
        return Availability(checkpoint, "nowhere", reason=str(exc))
    cached = _find_in_cache(place, revision)
    found = _look_into(checkpoint, str(cached)) if cached else None
    if found is not None and found.where == "here":
        return found
    return _ask_hub(checkpoint, revision)


def _look_into(checkpoint: str, folder: str) -> Availability:
    """A folder with a config and all of its weights, or what is wrong with it."""
    try:
        files = Files(folder)
        if files.find(CONFIG) is None:
            reason = f"The folder {folder!r} is no checkpoint, for it has no {CONFIG}."
            return Availability(checkpoint, "nowhere", reason=reason)
        config = files.read_json(CONFIG)
        model_type = str(config.get("model_type", ""))
        size = sum(path.stat().st_size for path in Weights.find(files).paths)
    except FileNotFoundError:
        reason = f"The folder {folder!r} has no weights."
        return Availability(checkpoint, "nowhere", reason=reason)
    except VisualcropError as exc:
        return Availability(checkpoint, "nowhere", reason=str(exc))
    return Availability(checkpoint, "here", size, model_type, _count_layers(config))


def _count_layers(config: Mapping[str, Any]) -> int | None:
    """Layers of the language model; none if the config does not say."""
    text = config.get("text_config")
    for part in (text if isinstance(text, dict) else {}, config):
        if type(count := part.get("num_hidden_layers")) is int:
            return count
    return None


def _find_in_cache(checkpoint: str, revision: str | None) -> Path | None:
    """The folder of a checkpoint in the hub's cache; some of its files may lack."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(checkpoint, CONFIG, revision=revision)
    return Path(found).parent if isinstance(found, str) else None


def _ask_hub(checkpoint: str, revision: str | None) -> Availability:
    """Whether the hub has it, and how large its weights are there."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        reason = f"{checkpoint!r} is not on this machine, and {OFFLINE} is set."
        return Availability(checkpoint, "nowhere", reason=reason)
    if not is_hub_reachable():
        reason = f"{checkpoint!r} is not on this machine, and the hub cannot be reached."
        return Availability(checkpoint, "nowhere", reason=reason)
    try:
        info = HfApi().model_info(checkpoint, revision=revision, files_metadata=True, timeout=10)
    except Exception as exc:  # noqa: BLE001 - as many as there are kinds of network
        return _explain_refusal(checkpoint, exc)
    return Availability(checkpoint, "hub", _sum_weights(info.siblings or ()))


def _explain_refusal(checkpoint: str, exc: Exception) -> Availability:
    """What the hub's refusal means; a name that it does not know is nowhere."""
    if type(exc).__name__ == "GatedRepoError":
        reason = f"{checkpoint!r} is given on request: ask on its page on the hub."
    else:
        reason = f"The hub does not give {checkpoint!r} ({type(exc).__name__})."
    return Availability(checkpoint, "nowhere", reason=reason)


def _sum_weights(siblings: Any) -> int | None:
    """Bytes of all files of weights, of one format."""
    for ending in _WEIGHTS:
        sizes = [each.size or 0 for each in siblings if each.rfilename.endswith(ending)]
        if sizes:
            return sum(sizes)
    return None
