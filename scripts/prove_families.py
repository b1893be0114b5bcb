"""
Prove all families on tiny random checkpoints, and write the table of docs/how-to/models.md.

    python scripts/prove_families.py            # all families: some minutes
    python scripts/prove_families.py qwen2-vl   # some of them; the other rows stay as they are
    python scripts/prove_families.py --print    # print the rows, write nothing

Each row says what was proven: see `tests/support/proofs.py`. A proof that fails ends the script.
"""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "models.md"
BEGIN, END = "<!-- proofs: begin -->", "<!-- proofs: end -->"
HEAD = (
    "| family | `model_type` | sizes | impulses | largest difference | FLOPs | searchers |\n"
    "|---|---|--:|--:|--:|--:|--:|"
)
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \|.*$", re.MULTILINE)


def main() -> int:
    """Prove what the arguments name, and write the rows."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    parser.add_argument("families", nargs="*")
    parser.add_argument("--print", action="store_true", help="write nothing")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.support.proofs import prove
    from tests.support.tiny.checkpoints import FAMILIES

    rows = read_rows(PAGE.read_text("utf-8"))
    for family in given.families or FAMILIES:
        rows[family] = prove(family).row
        print(rows[family], flush=True)
        if not given.print:
            ordered = [rows[family] for family in FAMILIES if family in rows]
            write(PAGE, "\n".join([HEAD, *ordered, "", describe()]))
    return 0


def read_rows(page: str) -> dict[str, str]:
    """The rows of the table in *page*, by family."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    return {row[1]: row[0] for row in _ROW.finditer(table)}


def describe() -> str:
    """Where and when the rows were measured."""
    import torch
    import transformers

    day = dt.datetime.now(dt.UTC).date()
    return (
        f"Written by `python scripts/prove_families.py` on {day}: {platform.machine()} CPU, "
        f"float32, PyTorch {torch.__version__.partition('+')[0]}, "
        f"transformers {transformers.__version__}."
    )


def write(page: Path, table: str) -> None:
    """Replace the table in *page*."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
