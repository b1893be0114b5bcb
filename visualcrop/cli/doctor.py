"""`visualcrop doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import attrs

from .options import AsJson, console, print_json

_MARKS = {"ok": "[green]ok[/]     ", "note": "[yellow]note[/]   ", "broken": "[red]broken[/] "}


@attrs.frozen
class Check:
    """One line of the examination."""

    subject: str
    state: str  # ok, note or broken
    detail: str
    fix: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Examine the installation: packages, accelerator, attention kernel, plug-ins."""
    import typer

    checks = [*_packages(), _torchvision(), *_accelerator(), _flash(), *_plugins()]
    if as_json:
        print_json([attrs.asdict(check) for check in checks])
    else:
        from rich.markup import escape

        for check in checks:
            fix = f"\n        {check.fix}" if check.fix else ""
            console().print(
                f"{_MARKS[check.state]} {escape(f'{check.subject}: {check.detail}{fix}')}"
            )
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)


def _packages() -> Iterator[Check]:
    yield Check("python", "ok", sys.version.partition(" ")[0])
    for name in (
        "visualcrop",
        "torch",
        "transformers",
        "pillow",
        "numpy",
        "scipy",
        "pluggy",
        "attrs",
    ):
        try:
            yield Check(name, "ok", version(name))
        except PackageNotFoundError:
            yield Check(name, "broken", "not installed", f"Install it: pip install {name}")


def _torchvision() -> Check:
    if find_spec("torchvision") is None:
        return Check("torchvision", "ok", "not installed, and not needed")
    try:
        import torchvision  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except Exception as exc:  # noqa: BLE001 - it fails in many ways when it does not match torch
        reason = f"it does not match torch ({type(exc).__name__})"
        return Check("torchvision", "broken", reason, "Remove it: pip uninstall torchvision")
    return Check("torchvision", "ok", "installed, not needed")


def _accelerator() -> Iterator[Check]:
    try:
        import torch
    except Exception as exc:  # noqa: BLE001 - a broken torch is what this command is for
        yield Check(
            "torch", "broken", f"does not import ({exc})", "Install it again: pip install torch"
        )
        return
    if torch.cuda.is_available():
        device = torch.cuda.get_device_properties(0)
        yield Check("accelerator", "ok", f"{device.name}, {device.total_memory / 2**30:.0f} GiB")
    elif torch.backends.mps.is_available():
        yield Check("accelerator", "ok", "Apple GPU")
    else:
        detail = f"none; {torch.get_num_threads()} CPU threads will do the work"
        yield Check("accelerator", "note", detail)


def _flash() -> Check:
    if find_spec("flash_attn") is None:
        return Check("flash-attn", "note", "not installed; torch's own attention is used")
    try:
        import flash_attn  # type: ignore[import-not-found,unused-ignore]
    except Exception as exc:  # noqa: BLE001 - a compiled package fails in its own ways
        fix = "Build it for this torch, or remove it: pip uninstall flash-attn"
        return Check("flash-attn", "broken", f"does not import ({type(exc).__name__})", fix)
    return Check("flash-attn", "ok", getattr(flash_attn, "__version__", "installed"))


def _plugins() -> Iterator[Check]:
    from ..plugins import BLOCK, load_plugins

    for plugin in load_plugins():
        origin = f"{plugin.distribution} {plugin.version}".strip()
        if plugin.status == "broken":
            fix = f"Mend it, uninstall {plugin.distribution or 'it'}, or set {BLOCK}={plugin.name}"
            yield Check(f"plug-in {plugin.name}", "broken", f"{origin}: {plugin.reason}", fix)
        else:
            note = plugin.reason or f"{len(plugin.strategies)} strategies"
            yield Check(f"plug-in {plugin.name}", "ok", f"{origin}, {note}")
