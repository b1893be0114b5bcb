"""`visualcrop doctor`: checks of the installation, each with a fix where one is needed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import attrs

from ..errors import VisualcropError
from ..output.terminal import Styled
from .options import AsJson, console, print_json

_COLOURS = {"ok": "green", "note": "yellow", "broken": "red"}
_PACKAGES = "visualcrop torch transformers pillow numpy scipy pluggy attrs".split()
_TIMEOUT = 3  # seconds, for the hub's answer
_MIN_FREE = 20 * 2**30  # bytes: a model of 7 billion weights in 16 bits, and a margin


@attrs.frozen
class Check:
    """One line of the output."""

    subject: str
    state: str  # ok, note or broken
    detail: str
    fix: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Examine the installation: packages, accelerator, attention, hub, plug-ins."""
    import typer

    checks = list(run_checks())
    if as_json:
        print_json([attrs.asdict(check) for check in checks])
    else:
        out = console()
        for check in checks:
            mark = Styled(f"{check.state:7}", _COLOURS[check.state])
            out.print(mark, f" {check.subject}: {check.detail}")
            if check.fix:
                out.print(f"        {check.fix}")
        out.print("For a model on this machine: visualcrop check MODEL")
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)


def run_checks() -> Iterator[Check]:
    """Run every check, in the order of the output."""
    yield Check("python", "ok", sys.version.partition(" ")[0])
    yield from map(_check_package, _PACKAGES)
    yield _check_torchvision()
    yield from _check_accelerators()
    yield _check_threads()
    yield _check_processes()
    yield _check_attention()
    yield _check_flash_attention()
    yield _check_quantisation()
    yield _check_hub()
    yield _check_downloads()
    yield from _check_plugins()


def _check_package(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, "broken", "not installed", f"Install it: pip install {name}")


def _check_torchvision() -> Check:
    from ..models.checkpoints.load_errors import torchvision_fault

    if find_spec("torchvision") is None:
        return Check("torchvision", "ok", "not installed, and not needed")
    if fault := torchvision_fault():
        reason = f"it does not match torch ({fault})"
        return Check("torchvision", "broken", reason, "Remove it: pip uninstall torchvision")
    return Check("torchvision", "ok", "installed, not needed")


def _check_accelerators() -> Iterator[Check]:
    try:
        import torch
    except Exception as exc:  # noqa: BLE001 - a broken torch is what this command is for
        yield Check(
            "torch", "broken", f"does not import ({exc})", "Install it again: pip install torch"
        )
        return
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        size = f"{device.total_memory / 2**30:.0f} GiB"
        yield Check("accelerator", "ok", f"cuda:{index}, {device.name}, {size}")
    if torch.backends.mps.is_available():
        yield Check("accelerator", "ok", "Apple GPU, with device=mps")
    elif not torch.cuda.is_available():
        yield Check("accelerator", "note", "none; the CPU will do the work")


def _check_threads() -> Check:
    """Tell with how many of torch's threads a CPU computes."""
    try:
        import torch
    except Exception:  # noqa: BLE001 - the line on torch says why
        return Check("threads", "broken", "unknown, for torch does not import")
    from ..models.engine.threads import SMALL_LAYER

    small = f"1 for one whose layers have fewer than {SMALL_LAYER / 2**20:.0f} Mi weights each"
    detail = f"{torch.get_num_threads()} for a model on the CPU, but {small}; threads=N in -m"
    return Check("threads", "ok", f"{detail} sets another number")


def _check_processes() -> Check:
    """Tell which cores may be used, and what `evaluate` does with them."""
    from ..evaluation.spreading import LEAST_TASKS, WORKERS, default_workers
    from ..utils.cores import usable_cores

    cores = f"{usable_cores()} of {os.cpu_count()} may be used"
    try:
        workers = default_workers()
    except VisualcropError as exc:
        return Check("cores", "broken", cores, str(exc))
    if workers == 1:
        return Check("cores", "ok", f"{cores}; evaluate asks in one process")
    asks = f"evaluate asks models of 1 thread in {workers} processes, from {LEAST_TASKS} answers on"
    return Check("cores", "ok", f"{cores}; {asks}; {WORKERS}=1 keeps it to one")


