"""
Run the commands that the docs' figures come from, and write what they print into the pages.

A page has the command in a comment, and what it printed below, up to the next such comment:

    <!-- figures: visualcrop evaluate "shapes(count=120)" -m tiny-shapes -->
    ...
    <!-- end of figures -->

The command is a line of bash, run in the repository's root with its environment in the path.
`--only WORD` runs those whose page or command has the word, `--list` names them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

from visualcrop.utils.cores import name_processor

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/**/*.md", "plugins/*/README.md")
_BLOCK = re.compile(
    r"^<!-- figures: (?P<command>[^\n]+) -->\n.*?^<!-- end of figures -->$",
    re.MULTILINE | re.DOTALL,
)


@attrs.frozen
class Figures:
    """A block of a page that a command writes."""

    page: Path
    command: str

    @property
    def title(self) -> str:
        """The page and the command, on one line."""
        return f"{self.page.name}: {self.command}"


def main(arguments: list[str] | None = None) -> int:
    """Run the commands one after the other; 1 if one failed, whose block stays as it was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--only", default="", help="word of the page or the command")
    parser.add_argument("--list", action="store_true", help="name them, and run none")
    parser.add_argument("--root", type=Path, default=ROOT, help="of the repository")
    args = parser.parse_args(arguments)
    chosen = [each for each in find_figures(args.root) if args.only in each.title]
    failed = 0
    for number, figures in enumerate(chosen, 1):
        print(f"{number} of {len(chosen)}  {figures.title}", flush=True)
        if not args.list:
            failed += not write_figures(figures, args.root)
    return int(failed > 0)


def find_figures(root: Path) -> Iterator[Figures]:
    """All blocks of all pages, in order."""
    for page in (path for pattern in PAGES for path in sorted(root.glob(pattern))):
        for block in _BLOCK.finditer(page.read_text("utf-8")):
            yield Figures(page, block["command"])


def write_figures(figures: Figures, root: Path) -> bool:
    """Run a command and write what it printed, with machine and date; false if it failed."""
    path = os.pathsep.join([str(root / ".venv" / "bin"), os.environ.get("PATH", "")])
    done = subprocess.run(  # noqa: S603 - a command of this repository's own pages
        ["/bin/bash", "-euo", "pipefail", "-c", figures.command],
        cwd=root,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"it failed with {done.returncode}; the page stays as it was", file=sys.stderr)
        return False
    shown = f"{done.stdout.strip()}\n"
    if dt.datetime.now(tz=dt.UTC).date().isoformat() not in shown:  # some commands say it
        shown += f"\n{describe_run()}\n"

    def replace(block: re.Match[str]) -> str:
        if block["command"] != figures.command:
            return block[0]
        return f"<!-- figures: {figures.command} -->\n{shown}<!-- end of figures -->"

    text = figures.page.read_text("utf-8")
    figures.page.write_text(_BLOCK.sub(replace, text), "utf-8")
    return True


def describe_run() -> str:
    """Cores, processor and date, as they stand below figures."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    return f"({os.cpu_count()} cores, {name_processor()}, {today}.)"


if __name__ == "__main__":
    sys.exit(main())
