"""Weights of layers from the command line."""

from __future__ import annotations

import pytest

from visualcrop import BudgetedModel, Ledger, VisualSearch, Vv
from visualcrop.models.toy.model import ToyModel
from visualcrop_maps import LayerWeights
from visualcrop_maps.__main__ import main


def test_learns_from_a_dataset(tmp_path, capsys) -> None:
    """A file that fits the model and the source, and a line that says what it holds."""
    path = tmp_path / "weights.json"
    assert main(["toy(scenes=2)", "-m", "toy", "-o", str(path)]) == 0
    learned = LayerWeights.read(path)
    learned.check_for(Vv(), BudgetedModel(VisualSearch.open("toy").model, Ledger()))
    assert tuple(learned.weights) == ToyModel().info.kv_layers
    assert (
        f"{len(learned.weights)} layers of toy, {learned.items} things" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["-r", "random"], "random has no layers; take vv, kk-norope or attention."),
        (["-r", "nothing"], "no relevance is called 'nothing'"),
        (["-m", "nothing"], "no model is called 'nothing'"),
    ],
)
def test_says_what_is_wrong(tmp_path, capsys, more, said) -> None:
    """One sentence, the exit code of a wrong argument, and no file."""
    path = tmp_path / "weights.json"
    with pytest.raises(SystemExit) as stopped:
        main(["toy(scenes=1)", "-m", "toy", "-o", str(path), *more])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
    assert not path.exists()
