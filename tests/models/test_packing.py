"""Prompts that are read side by side are read as if each were alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import attrs
import pytest
from torch import Tensor

from tests.support.alike import EVERY, asked, assert_alike, internals, plain, remembering
from tests.support.opened import GRIDDED, about, opened
from tests.support.tiny.checkpoints import checkpoint
from tests.support.tiny.configs import having
from visualcrop import Capture, ModelFamily, Prompt
from visualcrop.models import Usage
from visualcrop.models.base import By
from visualcrop.models.engine import planner
from visualcrop.models.engine.decoder import get_decoder
from visualcrop.models.huggingface import HuggingFaceModel, split_usage
from visualcrop.plugin import Registry

pytestmark = pytest.mark.torch
CHOICES = ("red", "The key is left of the mug.", "No", "blue key")
INTERNALS = Capture(values=EVERY, keys=EVERY, attention=EVERY)
DEEP = attrs.evolve(INTERNALS, rotary=False, gradients=EVERY)


def weighed(
    model: HuggingFaceModel, prompts: Sequence[Prompt], by: By = "next-token"
) -> list[tuple[float, ...]]:
    """Logits of the choices for each prompt."""
    return [choice.logits for choice in model.choose(prompts, CHOICES, by=by)]


@cache
def weighed_alone(family: str, by: By) -> list[tuple[float, ...]]:
    """As above, each read on its own and from its start."""
    return [logits for prompt in asked() for logits in weighed(plain(family), [prompt], by)]


@cache
def internals_alone(family: str, capture: Capture) -> list[list[Tensor]]:
    """As above, what was captured."""
    capture = having(family, capture)
    return [internals(plain(family).forward([prompt], capture)[0]) for prompt in asked()]


@pytest.mark.parametrize("family", GRIDDED)
class TestPacked:
    """All in one call, of every family with a token grid."""

    @pytest.mark.parametrize("attention", ["sdpa", "eager", "blocks"])
    @pytest.mark.parametrize("by", ["next-token", "sentence"])
    def test_choices_are_those_of_each_alone(self, family: str, by: By, attention: str) -> None:
        """Under the kernels that take a mask for each pair of tokens."""
        together = weighed(remembering(family, attention=attention), asked(), by)
        assert_alike(together, weighed_alone(family, by))

    @pytest.mark.parametrize("by", ["next-token", "sentence"])
    def test_other_kernels_read_one_by_one(
        self, family: str, by: By, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As flash attention would have to."""
        monkeypatch.setattr(planner, "takes_packed_masks", lambda model: False)
        assert_alike(weighed(remembering(family), asked(), by), weighed_alone(family, by))

    @pytest.mark.parametrize("packs", [True, False])
    @pytest.mark.parametrize("capture", [INTERNALS, DEEP], ids=["cached", "deep"])
    def test_internals_are_those_of_each_alone(
        self, family: str, capture: Capture, packs: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Values, keys, attention of the last token, and its gradients, of every layer."""
        monkeypatch.setattr(planner, "takes_packed_masks", lambda model: packs)
        together = remembering(family).forward(asked(), having(family, capture))
        assert_alike([*map(internals, together)], internals_alone(family, capture))

    def test_long_rows_are_broken(self, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """No longer than is good, they are more, and the answers the same."""
        model = remembering(family)
        longest = max(
            p.length - p.prefix_length
            for p in map(model.prompt_processor.tokenize, asked())
            if p.prefix_length
        )
        monkeypatch.setattr(planner, "MAX_ROW_TOKENS", longest + 1)
        assert_alike(weighed(model, asked()), weighed_alone(family, "next-token"))

    @pytest.mark.parametrize("by", ["next-token", "sentence"])
    def test_takes_one_pass_for_all(
        self, family: str, by: By, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One for what they share, and one for their ends and all that may be replied."""
        monkeypatch.setattr(planner.BatchPlanner, "_weight_bytes", 1 << 30)
        model = remembering(family)
        calls, passes = model.meter.calls, model.passes
        model.choose([about("mug"), about("red key"), about("bike")], CHOICES, by=by)
        assert model.meter.calls - calls == 2
        assert model.passes - passes == 3 * (len(CHOICES) if by == "sentence" else 1)

    def test_work_is_shared_to_the_last_token(self, family: str) -> None:
        """What the answers took is what the meter saw."""
        model = remembering(family)
        before = model.meter.usage()
        told = sum((c.usage for c in model.choose(asked(), CHOICES, by="sentence")), Usage())
        told += sum((r.usage for r in model.forward(asked(), having(family, INTERNALS))), Usage())
        after = model.meter.usage()
        assert told.new_tokens == after.new_tokens - before.new_tokens
        assert told.reused_tokens == after.reused_tokens - before.reused_tokens
        assert told.flops == after.flops - before.flops
        assert told.seconds == pytest.approx(after.seconds - before.seconds)


def test_windows_are_kept_where_all_layers_have_one() -> None:
    """As the first Mistral had: no layer types, but a window."""
    spec = f'llava-next(checkpoint="{checkpoint("llava-next")}", memory={{}})'
    models = [Registry.load().build(ModelFamily, spec.format(m)).open() for m in (1 << 30, 0)]
    for model in models:
        assert isinstance(model, HuggingFaceModel)
        get_decoder(model.network).config.sliding_window = 16
    prompts = [about("mug"), about("a red key")]
    packed, alone = ([c.logits for c in m.choose(prompts, CHOICES)] for m in models)
    assert_alike(packed, alone)
    wide = [choice.logits for choice in opened("llava-next").choose(prompts, CHOICES)]
    assert packed[0] != pytest.approx(wide[0], abs=1e-3)


def test_shares_are_by_weight() -> None:
    """Whole numbers stay whole and lose nothing; memory is nobody's own."""
    usage = Usage(10, 7, 1, 1001.0, 6.0, 99)
    shares = list(split_usage(usage, [1, 1, 2]))
    assert sum(shares, Usage()) == usage
    assert [share.seconds for share in shares] == [1.5, 1.5, 3.0]
    assert [share.new_tokens for share in shares] == [2, 3, 5]
    assert {share.peak_bytes for share in shares} == {99}
