"""A suite runs for a package that somebody else wrote, and shows what failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MODULE = '''"""The first word of a question as its target."""

from __future__ import annotations

import attrs

from visualcrop import BudgetedModel, Question, Target
from visualcrop.errors import PluginError
from visualcrop.plugin import Strategy, TargetExtractor, hookimpl, option


@attrs.frozen
class FirstWord(TargetExtractor):
    """Look for the first word of the question. No pass."""

    name = "first-word"

    times: int = option({times}, help="how often the word is returned")

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        if self.times < 0:
            raise PluginError("The option times is negative; give a number from 0 up.")
        return (Target(question.text.split()[0]),) * self.times


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    return [FirstWord]
'''
TEST = '''"""The extractor keeps the contract of its kind."""

from acme_words import FirstWord
from visualcrop.testing import TargetExtractorSuite


class TestFirstWord(TargetExtractorSuite):
    """Nothing to add."""

    strategy = FirstWord
'''


def run_suite(folder: Path, *, times: int) -> subprocess.CompletedProcess[str]:
    """Run pytest on a package that lies in *folder* as if it were installed."""
    (folder / "acme_words.py").write_text(MODULE.format(times=times), "utf-8")
    (folder / "test_acme_words.py").write_text(TEST, "utf-8")
    metadata = folder / "acme_words-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-words\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[visualcrop]\nfirst-word = acme_words\n")
    plain = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-c", os.devnull)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plain, "--rootdir", str(folder), str(folder)],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
        text=True,
    )


def test_errors_may_be_imported(tmp_path: Path) -> None:
    """A package that imports `visualcrop.errors`, as the pages do, passes its suite."""
    done = run_suite(tmp_path, times=1)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failure_shows_what_was_compared(tmp_path: Path) -> None:
    """The assert of an inherited test is taken apart, as those of one's own tests are."""
    done = run_suite(tmp_path, times=2)

    assert done.returncode == 1
    assert "assert 1 == 2" in done.stdout
    assert "len((Target(text='What'" in done.stdout.replace("\n", "")
