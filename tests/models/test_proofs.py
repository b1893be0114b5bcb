"""Every family: its layout, its numbers and its costs are those of transformers itself."""

from __future__ import annotations

import runpy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import run
from tests.support.proofs import (
    SEARCHERS,
    Proof,
    count_tokens,
    differences,
    family_class,
    flop_ratio,
    impulses,
    prove,
    random_sizes,
    searched,
)
from tests.support.tiny.checkpoints import FAMILIES, checkpoint

pytestmark = pytest.mark.torch
ROOT = Path(__file__).parents[2]
GRIDDED = [family for family in FAMILIES if family_class(family).has_patches]
SAMPLED = {"glm4v", "mistral3", "paligemma"}  # whose numbers no other test compares
QUICK = "paligemma"  # whose row is measured again


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What `scripts/prove_families.py` defines."""
    return runpy.run_path(str(ROOT / "scripts" / "prove_families.py"))


@pytest.mark.parametrize("family", GRIDDED)
def test_layouts_count_as_processors_do(family: str) -> None:
    """Images of sixty sizes, thin ones among them; `make proofs` tries a thousand."""
    counted, wrong = count_tokens(family, random_sizes(60, seed=1))
    assert counted >= 10
    assert wrong == []


@pytest.mark.proof
@pytest.mark.parametrize("family", GRIDDED)
def test_layouts_count_as_processors_do_of_a_thousand_sizes(family: str) -> None:
    """Or of fewer, where a processor has to be given pixels."""
    _, wrong = count_tokens(family, random_sizes(1000))
    assert wrong == []


def sampled(families: Sequence[str]) -> list[Any]:
    """Families as parameters: all but a few are proofs."""
    marks = {family: () if family in SAMPLED else pytest.mark.proof for family in families}
    return [pytest.param(family, marks=marks[family]) for family in families]


@pytest.mark.parametrize("family", sampled(GRIDDED))
def test_logits_and_values_are_those_of_a_plain_forward(family: str) -> None:
    """One by one, over a remembered image, packed and in a batch, to 1e-4."""
    found = differences(family)
    assert max(found.values()) < 1e-4, found


@pytest.mark.proof
@pytest.mark.parametrize("family", GRIDDED)
def test_every_impulse_is_heard_in_its_own_cell(family: str) -> None:
    """Six shapes of images; the contract suite has them too."""
    found = list(impulses(family))
    assert len(found) >= 100
    assert all(found)


@pytest.mark.proof
@pytest.mark.parametrize("family", FAMILIES)
def test_every_searcher_answers(family: str) -> None:
    """With its defaults, on a checkpoint of every family."""
    assert list(searched(family)) == list(SEARCHERS)


@pytest.mark.parametrize("family", sampled(FAMILIES))
def test_explain_shows_the_defaults(family: str) -> None:
    """Of the paper's method for this checkpoint, opened by `auto`."""
    said, succeeded = run(f"visualcrop explain focus -m {checkpoint(family)}")
    assert succeeded, said
    assert "answer" in said


class TestTable:
    """The table in docs/how-to/models.md."""

    def test_lists_every_family(self, script: dict[str, Any]) -> None:
        """In the order in which families are offered, and no other."""
        rows = script["read_rows"](script["PAGE"].read_text("utf-8"))
        assert list(rows) == [family for family in FAMILIES if family in rows]
        assert set(rows) == set(FAMILIES)

    @pytest.mark.proof
    def test_a_row_is_measured_again(self, script: dict[str, Any]) -> None:
        """The counts are the same, and the difference is as small."""
        rows = script["read_rows"](script["PAGE"].read_text("utf-8"))
        cells, again = (_cells(row) for row in (rows[QUICK], prove(QUICK).row))
        assert again[:4] + again[5:] == cells[:4] + cells[5:]
        assert float(again[4]) < 1e-4 > float(cells[4])

    def test_numbers_of_a_row_are_measured_again(self, script: dict[str, Any]) -> None:
        """As many sizes, and the FLOPs of PyTorch."""
        cells = _cells(script["read_rows"](script["PAGE"].read_text("utf-8"))[QUICK])
        counted, wrong = count_tokens(QUICK, random_sizes(1000))
        assert wrong == []
        assert cells[2] == f"{counted} (published)"
        assert cells[5] == f"{flop_ratio(QUICK):.4f}"

    def test_a_row_says_what_was_found(self) -> None:
        """Sizes, impulses, the largest difference, the FLOPs of PyTorch, searchers."""
        proof = Proof("mine", ("mine_1", "mine_2"), "tiny", 24, 100, 1.26e-6, 1.00004, 4)
        assert _cells(proof.row) == [
            *("`mine`", "`mine_1`, `mine_2`", "24 (tiny)", "100", "1e-06", "1.0000", "4")
        ]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
