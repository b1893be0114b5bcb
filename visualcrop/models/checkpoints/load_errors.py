"""Explains in one sentence why a checkpoint cannot be loaded or used, and what to do."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ...errors import ModelError

OFFLINE = "HF_HUB_OFFLINE"
NO_FLASH = "flash_attention_2 needs the package flash-attn; install it, or set attention=sdpa."
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_FILES = {  # of which each part of a checkpoint is made
    "config": "config.json",
    "tokenizer": "tokenizer.json and tokenizer_config.json",
    "image processor": "preprocessor_config.json or processor_config.json",
    "processor": "tokenizer_config.json and processor_config.json",
}
_NOT_THERE = re.compile(  # words of transformers
    r"Could not import module '|requires the Torchvision library|"
    r"module transformers has no attribute|No module named 'torchvision'"
)
_TIMEOUT = 10  # seconds
_MAX_LENGTH = 200  # characters of a library's message that are quoted


def explain_failure(
    checkpoint: str, exc: BaseException, doing: str = "loaded", part: str = ""
) -> str:
    """
    A sentence about an exception of transformers or torch that says what the user can do.

    It names the *part* of the checkpoint that was being loaded, if there is one.
    """
    if reason := _explain_machine(checkpoint, exc):
        return reason
    if part and is_folder(checkpoint):
        return (
            f"The {part} of {checkpoint!r} cannot be loaded ({first_sentence(exc)}); download "
            f"{_FILES[part]} again."
        )
    if doing == "loaded" and is_folder(checkpoint):
        return _explain_folder(Path(checkpoint), exc)
    if doing == "loaded" and isinstance(exc, OSError):
        return _explain_hub(checkpoint, exc)
    return _quote_error(checkpoint, exc, doing)


def is_folder(checkpoint: str) -> bool:
    """Whether it is a folder here; `os`, since pathlib raises if the name is too long."""
    return os.path.isdir(checkpoint)  # noqa: PTH112


def _explain_machine(checkpoint: str, exc: BaseException) -> str:
    """A reason other than the checkpoint's files; empty if the files may be the reason."""
    message = str(exc)
    if "trust_remote_code" in message:
        return (
            f"{checkpoint!r} wants to run code of its own, which is never done here; take a "
            "checkpoint whose architecture transformers has."
        )
    if "flash" in message.lower():
        return NO_FLASH
    if isinstance(exc, ImportError | RuntimeError) and torchvision_fault():
        return (
            "torchvision does not match torch and breaks transformers: pip uninstall torchvision."
        )
    if _NOT_THERE.search(message):
        return _explain_old_transformers(checkpoint)
    return _explain_memory(checkpoint, exc)


def _explain_memory(checkpoint: str, exc: BaseException) -> str:
    if "out of memory" in str(exc):
        return (
            f"{checkpoint!r} does not fit into the memory of the GPU; set bits=4, "
            "dtype=bfloat16 or device=cpu, or take a smaller model."
        )
    if isinstance(exc, MemoryError) or "can't allocate" in str(exc):
        return f"{checkpoint!r} does not fit into memory; take a smaller model or image."
    return ""


def _explain_old_transformers(checkpoint: str) -> str:
    """What to do if transformers does not know an architecture, or needs torchvision for it."""
    return (
        f"{checkpoint!r} needs a newer transformers than {version('transformers')}; run "
        "pip install -U transformers."
    )


def check_transformers(family: str, oldest: str) -> None:
    """Refuse a transformers that is older than a family needs."""
    here = version("transformers")
    if _release(here) < _release(oldest):
        raise ModelError(
            f"{family!r} needs transformers {oldest} or newer, and this is {here}; run "
            "pip install -U transformers."
        )


