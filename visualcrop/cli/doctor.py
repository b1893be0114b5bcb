"""`visualcrop doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

from ..output.terminal import Styled
from .options import AsJson, console, print_json

_COLOURS = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(as_json: AsJson = False) -> None:
    """Examine the installation: packages, accelerator, attention, hub, plug-ins."""
    import attrs
    import typer

    from .checks import every_check

    checks = list(every_check())
    if as_json:
        print_json([attrs.asdict(check) for check in checks])
    else:
        out = console()
        for check in checks:
            mark = Styled(f"{check.state:7}", _COLOURS[check.state])
            out.print(mark, f" {check.subject}: {check.detail}")
            if check.fix:
                out.print(f"        {check.fix}")
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)
