"""The toy model reads, chooses, replies, and counts its own passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from visualcrop import Capture, Prompt
from visualcrop.models.toy import Toy
from visualcrop.models.toy.model import ToyModel
from visualcrop.testing import Bench


def _prompt(target: str = "red mug") -> Prompt:
    return Prompt.fill("Look:", Bench.set_up().whole, "Is there a {target} here?", target=target)


class TestRead:
    """One prompt's pass, seen from inside."""

    def test_lays_text_and_views_out_in_order(self) -> None:
        """A token to begin with, one per word, one per cell; spans and patches say which."""
        (seen,) = ToyModel().forward([_prompt()])
        (patches,) = seen.patches
        assert patches.tokens[0, 0] == 1 + 2  # after <begin>, Look, :
        assert patches.tokens.shape == (36, 36)
        last = int(patches.tokens[-1, -1])
        assert seen.spans["target"].tolist() == [last + 4, last + 5]  # Is there a red mug
        assert seen.usage.new_tokens == last + 1 + 7

    def test_local_cells_are_finer(self) -> None:
        """With local cells there are twice as many on a side, and they say so."""
        (seen,) = ToyModel(local=True).forward([_prompt()])
        assert seen.patches[0].tokens.shape == (72, 72)
        assert seen.patches[0].local

    def test_keeps_what_is_asked_for(self) -> None:
        """Heads x tokens x width of the layers named, and an attention row that sums to one."""
        capture = Capture(values=(1, 3), keys=(2,), attention=(0,))
        (seen,) = ToyModel().forward([_prompt()], capture)
        tokens = seen.usage.new_tokens
        assert {layer: x.shape for layer, x in seen.values.items()} == dict.fromkeys(
            (1, 3), (2, tokens, 16)
        )
        assert seen.attention[0].shape == (2, tokens)
        assert seen.attention[0].sum(-1).tolist() == pytest.approx([1, 1])

    def test_rotary_turns_keys(self) -> None:
        """Keys with and without positions differ, and the first token's do not."""
        (plain,) = ToyModel().forward([_prompt()], Capture(keys=(2,), rotary=False))
        (turned,) = ToyModel().forward([_prompt()], Capture(keys=(2,)))
        assert not torch.equal(plain.keys[2], turned.keys[2])
        assert torch.equal(plain.keys[2][:, 0], turned.keys[2][:, 0])

    def test_together_as_alone(self) -> None:
        """What else is read, before or beside, changes no number."""
        prompts, capture = [_prompt(), _prompt("green coin")], Capture(values=(3,))
        together = ToyModel().forward(prompts, capture)
        alone = [ToyModel().forward([prompt], capture)[0] for prompt in prompts]
        for one, other in zip(together, alone, strict=True):
            assert torch.equal(one.values[3], other.values[3])
            assert np.array_equal(one.spans["target"], other.spans["target"])


class TestGenerate:
    """Replies."""

    def test_stops_at_the_limit(self) -> None:
        """No more words than tokens allowed."""
        prompt = Prompt(("Question: Is the mug red?",))
        (short,) = ToyModel().generate([prompt], max_new_tokens=3)
        assert short.text == "To answer the"


class TestToy:
    """The recipe."""

    def test_opens_a_model_of_its_own(self) -> None:
        """Each opening counts from zero, with the cells that the recipe says."""
        one, other = Toy(local=True).open(), Toy().open()
        one.forward([_prompt()])
        assert (one.passes, other.passes) == (1, 0)
        assert one.forward([_prompt()])[0].patches[0].local

    def test_settings_follow_the_cells(self) -> None:
        """With local cells, text boxes suit `focus`; without, nothing is to be changed."""
        assert Toy().settings() == {}
        assert Toy(local=True).settings() == {"focus": {"answer": "text-boxes", "t_type2": 0.5}}