def _check_attention() -> Check:
    """List the SDPA kernels that are enabled in torch; the fused ones need a GPU."""
    try:
        from torch.backends import cuda
    except Exception:  # noqa: BLE001 - the line on torch says why
        return Check("attention", "broken", "unknown, for torch does not import")
    kernels = {
        "flash": cuda.flash_sdp_enabled(),
        "memory-efficient": cuda.mem_efficient_sdp_enabled(),
        "plain": cuda.math_sdp_enabled(),
    }
    allowed = ", ".join(name for name, on in kernels.items() if on)
    return Check("attention", "ok", f"sdpa ({allowed}) and eager come with torch")


def _check_flash_attention() -> Check:
    if find_spec("flash_attn") is None:
        return Check("flash-attn", "note", "not installed; torch's own attention is used")
    try:
        import flash_attn  # type: ignore[import-not-found,unused-ignore]
    except Exception as exc:  # noqa: BLE001 - a compiled package fails in its own ways
        fix = "Build it for this torch, or remove it: pip uninstall flash-attn"
        return Check("flash-attn", "broken", f"does not import ({type(exc).__name__})", fix)
    return Check("flash-attn", "ok", getattr(flash_attn, "__version__", "installed"))


def _check_quantisation() -> Check:
    from ..models.checkpoints.load_errors import missing_packages

    if missing := " and ".join(missing_packages(4)):
        return Check("quantisation", "note", f"bits=8 and bits=4 need {missing}, not installed")
    return Check("quantisation", "ok", f"bitsandbytes {version('bitsandbytes')}")


def _check_hub() -> Check:
    from huggingface_hub import constants

    from ..models.checkpoints.load_errors import hub_fault

    if constants.HF_HUB_OFFLINE:
        detail = "offline, for HF_HUB_OFFLINE is set; only downloaded models can be named"
        return Check("hub", "note", detail)
    if fault := hub_fault(_TIMEOUT):
        detail = f"{constants.ENDPOINT} cannot be reached ({fault})"
        return Check("hub", "note", detail, "Give folders and downloaded models, or go online")
    return Check("hub", "ok", constants.ENDPOINT)


def _check_downloads() -> Check:
    """Check that the hub's cache folder has room for another model."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE).expanduser()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    models = len([*folder.glob("models--*")])
    detail = f"{folder}, {models} models, {free / 2**30:.0f} GiB free"
    if free < _MIN_FREE:
        return Check("downloads", "note", detail, "Set HF_HOME to a folder with more room")
    return Check("downloads", "ok", detail)


def _check_plugins() -> Iterator[Check]:
    from ..models.families.auto import FamilyIndex, declared_types
    from ..plugin.manager import BLOCK, load_plugins

    plugins = load_plugins()
    for plugin in plugins:
        origin = f"{plugin.distribution} {plugin.version}".strip()
        if plugin.status == "broken":
            fix = f"Mend it, uninstall {plugin.distribution or 'it'}, or set {BLOCK}={plugin.name}"
            yield Check(f"plug-in {plugin.name}", "broken", f"{origin}: {plugin.reason}", fix)
        else:
            types = [kind for cls in plugin.strategies for kind in declared_types(cls)]
            reads = f", reads model_type {', '.join(types)}" if types else ""
            note = plugin.reason or f"{len(plugin.strategies)} strategies{reads}"
            yield Check(f"plug-in {plugin.name}", "ok", f"{origin}, {note}")
    families = FamilyIndex.of((cls, plugin.name) for plugin in plugins for cls in plugin.strategies)
    for model_type in families.contested():
        names = " and ".join(repr(plugin) for _, plugin in families.offers[model_type])
        detail = f"the plug-ins {names} both offer a family, so auto opens no such checkpoint"
        fix = f"Name the family in -m, uninstall one plug-in, or set {BLOCK}"
        yield Check(f"model_type {model_type}", "note", detail, fix)
