"""The first impression: `visualcrop` answers at once. Seconds are measured by `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from importlib.metadata import Distribution, entry_points
from pathlib import Path

import pytest

from visualcrop.plugin.manager import BLOCK, GROUP

_MODULES = (
    "import runpy, sys; sys.argv = ['visualcrop', *{words}];\n"
    "try: runpy.run_module('visualcrop', run_name='__main__')\n"
    "except SystemExit as end: assert not end.code, end.code\n"
    "print(*sys.modules, file=sys.stderr)"
)

# Each as its users have it, with what it imports itself; click is what typer was made of once.
_PLAIN = {"PIL", "annotated_doc", "attr", "attrs", "click", "numpy", "pluggy", "shellingham"}
_PLAIN |= {"typer", "typing_extensions"}
_TYPED = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}  # typer's
_SHOWN = {"markdown_it", "mdurl", "pygments", "rich"}  # pages of help, tables
_CHANCE = {"linkify_it", "uc_micro"}  # markdown_it imports them where another package needs them
_NEEDLESS = {  # of Python's own, what opens connections or processes, or takes long to import
    *("asyncio", "http", "multiprocessing", "sqlite3", "ssl", "unittest", "urllib.request", "xml"),
    *("rich.live", "rich.progress"),
    *("visualcrop.evaluation", "visualcrop.report", "visualcrop.testing"),
}


@cache
def _imported(*words: str) -> set[str]:
    """Modules that a command with these words leaves imported, without strangers' plug-ins."""
    installed = entry_points(group=GROUP)
    strangers = [each.name for each in installed if not (each.dist and _is_ours(each.dist))]
    done = subprocess.run(
        [sys.executable, "-c", _MODULES.format(words=words)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {BLOCK: " ".join(strangers)},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def _is_ours(distribution: Distribution) -> bool:
    return (Path(__file__).parents[2] / "plugins" / distribution.name).is_dir()


def _packages(modules: set[str]) -> set[str]:
    """Those that pip installed, without ours and without what an installer leaves behind."""
    tops = {name.partition(".")[0] for name in modules}
    return {
        name
        for name in tops - sys.stdlib_module_names - _CHANCE
        if not name.startswith(("visualcrop", "_", "sitecustomize", "usercustomize"))
    }


def _count(modules: set[str]) -> int:
    """Without Python's own, of which each release has more or fewer."""
    passed_over = sys.stdlib_module_names | _CHANCE
    return sum(name.partition(".")[0] not in passed_over for name in modules)


# Each part, of the core or of a plug-in, is a module that is imported to be named and explained.
@pytest.mark.parametrize(
    ("words", "allowed", "most"),
    [
        ("--version", _PLAIN, 320),
        ("--help", _PLAIN | _SHOWN, 549),
        ("strategies", _PLAIN | _TYPED | {"rich"}, 506),
        ("strategies --json", _PLAIN | _TYPED, 461),
        ("explain focus", _PLAIN | _TYPED | {"rich"}, 506),
        ("plugins", _PLAIN | _TYPED | {"rich"}, 506),
        ("ask --help", _PLAIN | _TYPED | _SHOWN, 601),
        ("evaluate --help", _PLAIN | _TYPED | _SHOWN, 601),
    ],
)
def test_what_only_tells_imports_little(words: str, allowed: set[str], most: int) -> None:
    """No package but those named, nothing needless of Python's or ours, and not many in all."""
    modules = _imported(*words.split())
    assert _packages(modules) <= allowed
    assert not modules & _NEEDLESS
    assert _count(modules) <= most


def test_what_is_imported_is_frozen() -> None:
    """The collector does not look it through again: that would take a fifth of `--help`."""
    frozen = "import atexit, gc; atexit.register(lambda: print('frozen', gc.get_freeze_count()))\n"
    code = frozen + _MODULES.format(words=("--version",))
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    (count,) = (line for line in done.stdout.splitlines() if line.startswith("frozen"))
    assert int(count.split()[1]) > 10_000


def test_the_version_needs_no_plugin() -> None:
    """None is imported for it."""
    assert not {name for name in _imported("--version") if name.startswith("visualcrop_")}


def test_the_package_imports_no_command_line() -> None:
    """`import visualcrop` brings numpy, Pillow, attrs and pluggy, and neither typer nor torch."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys, visualcrop; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    modules = set(done.stdout.split())
    assert _packages(modules) <= {"PIL", "attr", "attrs", "numpy", "pluggy", "typing_extensions"}
    assert not modules & _NEEDLESS
    assert _count(modules) <= 270
