"""Where the files of reproductions lie: those of the paper's tables come along."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import EvaluationError
from ...utils.paths import expand_path
from ..study_toml import load_toml

_HERE = Path(__file__).parent
# In a wheel they lie in this package, where pyproject.toml puts them; in a checkout, where they are
# written.
_PLACES = (_HERE / "tables", _HERE.parents[2] / "benchmarks" / "studies" / "paper")
_NAMED = re.compile(r"table-([1-9][0-9]?)\.toml")


def find_tables() -> dict[int, Path]:
    """Files of the paper's tables, by the table's number."""
    folder = next((place for place in _PLACES if place.is_dir()), None)
    named = {path: _NAMED.fullmatch(path.name) for path in folder.iterdir()} if folder else {}
    found = {int(match[1]): path for path, match in named.items() if match}
    return dict(sorted(found.items()))


def find_file(text: str) -> Path:
    """The file that *text* names: the number of one of the paper's tables, or a path."""
    if text.endswith(".toml"):
        return expand_path(text)
    tables = find_tables()
    by_text = {str(number): path for number, path in tables.items()}
    if text not in by_text:
        known = ", ".join(map(str, tables)) or "none"
        raise EvaluationError(
            f"There is no reproduction {text[:50]!r}; give the number of a table that has one "
            f"({known}), or the path of a TOML file."
        )
    return by_text[text]


def named_in_tables(kind: str) -> dict[str, set[str]]:
    """What names of *kind* (`models`, `datasets`) stand for: plug-ins or checkpoints."""
    found: dict[str, set[str]] = {}
    for path in find_tables().values():
        for name, source in load_toml(path).get(kind, {}).items():
            spec = source if isinstance(source, str) else source["spec"]
            found.setdefault(name, set()).add(spec.partition("(")[0])
    return found


def default_folder(path: Path) -> Path:
    """Where the runs of a reproduction lie if the caller says nothing: runs/table-10."""
    return Path("runs") / path.stem
