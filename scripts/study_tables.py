"""
Run a study of `benchmarks/studies` and print its tables: `python scripts/study_tables.py table-3`.

With `-m tiny-qwen` another model is asked than the study's. A study that was broken off goes on
where it was; its answers are in `runs/`.
"""

from __future__ import annotations

import argparse
import re
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
    parser.add_argument("-m", "--model", help="another model than the study's")
    args = parser.parse_args(arguments)
    study = studies / f"{args.name}.toml"
    out = ROOT / "runs" / "-".join(re.findall(r"[\w.]+", f"{args.name} {args.model or ''}"))
    other = ["--model", args.model] if args.model else []
    several = "study" in tomllib.loads(study.read_text("utf-8"))
    _visualcrop("reproduce" if several else "evaluate", str(study), "--out", str(out), *other)
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
