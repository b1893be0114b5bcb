"""What holds for every model family."""

from __future__ import annotations

from typing import ClassVar

import pytest

from ..errors import ModelError
from ..models.base import Capture, ModelFamily
from ..prompt import Prompt
from .bench import Bench
from .strategy_suite import StrategySuite


def _prompts() -> list[Prompt]:
    bench = Bench.set_up()
    text = "Is there a {target} in the image?"
    return [Prompt.fill(bench.whole, text, target=word) for word in ("mug", "green coin")]


class ModelFamilySuite(StrategySuite):
    """Set `strategy` to a model family that opens without downloading anything."""

    strategy: ClassVar[type[ModelFamily]]

    def family(self) -> ModelFamily:
        """What is opened; override it to name a checkpoint."""
        return self.strategy()

    def test_each_cell_has_a_token_of_its_own(self) -> None:
        """Patches name distinct tokens of the sequence, none of them a marked word."""
        self._skip_without_patches()
        (seen,) = self.family().open().forward(_prompts()[:1])
        (patches,) = seen.patches
        assert patches.tokens.shape == patches.grid.shape
        tokens = set(patches.tokens.ravel().tolist())
        assert len(tokens) == patches.tokens.size
        assert not tokens & set(seen.spans["target"].tolist())

    def test_captures_the_layers_asked_for(self) -> None:
        """Heads x tokens x width for each layer, and nothing that was not asked for."""
        self._skip_without_patches()
        model = self.family().open()
        layers = model.info.span(None)
        (seen,) = model.forward(_prompts()[:1], Capture(values=layers))
        assert tuple(seen.values) == layers
        assert {values.ndim for values in seen.values.values()} == {3}
        assert seen.patches[0].tokens.max() < seen.values[layers[0]].shape[1]
        assert not {**seen.keys, **seen.attention, **seen.gradients}

    def test_two_words_are_marked(self) -> None:
        """Every token of the target is found, by its place in the prompt."""
        self._skip_without_patches()
        one, two = self.family().open().forward(_prompts())
        assert len(two.spans["target"]) > 0
        assert len(one.spans["target"]) > 0

    def test_together_as_alone(self) -> None:
        """Neither a batch nor what was asked before changes an answer."""
        model = self.family().open()
        together = model.choose(_prompts(), ("Yes", "No"))
        if self.strategy.has_patches:
            model.forward(_prompts(), Capture(values=model.info.span(None)))
        alone = [self.family().open().choose([p], ("Yes", "No"))[0] for p in _prompts()]
        assert [c.best for c in together] == [c.best for c in alone]

    def test_counts_its_passes(self) -> None:
        """One for each prompt read; by sentence, one for each choice, with or without its end."""
        model, prompts = self.family().open(), _prompts()
        if self.strategy.has_patches:
            model.forward(prompts)
        model.generate(prompts, max_new_tokens=2)
        model.choose(prompts, ("Yes", "No"))
        model.choose(prompts, ("red", "blue", "green"), by="sentence")
        model.choose(prompts, ("red", "blue", "green"), by="sentence", end_token=True)
        assert model.passes == (2 if self.strategy.has_patches else 0) + 2 + 2 + 6 + 6

    def test_says_whether_it_has_patches(self) -> None:
        """One whose image tokens have no position refuses to give any, in one sentence."""
        if not self.strategy.has_patches:
            with pytest.raises(ModelError):
                self.family().open().forward(_prompts())

    def _skip_without_patches(self) -> None:
        if not self.strategy.has_patches:
            pytest.skip(f"the image tokens of {self.strategy.name} have no position in the image")
