"""Networks whose layers are on several GPUs, by fake tensors; and what waits for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException

from tests.support.opened import about, opened
from tests.support.two_devices import FAR, NEAR, two_devices
from visualcrop import Capture
from visualcrop.models.engine import generation
from visualcrop.models.engine.batch import PackedBatch, PackedSequence, PaddedBatch
from visualcrop.models.engine.capture import gather_tensors
from visualcrop.models.engine.generation import choose_greedily, decode, make_chooser
from visualcrop.models.engine.kv_cache import DecodingState, cached_layers
from visualcrop.models.engine.metering.meter import Meter
from visualcrop.models.engine.prompting import TokenizedPrompt
from visualcrop.models.engine.runner import ModelRunner, extend, prefill
from visualcrop.prompt import Sampling
from visualcrop.relevance.vv import pseudo_attention

pytestmark = pytest.mark.torch
FAMILIES = ("llava", "gemma3")  # with full attention, and with sliding windows
EVERY = (0, 1, 2, 3)
NEW = 5


def text(tokens: int, sampling: Sampling | None = None) -> TokenizedPrompt:
    """A prompt of words alone, whose first three tokens are a prefix."""
    ids = {"input_ids": torch.zeros(1, tokens, dtype=torch.long)}
    return TokenizedPrompt(ids, "text", np.arange(3), {}, sampling=sampling)


def states(network: Any, lengths: Sequence[int]) -> list[DecodingState]:
    """The state after prompts of so many tokens."""
    runner_ = ModelRunner(network, Meter(network))
    return [state for n in lengths for state in runner_.prefill([text(n)])]


def test_two_devices_are_kept_apart() -> None:
    """What the other tests hold on to: tensors of both do not add up, and no number comes out."""
    with two_devices("llava") as network:
        near, far = (torch.empty(2, device=device) for device in (NEAR, FAR))
        with pytest.raises(RuntimeError, match=r"different devices|same device"):
            near + far
        with pytest.raises(DataDependentOutputException):
            near.sum().item()
        (state,) = states(network, [9])
        places = [keys.device for keys, _ in cached_layers(state.cache)]
        assert places == [NEAR, NEAR, FAR, FAR]
        assert state.next_logits.device == FAR


@pytest.mark.parametrize(
    ("family", "lengths", "sampling"),
    [
        ("llava", (9,), None),
        ("llava", (9, 7), Sampling(temperature=0.7, seed=0)),
        ("gemma3", (9, 7), None),
    ],
    ids=["one", "sampled", "windows"],
)
def test_decoding_waits_for_no_token(
    family: str, lengths: tuple[int, ...], sampling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All passes are begun before the first number is asked for, which is at the end."""
    passes = list[int]()

    def counted(*given: Any, **options: Any) -> DecodingState:
        passes.append(len(passes))
        return extend(*given, **options)

    monkeypatch.setattr(generation, "extend", counted)
    monkeypatch.setattr("visualcrop.models.engine.transfers.Flags.read", lambda self: ())
    with two_devices(family) as network, torch.no_grad():
        state = DecodingState.merge(states(network, lengths))
        choose = make_chooser([text(n, sampling) for n in lengths])
        with pytest.raises(DataDependentOutputException):
            decode(network, state, frozenset({1}), NEW, choose)
    assert len(passes) == NEW - 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reply_leaves_a_batch_on_both(family: str) -> None:
    """The rows of the others stay on the devices of their layers, and no number is asked for."""
    with two_devices(family) as network, torch.no_grad():
        state = DecodingState.merge(states(network, [9, 7, 8])).select([1, 2])
        after = extend(network, state, torch.zeros(2, 1, dtype=torch.long, device=FAR))
        places = [(keys.device, keys.shape[2]) for keys, _ in cached_layers(after.cache)]
        assert places == [(NEAR, 9), (NEAR, 9), (FAR, 9), (FAR, 9)]
        assert after.next_logits.device == FAR


@pytest.mark.parametrize("family", FAMILIES)
def test_captures_lie_with_their_layers_until_they_are_gathered(family: str) -> None:
    """Of whole prompts, and of several packed after one prefix; then a map can be made of them."""
    capture = Capture(values=EVERY, keys=EVERY, attention=EVERY)
    with two_devices(family) as network, torch.no_grad():
        runs = ModelRunner(network, Meter(network))
        ((whole, state),) = runs.capture([text(9)], capture, fill_cache=True)
        assert state is not None
        row = PackedSequence(state.truncate(3), [text(9), text(7)])
        packed = list(runs.capture_suffixes(PackedBatch([row]), capture))
        for found in (whole, *packed):
            for kind in ("values", "keys", "attention"):
                assert [found[kind][n].device for n in EVERY] == [NEAR, NEAR, FAR, FAR]
            gathered = gather_tensors(found["values"], NEAR)
            assert {tensor.device for tensor in gathered.values()} == {NEAR}
            first = np.arange(4).reshape(2, 2)
            assert pseudo_attention(gathered, np.array([5]), first, clip=False).device == NEAR


def test_suffixes_are_scored_over_prefixes_on_both() -> None:
    """Rows of several lengths over several prefixes, whose masks the layers fetch."""
    with two_devices("llava") as network, torch.no_grad():
        runs = ModelRunner(network, Meter(network))
        rows = [
            PackedSequence(state.truncate(n), [text(9), text(8)])
            for state, n in zip(states(network, [9, 8]), (3, 2), strict=True)
        ]
        logits = [first for first, *_ in runs.score_suffixes(PackedBatch(rows))]
    assert [each.device for each in logits] == [FAR] * 4


def test_a_model_hands_out_tensors_of_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it captures goes through the gathering, kind by kind."""
    gathered: list[torch.device] = []

    def gather(layers: Any, device: torch.device) -> dict[int, torch.Tensor]:
        gathered.append(device)
        return dict(layers)

    monkeypatch.setattr("visualcrop.models.huggingface.gather_tensors", gather)
    opened("llava").forward(
        [about("mug")], Capture(values=(0, 3), attention=(1,), span_attention=(2,))
    )
    assert len(gathered) == 4
    assert {*gathered} == {torch.device("cpu")}


class TestBehind:
    """Decoding that looks one pass behind whether all have stopped, as on a GPU."""

    @pytest.fixture(params=[0, 1], ids=["at once", "behind"])
    def behind(self, request: Any, monkeypatch: pytest.MonkeyPatch) -> int:
        """How many passes."""
        monkeypatch.setattr(generation, "passes_behind", lambda device: request.param)
        return int(request.param)

    @pytest.mark.parametrize("stop", range(4))
    def test_replies_are_the_same(self, behind: int, stop: int) -> None:
        """Whichever token ends which of two replies, each is run at most one more token."""
        network: Any = opened("llava").network
        ids = [torch.arange(20, 20 + n)[None] for n in (9, 7)]
        with torch.no_grad():
            made = [prefill(network, PaddedBatch.of(network, [{"input_ids": i}]))[0] for i in ids]
            state = DecodingState.merge(made)
            free = decode(network, state, frozenset(), 8, choose_greedily)
            ends = frozenset({free[0][stop], free[1][min(stop + 1, 7)]})
            meter = Meter(network)
            try:
                found = decode(network, state, ends, 8, choose_greedily)
            finally:
                meter.remove()
        cut = [next((n for n, t in enumerate(row) if t in ends), 8) for row in free]
        assert found == [row[:n] for row, n in zip(free, cut, strict=True)]
        assert meter.usage().decoded_tokens == sum(min(7, n + behind) for n in cut)