def _release(of: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", of)[:2])


def torchvision_fault() -> str:
    """Why torchvision cannot be imported; empty if it can, or is not installed."""
    if find_spec("torchvision") is None:
        return ""
    try:
        import torchvision  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except Exception as exc:  # noqa: BLE001 - it fails in many ways when it does not match torch
        return type(exc).__name__
    return ""


def check_torchvision() -> None:
    """Refuse to use torchvision where it is missing or broken."""
    if find_spec("torchvision") is None:
        raise ModelError("pixels=torchvision needs torchvision; install it, or leave pixels out.")
    if fault := torchvision_fault():
        raise ModelError(
            f"pixels=torchvision does not work, since torchvision does not match torch ({fault}); "
            "install the one made for it, or leave pixels out."
        )


def missing_packages(bits: int) -> list[str]:
    """Packages that quantised weights need and that are not installed."""
    needed = ("accelerate", "bitsandbytes") if bits < 16 else ()
    return [name for name in needed if find_spec(name) is None]


def _explain_folder(folder: Path, exc: BaseException) -> str:
    if not (folder / "config.json").is_file():
        return _explain_no_config(folder)
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        return (
            f"The folder {str(folder)!r} has no weights; put model.safetensors beside its "
            "config.json."
        )
    if type(exc).__name__ == "SafetensorError":
        return (
            f"The weights in {str(folder)!r} are damaged or cut short ({first_sentence(exc)}); "
            "copy or download them again."
        )
    if "mismatched" in str(exc):
        return f"The weights in {str(folder)!r} do not fit its config.json; download both again."
    return _quote_error(str(folder), exc)


def _explain_no_config(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return (
            f"The folder {str(folder)!r} is an adapter of PEFT; merge it into its model, or load "
            "both with PEFT and give them to from_transformers."
        )
    if any(folder.glob("*.gguf")):
        return (
            f"The folder {str(folder)!r} has weights in GGUF, which is not read; take the "
            "checkpoint in safetensors."
        )
    return (
        f"The folder {str(folder)!r} is no checkpoint, for it has no config.json; give the folder "
        "that save_pretrained wrote."
    )


def _explain_hub(checkpoint: str, exc: BaseException) -> str:
    from huggingface_hub import constants

    causes = {type(cause).__name__ for cause in _causes(exc)}
    if "GatedRepoError" in causes:
        return f"{checkpoint!r} is given on request: ask on its page, then run 'hf auth login'."
    if causes & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"}:
        return f"The hub has no model {checkpoint!r} in that revision; check its name there."
    if hint := _similar_folder(checkpoint):
        return f"There is neither a folder nor a downloaded model {checkpoint!r}{hint}"
    where = f"There is no model {checkpoint!r} among those downloaded to {constants.HF_HUB_CACHE}"
    if constants.HF_HUB_OFFLINE:
        return f"{where}, and {OFFLINE} is set; unset it, or give the folder of a checkpoint."
    return f"{where}, and the hub did not give it; go online, or give the folder of a checkpoint."


def _quote_error(checkpoint: str, exc: BaseException, doing: str = "loaded") -> str:
    reason = first_sentence(exc)
    if doing == "loaded":
        return f"{checkpoint!r} cannot be loaded: {reason}."
    advice = "; see what 'visualcrop check' says of it" if is_folder(checkpoint) else ""
    return f"{checkpoint!r} cannot be {doing}: {type(exc).__name__}: {reason}{advice}."


def first_sentence(exc: BaseException) -> str:
    """The first sentence of the error's message, on one line and not too long."""
    lines = _CLASS.sub(r"\1", str(exc)).strip().splitlines() or [""]
    message = " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]
    message = " ".join(message.split()).partition(". ")[0].rstrip(".!:")
    message = message if len(message) <= _MAX_LENGTH else f"{message[: _MAX_LENGTH - 3]}..."
    return message or type(exc).__name__


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def check_place(checkpoint: str) -> None:
    """Refuse what is neither a folder nor a name on the hub, without asking the hub."""
    if os.path.isfile(checkpoint):  # noqa: PTH113 - pathlib raises if the name is too long
        kind = "GGUF, which is not read" if checkpoint.endswith(".gguf") else "a file"
        raise ModelError(f"{checkpoint!r} is {kind}; give the folder of a checkpoint.")
    if _must_be_folder(checkpoint):
        hint = _similar_folder(checkpoint) or "; give that of a checkpoint."
        raise ModelError(f"There is no folder {checkpoint!r}{hint}")


@cache
def is_hub_reachable() -> bool:
    """Whether the hub answers: asked once, since a download that fails is tried for minutes."""
    return not hub_fault(_TIMEOUT)


def hub_fault(seconds: float) -> str:
    """Why the hub does not answer within so many *seconds*; empty if it does."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=seconds)
    except Exception as exc:  # noqa: BLE001 - as many as there are kinds of network
        return type(exc).__name__
    return ""


def _similar_folder(checkpoint: str) -> str:
    """A hint at a folder of a similar name beside it; empty if there is none."""
    try:
        parent = Path(checkpoint).expanduser().parent
        names = [path.name for path in parent.iterdir() if path.is_dir()]
    except (OSError, RuntimeError, ValueError):  # no such folder, or user; a null byte
        return ""
    found = difflib.get_close_matches(Path(checkpoint).name, names, 1)
    return f"; there is {str(parent / found[0])!r}." if found else ""


def _must_be_folder(checkpoint: str) -> bool:
    """Whether it can only be a folder: names on the hub have one slash at most."""
    return checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1 or "\\" in checkpoint
