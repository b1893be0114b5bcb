"""
Run a study of `benchmarks/studies` and print its tables: `python scripts/study_tables.py table-3`.

A study that was broken off goes on where it was; its answers are in `runs/`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
_RATIOS = "| method | best |"  # the table of efficiency, which the pages do not show


def main(arguments: list[str] | None = None) -> int:
    """Run the named study, and print its tables in Markdown."""
    studies = ROOT / "benchmarks" / "studies"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(path.stem for path in studies.glob("*.toml")))
    name = parser.parse_args(arguments).name
    study, out = studies / f"{name}.toml", ROOT / "runs" / name
    several = "study" in tomllib.loads(study.read_text("utf-8"))
    _visualcrop("reproduce" if several else "evaluate", str(study), "--out", str(out))
    runs = sorted(path.parent for path in out.glob("*/manifest.json")) if several else [out]
    for run in runs:
        _visualcrop("report", str(run), "--pages", "0")
        if several:
            print(f"### {run.name}\n")
        print("\n".join(_read_table(run)))
    return 0


def _visualcrop(*arguments: str) -> None:
    subprocess.run(["visualcrop", *arguments], cwd=ROOT, stdout=sys.stderr, check=True)  # noqa: S603, S607 - the command of this environment


def _read_table(run: Path) -> Iterator[str]:
    for line in (run / "report" / "summary.md").read_text("utf-8").splitlines():
        if line.startswith(_RATIOS):
            return
        yield line


if __name__ == "__main__":
    sys.exit(main())
