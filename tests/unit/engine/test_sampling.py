"""Words are drawn as a prompt's sampling says, and by chances of its own."""

from __future__ import annotations

from collections import Counter

import attrs
import numpy as np
import pytest
import torch

from visualcrop import Sampling
from visualcrop.errors import SpecError
from visualcrop.models.engine.generation import choose_greedily, make_chooser
from visualcrop.models.engine.prompting import TokenizedPrompt

TOKENS = range(20)  # of a reply
LOGITS = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()[None]


def asked(sampling: Sampling | None, text: str = "What?") -> TokenizedPrompt:
    """A prompt of which only the words matter."""
    return TokenizedPrompt({}, text, np.empty(0, np.intp), {}, (), sampling)


def drawn(sampling: Sampling, times: int = 4000) -> Counter[int]:
    """How often each token is drawn."""
    choose = make_chooser([asked(sampling)])
    return Counter(int(choose(LOGITS, [0])) for _ in range(times))


class TestDraw:
    def test_follows_the_probabilities(self):
        """Each token comes about as often as it is likely."""
        counts = drawn(Sampling())
        assert [counts[n] / 4000 for n in range(4)] == pytest.approx(
            [0.5, 0.3, 0.15, 0.05], abs=0.03
        )

    def test_temperature_sharpens(self):
        """At a half, probabilities are squared."""
        counts, squares = drawn(Sampling(0.5)), np.array([0.25, 0.09, 0.0225, 0.0025])
        expected = (squares / squares.sum()).tolist()
        assert [counts[n] / 4000 for n in range(4)] == pytest.approx(expected, abs=0.03)

    @pytest.mark.parametrize(("top_p", "kept"), [(0.4, 1), (0.7, 2), (0.9, 3), (1.0, 4)])
    def test_only_the_likeliest_are_drawn(self, top_p: float, kept: int):
        """As many as it takes for their probabilities to sum up to `top_p`."""
        assert set(drawn(Sampling(top_p=top_p))) == set(range(kept))

    def test_a_prompt_has_chances_of_its_own(self):
        """They hang on seed and words, and not on who is asked beside it."""
        one, other = asked(Sampling(2.0)), asked(Sampling(2.0, seed=1), "Where?")
        alone, together = make_chooser([one]), make_chooser([asked(None), other, one])
        rows = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
        runs = [
            (int(alone(rows[2:], [0])), together(rows, range(3))[:, 0].tolist()) for _ in range(20)
        ]
        assert all(first == many[2] for first, many in runs)
        assert all(many[0] == int(rows[0].argmax()) for _, many in runs)
        assert len({first for first, _ in runs}) > 5

    @pytest.mark.parametrize("changed", [{"seed": 1}, {}])
    def test_the_seed_decides(self, changed: dict[str, int]):
        """The same seed draws the same, another one something else."""
        rows = torch.zeros(1, 1000)
        first = make_chooser([asked(Sampling())])(rows, [0])
        again = make_chooser([asked(attrs.evolve(Sampling(), **changed))])(rows, [0])
        assert (int(first) == int(again)) == (not changed)

    def test_without_sampling_the_likeliest(self):
        """Nothing is drawn where nothing is asked to be."""
        assert make_chooser([asked(None)]) is choose_greedily
        assert int(choose_greedily(LOGITS)) == 0


@pytest.mark.parametrize("wrong", [(0, 1), (-1, 1), (float("nan"), 1), (1, 0), (1, 1.5)])
def test_what_cannot_be_drawn(wrong: tuple[float, float]):
    """A temperature and a share that make no sense are refused in a sentence."""
    with pytest.raises(SpecError, match="Words cannot be drawn at temperature"):
        Sampling(*wrong)
