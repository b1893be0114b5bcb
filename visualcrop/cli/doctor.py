"""`visualcrop doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

from .options import AsJson, console, print_json

_MARKS = {"ok": "[green]ok[/]     ", "note": "[yellow]note[/]   ", "broken": "[red]broken[/] "}


def doctor(as_json: AsJson = False) -> None:
    """Examine the installation: packages, accelerator, attention, hub, plug-ins."""
    import attrs
    import typer

    from .checks import every_check

    checks = list(every_check())
    if as_json:
        print_json([attrs.asdict(check) for check in checks])
    else:
        from rich.markup import escape

        for check in checks:
            fix = f"\n        {check.fix}" if check.fix else ""
            said = escape(f"{check.subject}: {check.detail}{fix}")
            console().print(f"{_MARKS[check.state]} {said}")
    if any(check.state == "broken" for check in checks):
        raise typer.Exit(1)
